import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { t as common } from "../../i18n";
import { t } from "../../i18n/pages/resources";
import type { TabProps } from "./page";

/** The instances that may read and write the bucket. */
export default function Resources({ bucket, name, region, reload }: TabProps) {
  const attached = bucket.resourcesReceivingAccess ?? [];
  const [attaching, setAttaching] = useState(false);
  const [detaching, setDetaching] = useState<string>();
  const set = async (resourceName: string, access: "allow" | "deny") => {
    await lightsail(region, "SetResourceAccessForBucket", { resourceName, bucketName: name, access });
    await reload();
    notify("success", t(access === "allow" ? "attached" : "detached", { name: resourceName }));
  };
  const call = (resourceName: string, access: "allow" | "deny") => ({ service: "lightsail" as const, name: "SetResourceAccessForBucket", region, input: { resourceName, bucketName: name, access } });
  return (
    <>
      <Table
        items={attached}
        trackBy="name"
        ariaLabels={{ tableLabel: t("title") }}
        empty={<Box textAlign="center">{t("none")}</Box>}
        header={
          <Header variant="h2" description={t("about")} actions={<Button onClick={() => setAttaching(true)}>{t("attach")}</Button>}>
            {t("title")}
          </Header>
        }
        footer={<Cli calls={[{ service: "lightsail", name: "GetBuckets", region, input: { bucketName: name, includeConnectedResources: true } }]} />}
        columnDefinitions={[
          { id: "name", header: t("name"), isRowHeader: true, cell: (r) => r.name },
          { id: "type", header: t("type"), cell: (r) => r.resourceType },
          {
            id: "actions",
            header: common("actions"),
            cell: (r) => <Button variant="inline-icon" iconName="remove" ariaLabel={t("detach", { name: r.name ?? "" })} onClick={() => setDetaching(r.name)} />,
          },
        ]}
      />
      {attaching ? <Attach region={region} taken={attached.map((r) => r.name ?? "")} call={call} set={set} onClose={() => setAttaching(false)} /> : null}
      {detaching ? (
        <Confirm title={t("detach.title")} yes={t("detach.yes")} calls={[call(detaching, "deny")]} onClose={() => setDetaching(undefined)} action={() => set(detaching, "deny")}>
          <Box>{t("detach.about", { name: detaching })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}

interface AttachProps {
  region: string;
  taken: string[];
  call: (name: string, access: "allow") => { service: "lightsail"; name: string; region: string; input: object };
  set: (name: string, access: "allow") => Promise<void>;
  onClose: () => void;
}

function Attach({ region, taken, call, set, onClose }: AttachProps) {
  const list = useLoad(async () => (await lightsail(region, "GetInstances", {})).instances ?? [], [region]);
  const [name, setName] = useState("");
  const free = (list.data ?? []).filter((i) => !taken.includes(i.name ?? "") && ["running", "stopped"].includes(i.state?.name ?? ""));
  return (
    <Confirm title={t("attach")} yes={t("attach.yes")} no={common("cancel")} disabled={!name} calls={name ? [call(name, "allow")] : undefined} onClose={onClose} action={() => set(name, "allow")}>
      <ErrorAlert error={list.error} />
      <FormField label={t("which")} constraintText={list.data && free.length === 0 ? t("none.left") : undefined}>
        <Select
          placeholder={t("select")}
          statusType={list.loading ? "loading" : "finished"}
          loadingText={common("loading")}
          empty={t("none.left")}
          selectedOption={name ? { value: name, label: name } : null}
          options={free.map((i) => ({ value: i.name ?? "", label: i.name ?? "", description: i.state?.name }))}
          onChange={(e) => setName(e.detail.selectedOption.value ?? "")}
        />
      </FormField>
    </Confirm>
  );
}
