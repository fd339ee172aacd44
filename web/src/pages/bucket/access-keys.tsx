import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { updateKey } from "../../aws/keyhaven";
import { type AccessKey, lightsail } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import KeyCare from "../../components/key-care";
import { NewKey } from "../../components/new-key";
import { notify } from "../../components/notices";
import { Rotation } from "../../components/rotation";
import { dateTime, t } from "../../i18n";
import { can } from "../../session";
import type { TabProps } from "./page";

export const maxKeys = 2;

/** The access keys of a bucket: the heart of the console. */
export function AccessKeys({ name, region }: TabProps) {
  const input = { bucketName: name };
  const list = useLoad(async () => (await lightsail(region, "GetBucketAccessKeys", input)).accessKeys ?? [], [region, name]);
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<AccessKey>();
  const [deleting, setDeleting] = useState<AccessKey>();
  const [rotating, setRotating] = useState(false);
  const keys = list.data ?? [];
  const full = keys.length >= maxKeys;
  const create = async () => {
    const out = await lightsail(region, "CreateBucketAccessKey", input);
    await list.reload();
    return out.accessKey;
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={list.data ? `(${keys.length}/${maxKeys})` : undefined}
          description={t("keys.about")}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={t("refresh")} onClick={() => void list.reload()} />
              <Button disabled={keys.length === 0} onClick={() => setRotating(true)}>
                {t("keys.rotate")}
              </Button>
              <Button variant="primary" disabled={!list.data || full} disabledReason={full ? t("keys.full") : undefined} onClick={() => setAsking(true)}>
                {t("keys.create")}
              </Button>
            </SpaceBetween>
          }
        >
          {t("keys.title")}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={list.error} />
        {list.loading && !list.data ? <Spinner /> : null}
        {list.data && keys.length === 0 ? (
          <Box textAlign="center" padding="m">
            <b>{t("keys.none")}</b>
            <Box>{t("keys.none.hint")}</Box>
          </Box>
        ) : null}
        {keys.map((k) => (
          <KeyRow key={k.accessKeyId} accessKey={k} reload={list.reload} onDelete={() => setDeleting(k)} />
        ))}
        {full ? <Alert type="info">{t("keys.full")}</Alert> : null}
      </SpaceBetween>
      {asking ? (
        <Confirm
          title={t("keys.create.title")}
          yes={t("yes.create")}
          calls={[{ service: "lightsail", name: "CreateBucketAccessKey", region, input }]}
          onClose={() => setAsking(false)}
          action={async () => setMade(await create())}
        >
          <Box>{t("keys.create.about", { name })}</Box>
        </Confirm>
      ) : null}
      {made ? <NewKey id={made.accessKeyId ?? ""} secret={made.secretAccessKey ?? ""} bucket={name} region={region} onClose={() => setMade(undefined)} /> : null}
      {deleting ? (
        <Confirm
          title={t("keys.delete.title")}
          yes={t("yes.delete")}
          calls={[{ service: "lightsail", name: "DeleteBucketAccessKey", region, input: { ...input, accessKeyId: deleting.accessKeyId } }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await lightsail(region, "DeleteBucketAccessKey", { ...input, accessKeyId: deleting.accessKeyId ?? "" });
            await list.reload();
            notify("success", t("keys.deleted", { id: deleting.accessKeyId ?? "" }));
          }}
        >
          <Box>{t("keys.delete.about", { id: deleting.accessKeyId ?? "" })}</Box>
          <Box>{deleting.lastUsed?.lastUsedDate ? t("keys.delete.used", { when: dateTime(deleting.lastUsed.lastUsedDate) }) : t("keys.delete.unused")}</Box>
        </Confirm>
      ) : null}
      {rotating ? (
        <Rotation
          keys={keys.map((k) => ({
            id: k.accessKeyId ?? "",
            created: k.createdAt,
            active: k.status === "Active",
            used: k.lastUsed?.lastUsedDate && { when: k.lastUsed.lastUsedDate, service: k.lastUsed.serviceName ?? "" },
          }))}
          of={{ bucket: name, region }}
          create={async () => {
            const k = await create();
            return { id: k?.accessKeyId ?? "", secret: k?.secretAccessKey ?? "" };
          }}
          deactivate={(accessKeyId) => updateKey({ accessKeyId, status: "Inactive" })}
          remove={(accessKeyId) => lightsail(region, "DeleteBucketAccessKey", { ...input, accessKeyId })}
          calls={(accessKeyId) => [
            { service: "lightsail", name: "CreateBucketAccessKey", region, input },
            { service: "lightsail", name: "GetBucketAccessKeys", region, input },
            { service: "keyhaven", name: "UpdateAccessKey", input: { accessKeyId, status: "Inactive" } },
            { service: "lightsail", name: "DeleteBucketAccessKey", region, input: { ...input, accessKeyId } },
          ]}
          reload={list.reload}
          onClose={() => setRotating(false)}
        />
      ) : null}
    </Container>
  );
}

function KeyRow({ accessKey: k, reload, onDelete }: { accessKey: AccessKey; reload: () => Promise<void>; onDelete: () => void }) {
  const [open, setOpen] = useState(false);
  const id = k.accessKeyId ?? "";
  const used = k.lastUsed;
  return (
    <div role="group" aria-label={id} data-key={id}>
      <ExpandableSection
        headerText={<span className="mono">{id}</span>}
        headerDescription={t("keys.row", { created: dateTime(k.createdAt), used: used?.lastUsedDate ? dateTime(used.lastUsedDate) : "–" })}
        headerActions={<Button variant="icon" iconName="remove" ariaLabel={t("keys.delete", { id })} onClick={onDelete} />}
        variant="container"
        expanded={open}
        onChange={(e) => setOpen(e.detail.expanded)}
      >
        <SpaceBetween size="m">
        <KeyValuePairs
          columns={4}
          items={[
            { label: t("key.status"), value: <StatusIndicator type={k.status === "Active" ? "success" : "stopped"}>{k.status}</StatusIndicator> },
            { label: t("created"), value: dateTime(k.createdAt) },
            { label: t("key.last-used"), value: dateTime(used?.lastUsedDate) },
            { label: t("key.last-service"), value: used?.lastUsedDate ? `${used.serviceName} · ${used.region}` : "–" },
          ]}
        />
        {open && can("keyhaven:GetAccessKey") ? <KeyCare key={String(k.lastUsed?.lastUsedDate)} id={id} scoped onChange={reload} /> : null}
        </SpaceBetween>
      </ExpandableSection>
    </div>
  );
}
