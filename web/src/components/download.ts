/** Saves text as a file on the reader's machine. */
export function saveText(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const cell = (s: string) => (/[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);

/** Rows as a .csv: no byte order mark, CRLF. */
export function csv(rows: string[][]): string {
  return rows.map((r) => r.map(cell).join(",") + "\r\n").join("");
}
