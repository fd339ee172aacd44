// CRC-32 (IEEE) of blobs, eight bytes a step.
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  (tables[0] as Uint32Array)[n] = c;
}
for (let i = 1; i < 8; i++) {
  for (let n = 0; n < 256; n++) {
    const before = tables[i - 1]?.[n] ?? 0;
    (tables[i] as Uint32Array)[n] = (before >>> 8) ^ (tables[0]?.[before & 255] ?? 0);
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
const at = (t: Uint32Array, i: number) => t[i] as number;

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  let i = 0;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (; i + 8 <= bytes.length; i += 8) {
    const a = (words.getUint32(i, true) ^ c) >>> 0;
    const b = words.getUint32(i + 4, true);
    c =
      at(t7, a & 255) ^ at(t6, (a >>> 8) & 255) ^ at(t5, (a >>> 16) & 255) ^ at(t4, a >>> 24) ^
      at(t3, b & 255) ^ at(t2, (b >>> 8) & 255) ^ at(t1, (b >>> 16) & 255) ^ at(t0, b >>> 24);
  }
  for (; i < bytes.length; i++) c = at(t0, (c ^ (bytes[i] as number)) & 255) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

self.onmessage = async (e: MessageEvent<{ id: number; piece: Blob }>) => {
  try {
    const c = crc32(new Uint8Array(await e.data.piece.arrayBuffer()));
    self.postMessage({ id: e.data.id, sum: btoa(String.fromCharCode(c >>> 24, (c >>> 16) & 255, (c >>> 8) & 255, c & 255)) });
  } catch (err) {
    self.postMessage({ id: e.data.id, error: String(err) });
  }
};
