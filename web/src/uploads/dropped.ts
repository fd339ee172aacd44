/** The files of a drop, directories walked, each with its path below what was dropped. */
export async function dropped(data: DataTransfer): Promise<{ path: string; file: File }[]> {
  // Both are asked for before anything is awaited: then the items are gone.
  const items = [...data.items].filter((i) => i.kind === "file").map((i) => ({ entry: i.webkitGetAsEntry(), file: i.getAsFile() }));
  const out: { path: string; file: File }[] = [];
  for (const { entry, file } of items) {
    if (entry) await walk(entry, "", out);
    else if (file) out.push({ path: file.name, file });
  }
  return out;
}

async function walk(entry: FileSystemEntry, below: string, out: { path: string; file: File }[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((ok, bad) => (entry as FileSystemFileEntry).file(ok, bad));
    out.push({ path: below + entry.name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((ok, bad) => reader.readEntries(ok, bad));
    if (some.length === 0) return;
    for (const e of some) await walk(e, `${below}${entry.name}/`, out);
  }
}
