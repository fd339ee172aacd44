import type { Tag } from "@aws-sdk/client-s3";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { notify } from "../../../components/notices";
import { t } from "../../../i18n";
import type { ObjectProps } from "./details";

const most = 10;

/** Key-value pairs of an object: the whole set is put. */
export function EditTags({ name, region, item, tags, done, onClose }: ObjectProps & { tags: Tag[]; done: () => Promise<void>; onClose: () => void }) {
  const [rows, setRows] = useState(tags.map((x) => ({ key: x.Key ?? "", value: x.Value ?? "" })));
  const kept = rows.filter((r) => r.key);
  const input = { Bucket: name, Key: item.key, Tagging: { TagSet: kept.map((r) => ({ Key: r.key, Value: r.value })) } };
  const set = (i: number, change: Partial<{ key: string; value: string }>) => setRows(rows.map((r, j) => (i === j ? { ...r, ...change } : r)));
  return (
    <Confirm
      title={t("object.tags")}
      yes={t("save")}
      no={t("cancel")}
      calls={[kept.length ? { service: "s3", name: "PutObjectTagging", region, input } : { service: "s3", name: "DeleteObjectTagging", region, input: { Bucket: name, Key: item.key } }]}
      onClose={onClose}
      action={async () => {
        if (kept.length) await s3(region, "PutObjectTagging", input);
        else await s3(region, "DeleteObjectTagging", { Bucket: name, Key: item.key });
        await done();
        notify("success", t("object.tags.saved"));
      }}
    >
      <Pairs rows={rows} most={most} set={set} add={() => setRows([...rows, { key: "", value: "" }])} remove={(i) => setRows(rows.filter((_, j) => i !== j))} />
    </Confirm>
  );
}

interface PairsProps {
  rows: { key: string; value: string }[];
  most: number;
  set: (i: number, change: Partial<{ key: string; value: string }>) => void;
  add: () => void;
  remove: (i: number) => void;
}

/** An editor of pairs of a key and a value. */
export function Pairs({ rows, most: limit, set, add, remove }: PairsProps) {
  return (
    <AttributeEditor
      items={rows}
      addButtonText={t("pairs.add")}
      disableAddButton={rows.length >= limit}
      removeButtonText={t("pairs.remove")}
      removeButtonAriaLabel={(r) => t("pairs.remove.one", { key: r.key })}
      empty={t("pairs.none")}
      onAddButtonClick={add}
      onRemoveButtonClick={(e) => remove(e.detail.itemIndex)}
      definition={[
        { label: t("tags.key"), control: (r, i) => <Input value={r.key} ariaLabel={t("pairs.key", { n: i + 1 })} onChange={(e) => set(i, { key: e.detail.value })} /> },
        { label: t("tags.value"), control: (r, i) => <Input value={r.value} ariaLabel={t("pairs.value", { n: i + 1 })} onChange={(e) => set(i, { value: e.detail.value })} /> },
      ]}
    />
  );
}
