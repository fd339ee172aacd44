// Multipart uploads that have begun: what is needed to go on with them after the
// page was closed. Nothing here is secret.
export interface Pending {
  uploadId: string;
  region: string;
  bucket: string;
  key: string;
  name: string;
  size: number;
  lastModified: number;
  partSize: number;
}

const item = "keyhaven.uploads";

export function stored(): Pending[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(item) ?? "[]");
    return Array.isArray(all) ? (all as Pending[]) : [];
  } catch {
    return [];
  }
}

export function remember(p: Pending): void {
  localStorage.setItem(item, JSON.stringify([...stored().filter((o) => o.uploadId !== p.uploadId), p]));
}

export function forget(uploadId: string): void {
  localStorage.setItem(item, JSON.stringify(stored().filter((o) => o.uploadId !== uploadId)));
}

export function pickUp(to: { region: string; bucket: string; key: string }, file: File, uploadId: string, partSize: number): Pending {
  return { uploadId, region: to.region, bucket: to.bucket, key: to.key, name: file.name, size: file.size, lastModified: file.lastModified, partSize };
}
