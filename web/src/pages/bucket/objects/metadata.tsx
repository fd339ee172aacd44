import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { copySource, type HeadObjectCommandOutput, s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { notify } from "../../../components/notices";
import { t } from "../../../i18n";
import type { ObjectProps } from "./details";
import { Pairs } from "./tags";

/** Content type and user metadata: changed by copying the object onto itself. */
export function EditMetadata({ name, region, item, head, done, onClose }: ObjectProps & { head: HeadObjectCommandOutput; done: () => Promise<void>; onClose: () => void }) {
  const [type, setType] = useState(head.ContentType ?? "");
  const [rows, setRows] = useState(Object.entries(head.Metadata ?? {}).map(([key, value]) => ({ key, value })));
  const input = {
    Bucket: name,
    Key: item.key,
    CopySource: copySource(name, item.key),
    MetadataDirective: "REPLACE" as const,
    ContentType: type || undefined,
    CacheControl: head.CacheControl,
    ContentDisposition: head.ContentDisposition,
    ContentEncoding: head.ContentEncoding,
    ContentLanguage: head.ContentLanguage,
    Metadata: Object.fromEntries(rows.filter((r) => r.key).map((r) => [r.key, r.value])),
  };
  return (
    <Confirm
      title={t("object.metadata")}
      yes={t("save")}
      no={t("cancel")}
      calls={[{ service: "s3", name: "CopyObject", region, input }]}
      onClose={onClose}
      action={async () => {
        await s3(region, "CopyObject", input);
        await done();
        notify("success", t("object.metadata.saved"));
      }}
    >
      <FormField label={t("object.type")}>
        <Input value={type} onChange={(e) => setType(e.detail.value)} />
      </FormField>
      <FormField label={t("object.metadata.user")} description={t("object.metadata.hint")}>
        <Pairs
          rows={rows}
          most={30}
          set={(i, change) => setRows(rows.map((r, j) => (i === j ? { ...r, ...change } : r)))}
          add={() => setRows([...rows, { key: "", value: "" }])}
          remove={(i) => setRows(rows.filter((_, j) => i !== j))}
        />
      </FormField>
    </Confirm>
  );
}
