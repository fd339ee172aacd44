import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useState } from "react";
import type { Call } from "../../../aws/cli";
import { s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { notify } from "../../../components/notices";
import { number, t } from "../../../i18n";
import type { TabProps } from "../page";
import type { Item } from "./tab";

export interface Doomed {
  Key: string;
  VersionId?: string;
}

const most = 3; // objects that a line names

/** The line that deletes them, or the first of them. */
export function deletion(region: string, bucket: string, all: Doomed[]): (Call | string)[] {
  const line: Call = { service: "s3", name: "DeleteObjects", region, input: { Bucket: bucket, Delete: { Objects: all.slice(0, most) } } };
  return all.length > most ? [line, `# ${t("objects.more", { n: number(all.length - most) })}`] : [line];
}

/** What deleting the items deletes, a thousand at a time; folders are walked. */
async function* doomed(region: string, bucket: string, items: Item[], everyVersion: boolean): AsyncGenerator<Doomed[]> {
  const plain = items.filter((i) => !i.folder);
  if (!everyVersion && plain.length) yield plain.map((i) => ({ Key: i.key }));
  for (const item of items) {
    if (!everyVersion && !item.folder) continue;
    let key: string | undefined;
    let version: string | undefined;
    for (;;) {
      if (everyVersion) {
        const out = await s3(region, "ListObjectVersions", { Bucket: bucket, Prefix: item.key, KeyMarker: key, VersionIdMarker: version });
        const all = [...(out.Versions ?? []), ...(out.DeleteMarkers ?? [])].filter((v) => item.folder || v.Key === item.key);
        if (all.length) yield all.map((v) => ({ Key: v.Key ?? "", VersionId: v.VersionId }));
        if (!out.IsTruncated) break;
        [key, version] = [out.NextKeyMarker, out.NextVersionIdMarker];
      } else {
        const out = await s3(region, "ListObjectsV2", { Bucket: bucket, Prefix: item.key, ContinuationToken: key });
        if (out.Contents?.length) yield out.Contents.map((o) => ({ Key: o.Key ?? "" }));
        if (!out.IsTruncated) break;
        key = out.NextContinuationToken;
      }
    }
  }
}

/** Deletes objects and folders, with progress, and with undo where versions are kept. */
export function Remove({ bucket, name, region, items, reloadList, onClose }: TabProps & { items: Item[]; reloadList: () => Promise<void>; onClose: () => void }) {
  const versioned = bucket.objectVersioning === "Enabled" || bucket.objectVersioning === "Suspended";
  const kept = bucket.objectVersioning === "Enabled";
  const [everyVersion, setEveryVersion] = useState(false);
  const [gone, setGone] = useState(0);
  const first = items[0];
  const what = items.length === 1 && first ? first.name : t("objects.n", { n: items.length });

  const act = async () => {
    let n = 0;
    const markers: Doomed[] = [];
    for await (const batch of doomed(region, name, items, everyVersion)) {
      const out = await s3(region, "DeleteObjects", { Bucket: name, Delete: { Objects: batch } });
      const failed = out.Errors?.[0];
      if (failed) throw Object.assign(new Error(`${failed.Key}: ${failed.Message}`), { name: failed.Code ?? "Error" });
      for (const d of out.Deleted ?? []) if (d.DeleteMarker && d.DeleteMarkerVersionId) markers.push({ Key: d.Key ?? "", VersionId: d.DeleteMarkerVersionId });
      setGone((n += batch.length));
    }
    await reloadList();
    notify("success", t("objects.deleted", { what }), undefined, markers.length ? { text: t("undo"), act: () => undo(markers), calls: deletion(region, name, markers) } : undefined);
  };
  const undo = async (markers: Doomed[]) => {
    for (let i = 0; i < markers.length; i += 1000) await s3(region, "DeleteObjects", { Bucket: name, Delete: { Objects: markers.slice(i, i + 1000) } });
    await reloadList();
    notify("success", t("objects.undone", { what }));
  };
  const only = items.length === 1 && first && !first.folder && !everyVersion;
  return (
    <Confirm
      title={t("objects.delete.title")}
      yes={t("yes.delete")}
      calls={only ? [{ service: "s3", name: "DeleteObject", region, input: { Bucket: name, Key: first.key } }] : deletion(region, name, items.map((i) => ({ Key: i.key })))}
      onClose={onClose}
      action={act}
    >
      <Box>{t("objects.delete.about", { what })}</Box>
      {items.some((i) => i.folder) ? <Alert type="warning">{t("objects.delete.folders")}</Alert> : null}
      {versioned ? (
        <Checkbox checked={everyVersion} onChange={(e) => setEveryVersion(e.detail.checked)}>
          {t("objects.delete.versions")}
        </Checkbox>
      ) : null}
      <Box color="text-body-secondary">{kept && !everyVersion ? t("objects.delete.undo") : t("objects.delete.final")}</Box>
      {gone ? <ProgressBar ariaLabel={t("objects.deleting")} value={100} status="in-progress" additionalInfo={t("objects.gone", { n: number(gone) })} /> : null}
    </Confirm>
  );
}
