import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import { useState } from "react";
import { quote } from "../../../aws/cli";
import { copySource, s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { useLoad } from "../../../components/load";
import { notify } from "../../../components/notices";
import { number, t as common } from "../../../i18n";
import { t } from "../../../i18n/pages/transfer";
import { allBuckets } from "../../buckets";
import type { TabProps } from "../page";
import { deletion } from "./remove";
import type { Item } from "./tab";

const most = 5 * 1024 ** 3; // bytes that one CopyObject takes
const atOnce = 6;
const batch = 1000; // keys of one DeleteObjects

interface Found {
  key: string;
  size: number;
  to: string;
}

/** All objects of the selection, folders walked, each with its new key. */
async function* found(region: string, bucket: string, items: Item[], here: string, folder: string): AsyncGenerator<Found> {
  for (const item of items) {
    const to = (key: string) => folder + key.slice(here.length);
    if (!item.folder) {
      yield { key: item.key, size: item.size ?? 0, to: to(item.key) };
      continue;
    }
    let token: string | undefined;
    do {
      const out = await s3(region, "ListObjectsV2", { Bucket: bucket, Prefix: item.key, ContinuationToken: token });
      for (const o of out.Contents ?? []) yield { key: o.Key ?? "", size: o.Size ?? 0, to: to(o.Key ?? "") };
      token = out.IsTruncated ? out.NextContinuationToken : undefined;
    } while (token);
  }
}

interface Version {
  Key: string;
  VersionId?: string;
}

async function removeAll(region: string, bucket: string, all: Version[]): Promise<Version[]> {
  const markers: Version[] = [];
  for (let i = 0; i < all.length; i += batch) {
    const out = await s3(region, "DeleteObjects", { Bucket: bucket, Delete: { Objects: all.slice(i, i + batch) } });
    const failed = out.Errors?.[0];
    if (failed) throw Object.assign(new Error(`${failed.Key}: ${failed.Message}`), { name: failed.Code ?? "Error" });
    for (const d of out.Deleted ?? []) if (d.DeleteMarker && d.DeleteMarkerVersionId) markers.push({ Key: d.Key ?? "", VersionId: d.DeleteMarkerVersionId });
  }
  return markers;
}

interface Props extends TabProps {
  items: Item[];
  folder: string;
  reloadList: () => Promise<void>;
  onClose: () => void;
}

/** Copies or moves many objects and folders, with progress; a move where versions are kept can be undone. */
export default function Transfer({ name, region, endpoint, items, folder: here, reloadList, onClose }: Props) {
  const buckets = useLoad(() => allBuckets(region), [region]);
  const [verb, setVerb] = useState<"copy" | "move">("move");
  const [bucket, setBucket] = useState(name);
  const [folder, setFolder] = useState("");
  const [done, setDone] = useState(0);
  const [large, setLarge] = useState(0);
  const inside = bucket === name && (folder === here || items.some((i) => i.folder && folder.startsWith(i.key)));
  const wrong = (folder !== "" && !folder.endsWith("/")) || inside;
  const what = items.length === 1 && items[0] ? items[0].name : common("objects.n", { n: items.length });

  const act = async () => {
    const copies: Version[] = [];
    const originals: Version[] = [];
    let skipped = 0;
    const all = found(region, name, items, here, folder);
    const work = async () => {
      for (;;) {
        const next = await all.next();
        if (next.done) return;
        const o = next.value;
        if (o.size > most) {
          setLarge(++skipped);
          continue;
        }
        const out = await s3(region, "CopyObject", { Bucket: bucket, Key: o.to, CopySource: copySource(name, o.key) });
        copies.push({ Key: o.to, VersionId: out.VersionId });
        originals.push({ Key: o.key });
        setDone(copies.length);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: atOnce }, work));
    const failed = results.find((r) => r.status === "rejected");
    // What is copied is moved, also where another one failed.
    const markers = verb === "move" ? await removeAll(region, name, originals) : [];
    await reloadList();
    if (failed) throw failed.reason;
    const n = number(copies.length);
    const undo = async () => {
      await removeAll(region, name, markers);
      await removeAll(region, bucket, copies);
      await reloadList();
      notify("success", t("undone", { n }));
    };
    notify(skipped ? "warning" : "success", t(verb === "move" ? "moved" : "copied", { n, to: `s3://${bucket}/${folder}` }), skipped ? t("large", { n: skipped }) : undefined, markers.length ? { text: common("undo"), act: undo, calls: [...deletion(region, name, markers), ...deletion(region, bucket, copies)] } : undefined);
  };
  const lines = items.slice(0, 3).map((i) => `aws --endpoint-url ${endpoint} s3 ${verb === "move" ? "mv" : "cp"}${i.folder ? " --recursive" : ""} ${quote(`s3://${name}/${i.key}`)} ${quote(`s3://${bucket}/${folder}${i.key.slice(here.length)}`)}`);
  return (
    <Confirm title={t("title")} yes={t(verb)} no={common("cancel")} disabled={wrong} calls={lines} held onClose={onClose} action={act}>
      <Box>{t("about", { what })}</Box>
      <SegmentedControl
        label={t("what")}
        selectedId={verb}
        options={[
          { id: "move", text: t("move") },
          { id: "copy", text: t("copy") },
        ]}
        onChange={(e) => setVerb(e.detail.selectedId as "copy" | "move")}
      />
      <FormField label={t("bucket")}>
        <Select
          selectedOption={{ value: bucket, label: bucket }}
          options={(buckets.data ?? []).map((b) => ({ value: b.name, label: b.name }))}
          filteringType="auto"
          onChange={(e) => setBucket(e.detail.selectedOption.value ?? name)}
        />
      </FormField>
      <FormField label={t("folder")} constraintText={t("folder.rule")} errorText={wrong && folder ? t("folder.wrong") : undefined}>
        <Input value={folder} placeholder="folder/" onChange={(e) => setFolder(e.detail.value)} />
      </FormField>
      {large ? <Alert type="warning">{t("large", { n: large })}</Alert> : null}
      {done ? <ProgressBar ariaLabel={t("working")} value={100} status="in-progress" additionalInfo={t("progress", { n: number(done) })} /> : null}
    </Confirm>
  );
}
