import { downloadZip } from "client-zip";
import { addressable, link, s3 } from "../../../aws/s3";
import type { Item } from "./tab";

interface Source {
  name: string;
  input: Response;
  lastModified?: Date;
}

/** The objects of the items, folders walked, each fetched when its turn comes. */
async function* sources(region: string, bucket: string, folder: string, items: Item[]): AsyncGenerator<Source> {
  for (const item of items) {
    let token: string | undefined;
    do {
      const out = await s3(region, "ListObjectsV2", { Bucket: bucket, Prefix: item.key, ContinuationToken: token });
      for (const o of out.Contents ?? []) {
        const key = o.Key ?? "";
        if ((!item.folder && key !== item.key) || key.endsWith("/") || !addressable(key)) continue;
        const input = await fetch(await link(region, bucket, key, { seconds: 900 }));
        if (!input.ok) throw Object.assign(new Error(key), { name: input.statusText });
        yield { name: key.slice(folder.length), input, lastModified: o.LastModified };
      }
      token = out.IsTruncated ? out.NextContinuationToken : undefined;
    } while (token);
  }
}

interface SaveTarget {
  createWritable(): Promise<WritableStream<Uint8Array>>;
}

/**
 * Saves objects and folders as one .zip. It is streamed to the disk where the
 * browser can, and else gathered by the browser.
 */
export async function saveZip(region: string, bucket: string, folder: string, items: Item[]): Promise<void> {
  const name = `${items.length === 1 ? (items[0]?.name.replace(/\/$/, "") ?? bucket) : bucket}.zip`;
  const picker = (window as unknown as { showSaveFilePicker?: (o: object) => Promise<SaveTarget> }).showSaveFilePicker;
  if (picker) {
    const target = await picker({ suggestedName: name });
    await downloadZip(sources(region, bucket, folder, items)).body?.pipeTo(await target.createWritable());
    return;
  }
  const url = URL.createObjectURL(await downloadZip(sources(region, bucket, folder, items)).blob());
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
