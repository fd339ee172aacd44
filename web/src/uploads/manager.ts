import type { CompletedPart, Part } from "../aws/s3";
import { s3 } from "../aws/s3";
import { crc32 } from "./checksum";
import { pickUp, forget, type Pending, remember, stored } from "./pending";

export type UploadState = "waiting" | "running" | "paused" | "done" | "failed" | "interrupted";

export interface Upload {
  id: string;
  region: string;
  bucket: string;
  key: string;
  size: number;
  sent: number;
  state: UploadState;
  error?: unknown;
}

interface Job extends Upload {
  file?: File;
  pending?: Pending;
  abort?: AbortController;
}

const partSize = 8 << 20; // bytes; larger for files of more than 9 000 parts
const filesAtOnce = 4;
const partsAtOnce = 4;
const tries = 12; // with growing pauses: about a minute, enough for a restart

let jobs: Job[] = stored().map(interrupted);
let view: readonly Upload[] = jobs;
let serial = 0;
const watchers = new Set<() => void>();
const finished = new Set<(bucket: string) => void>();

function interrupted(p: Pending): Job {
  return { id: p.uploadId, region: p.region, bucket: p.bucket, key: p.key, size: p.size, sent: 0, state: "interrupted", pending: p };
}

function changed(): void {
  view = [...jobs];
  for (const w of watchers) w();
}

function set(job: Job, change: Partial<Job>): void {
  Object.assign(job, change);
  jobs = jobs.map((j) => (j.id === job.id ? job : j));
  changed();
}

export const uploads = {
  watch(w: () => void): () => void {
    watchers.add(w);
    return () => watchers.delete(w);
  },
  list: (): readonly Upload[] => view,
  /** Calls fn whenever uploads to a bucket have come to an end. */
  onFinished(fn: (bucket: string) => void): () => void {
    finished.add(fn);
    return () => finished.delete(fn);
  },
  add(region: string, bucket: string, files: { key: string; file: File }[]): void {
    jobs = [...jobs, ...files.map(({ key, file }): Job => ({ id: `u${++serial}`, region, bucket, key, size: file.size, sent: 0, state: "waiting", file }))];
    changed();
    pump();
  },
  pause(id: string): void {
    const job = jobs.find((j) => j.id === id);
    if (!job || (job.state !== "running" && job.state !== "waiting")) return;
    set(job, { state: "paused" });
    job.abort?.abort();
    pump();
  },
  /** Goes on with what was paused, has failed, or was interrupted: then the file must be chosen again. */
  resume(id: string, file?: File): boolean {
    const job = jobs.find((j) => j.id === id);
    if (!job) return false;
    if (file) {
      const p = job.pending;
      if (p && (p.size !== file.size || p.name !== file.name || p.lastModified !== file.lastModified)) return false;
      job.file = file;
    }
    if (!job.file) return false;
    set(job, { state: "waiting", error: undefined });
    pump();
    return true;
  },
  async cancel(id: string): Promise<void> {
    const job = jobs.find((j) => j.id === id);
    if (!job) return;
    job.state = "paused";
    job.abort?.abort();
    jobs = jobs.filter((j) => j.id !== id);
    changed();
    pump();
    if (job.pending) {
      forget(job.pending.uploadId);
      await s3(job.region, "AbortMultipartUpload", { Bucket: job.bucket, Key: job.key, UploadId: job.pending.uploadId });
    }
  },
  clear(): void {
    jobs = jobs.filter((j) => j.state !== "done");
    changed();
  },
};

function pump(): void {
  while (jobs.filter((j) => j.state === "running").length < filesAtOnce) {
    const next = jobs.find((j) => j.state === "waiting");
    if (!next) return;
    void run(next);
  }
}

async function run(job: Job): Promise<void> {
  job.abort = new AbortController();
  set(job, { state: "running" });
  try {
    if (!job.file) throw new Error("the file is gone");
    if (job.file.size <= partSize) await whole(job, job.file);
    else await inParts(job, job.file);
    set(job, { state: "done", sent: job.size, file: undefined, pending: undefined });
  } catch (error) {
    job.abort.abort(); // of the parts that are still under way
    if (job.state === "running") {
      if (job.pending && error instanceof Error && error.name === "NoSuchUpload") {
        forget(job.pending.uploadId); // it expired: another try begins anew
        job.pending = undefined;
      }
      set(job, { state: "failed", error });
    }
  }
  pump();
  if (!jobs.some((j) => j.bucket === job.bucket && (j.state === "running" || j.state === "waiting"))) {
    for (const f of finished) f(job.bucket);
  }
}

async function whole(job: Job, file: File): Promise<void> {
  const ChecksumCRC32 = await crc32(file);
  await again(job, () =>
    s3(job.region, "PutObject", { Bucket: job.bucket, Key: job.key, Body: file, ContentType: file.type || undefined, ChecksumCRC32 }, job.abort?.signal),
  );
}

async function inParts(job: Job, file: File): Promise<void> {
  const target = { Bucket: job.bucket, Key: job.key };
  const size = Math.max(partSize, Math.ceil(file.size / 9000 / 65536) * 65536);
  let done: Part[] = [];
  if (job.pending) {
    done = await partsOf(job, job.pending.uploadId);
  } else {
    const made = await again(job, () => s3(job.region, "CreateMultipartUpload", { ...target, ContentType: file.type || undefined, ChecksumAlgorithm: "CRC32" }, job.abort?.signal));
    job.pending = pickUp(job, file, made.UploadId ?? "", size);
    remember(job.pending);
  }
  const { uploadId, partSize: step } = job.pending;
  const parts = new Map<number, CompletedPart>();
  for (const p of done) parts.set(p.PartNumber ?? 0, { PartNumber: p.PartNumber, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32 });
  set(job, { sent: done.reduce((n, p) => n + (p.Size ?? 0), 0) });
  const missing = Array.from({ length: Math.ceil(file.size / step) }, (_, i) => i + 1).filter((n) => !parts.has(n));
  const worker = async () => {
    for (let n = missing.shift(); n !== undefined; n = missing.shift()) {
      const number = n;
      const body = file.slice((number - 1) * step, number * step);
      const ChecksumCRC32 = await crc32(body);
      const out = await again(job, () =>
        s3(job.region, "UploadPart", { ...target, UploadId: uploadId, PartNumber: number, Body: body, ChecksumCRC32 }, job.abort?.signal),
      );
      parts.set(number, { PartNumber: number, ETag: out.ETag, ChecksumCRC32 });
      set(job, { sent: job.sent + body.size });
    }
  };
  await Promise.all(Array.from({ length: partsAtOnce }, worker));
  const Parts = [...parts.values()].sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  await again(job, () => s3(job.region, "CompleteMultipartUpload", { ...target, UploadId: uploadId, MultipartUpload: { Parts } }, job.abort?.signal));
  forget(uploadId);
}

async function partsOf(job: Job, uploadId: string): Promise<Part[]> {
  const all: Part[] = [];
  let marker: string | undefined;
  do {
    const at = marker;
    const out = await again(job, () => s3(job.region, "ListParts", { Bucket: job.bucket, Key: job.key, UploadId: uploadId, PartNumberMarker: at }, job.abort?.signal));
    all.push(...(out.Parts ?? []));
    marker = out.IsTruncated ? out.NextPartNumberMarker : undefined;
  } while (marker);
  return all;
}

/** Tries again what a server that is gone for a moment, or busy, did not answer. */
async function again<T>(job: Job, fn: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await fn();
    } catch (err) {
      if (job.state !== "running" || n === tries || !passing(err)) throw err;
      await new Promise((r) => setTimeout(r, Math.min(8000, 250 * 2 ** n)));
      if (job.state !== "running") throw err;
    }
  }
}

function passing(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  const status = (err as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined ? err.name !== "AbortError" : status >= 500 || status === 429;
}
