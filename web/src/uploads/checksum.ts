let worker: Worker | undefined;
let serial = 0;
const waiting = new Map<number, { ok: (sum: string) => void; bad: (err: Error) => void }>();

/**
 * The CRC-32 of a piece of a file in base64, as S3 wants it. A worker reads the
 * piece, so that the page stays quick and holds none of it.
 */
export function crc32(piece: Blob): Promise<string> {
  if (!worker) {
    worker = new Worker(new URL("./crc32.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (e: MessageEvent<{ id: number; sum?: string; error?: string }>) => {
      const w = waiting.get(e.data.id);
      waiting.delete(e.data.id);
      if (e.data.sum !== undefined) w?.ok(e.data.sum);
      else w?.bad(new Error(e.data.error));
    };
  }
  const id = ++serial;
  const out = new Promise<string>((ok, bad) => waiting.set(id, { ok, bad }));
  worker.postMessage({ id, piece });
  return out;
}
