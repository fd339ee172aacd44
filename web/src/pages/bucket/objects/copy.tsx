import Alert from "@cloudscape-design/components/alert";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import { useState } from "react";
import { quote } from "../../../aws/cli";
import { copySource, s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { useLoad } from "../../../components/load";
import { notify } from "../../../components/notices";
import { t } from "../../../i18n";
import { allBuckets } from "../../buckets";
import type { ObjectProps } from "./details";

const most = 5 * 1024 ** 3; // bytes that one CopyObject takes

/** Copy to, or move: a copy, and then the end of the original. */
export function CopyTo({ name, region, item, move, endpoint, reloadList, onClose }: ObjectProps & { move: boolean; onClose: () => void }) {
  const buckets = useLoad(() => allBuckets(region), [region]);
  const [bucket, setBucket] = useState(name);
  const [key, setKey] = useState(item.key);
  const tooLarge = (item.size ?? 0) > most;
  const input = { Bucket: bucket, Key: key, CopySource: copySource(name, item.key) };
  const original = { Bucket: name, Key: item.key };
  const verb = move ? "mv" : "cp";
  return (
    <Confirm
      title={move ? t("object.move") : t("object.copy")}
      yes={move ? t("move") : t("copy")}
      no={t("cancel")}
      disabled={!key || tooLarge || (bucket === name && key === item.key)}
      calls={
        tooLarge
          ? [`aws --endpoint-url ${endpoint} s3 ${verb} ${quote(`s3://${name}/${item.key}`)} ${quote(`s3://${bucket}/${key}`)}`]
          : [{ service: "s3", name: "CopyObject", region, input }, ...(move ? [{ service: "s3" as const, name: "DeleteObject", region, input: original }] : [])]
      }
      onClose={onClose}
      action={async () => {
        await s3(region, "CopyObject", input);
        if (move) await s3(region, "DeleteObject", original);
        await reloadList();
        notify("success", t(move ? "object.moved" : "object.copied", { to: `s3://${bucket}/${key}` }));
      }}
    >
      {tooLarge ? <Alert type="warning">{t("object.copy.large")}</Alert> : null}
      <FormField label={t("object.copy.bucket")}>
        <Select
          selectedOption={{ value: bucket, label: bucket }}
          options={(buckets.data ?? []).map((b) => ({ value: b.name, label: b.name }))}
          filteringType="auto"
          onChange={(e) => setBucket(e.detail.selectedOption.value ?? name)}
        />
      </FormField>
      <FormField label={t("object.copy.key")} description={t("object.copy.hint")}>
        <Input value={key} onChange={(e) => setKey(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
