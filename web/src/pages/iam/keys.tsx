import type { AccessKeyLastUsed } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import type { Call } from "../../aws/cli";
import { type AccessKeyMetadata, iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { KeyCareModal } from "../../components/key-care";
import { useLoad } from "../../components/load";
import { NewKey } from "../../components/new-key";
import { notify, notifyError } from "../../components/notices";
import { Rotation } from "../../components/rotation";
import { date, dateTime, t } from "../../i18n";
import { t as care } from "../../i18n/pages/key-care";
import { can, config } from "../../session";

interface Row extends AccessKeyMetadata {
  used?: AccessKeyLastUsed;
}

const call = (name: string, input: object): Call => ({ service: "iam", name, input });

/** The access keys of a user, or of the root. */
export function UserKeys({ userName, root }: { userName?: string; root?: boolean }) {
  const who = { UserName: userName };
  const list = useLoad(async (): Promise<Row[]> => {
    const keys = (await iam("ListAccessKeys", who)).AccessKeyMetadata ?? [];
    return Promise.all(keys.map(async (k) => ({ ...k, used: (await iam("GetAccessKeyLastUsed", { AccessKeyId: k.AccessKeyId ?? "" })).AccessKeyLastUsed })));
  }, [userName]);
  const [made, setMade] = useState<{ id: string; secret: string }>();
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState<Row>();
  const [switching, setSwitching] = useState<Row>();
  const [rotating, setRotating] = useState(false);
  const [showing, setShowing] = useState<string>();
  const keys = list.data ?? [];
  const full = keys.length >= 2;
  const of = { region: config().region, csvName: root ? "rootkey.csv" : `${userName}_accessKeys.csv`, csvLabel: t("iam.key.file") };
  const make = async () => {
    const { AccessKey } = await iam("CreateAccessKey", who);
    return { id: AccessKey?.AccessKeyId ?? "", secret: AccessKey?.SecretAccessKey ?? "" };
  };
  const create = async () => {
    setBusy(true);
    try {
      setMade(await make());
      await list.reload();
    } catch (err) {
      notifyError(err);
    }
    setBusy(false);
  };
  const target = switching?.Status === "Active" ? "Inactive" : "Active";
  const update = { ...who, AccessKeyId: switching?.AccessKeyId ?? "", Status: target } as const;
  const remove = { ...who, AccessKeyId: deleting?.AccessKeyId ?? "" };
  return (
    <>
      <ErrorAlert error={list.error} />
      <Table
        items={keys}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="AccessKeyId"
        ariaLabels={{ tableLabel: t("iam.keys") }}
        empty={<Box textAlign="center">{t("iam.keys.none")}</Box>}
        footer={<Cli calls={[call("ListAccessKeys", who), call("CreateAccessKey", who)]} />}
        header={
          <Header
            variant="h2"
            counter={list.data ? `(${keys.length}/2)` : undefined}
            description={t(root ? "iam.keys.about.root" : "iam.keys.about")}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={keys.length === 0} onClick={() => setRotating(true)}>
                  {t("keys.rotate")}
                </Button>
                <Button loading={busy} disabled={!list.data || full} disabledReason={full ? t("iam.keys.full") : undefined} onClick={() => void create()}>
                  {t(root ? "iam.keys.create.root" : "iam.keys.create")}
                </Button>
              </SpaceBetween>
            }
          >
            {t("iam.keys")}
          </Header>
        }
        columnDefinitions={[
          { id: "id", header: t("key.id"), isRowHeader: true, cell: (k) => <span className="mono">{k.AccessKeyId}</span> },
          { id: "created", header: t("created"), cell: (k) => date(k.CreateDate) },
          {
            id: "used",
            header: t("key.last-used"),
            cell: ({ used }) =>
              used?.LastUsedDate ? (
                <>
                  {dateTime(used.LastUsedDate)}
                  <Box variant="small" display="block">{`${used.ServiceName} · ${used.Region}`}</Box>
                </>
              ) : (
                t("iam.na")
              ),
          },
          {
            id: "status",
            header: t("iam.key.status"),
            cell: (k) => <StatusIndicator type={k.Status === "Active" ? "success" : "stopped"}>{t(k.Status === "Active" ? "iam.key.active" : "iam.key.inactive")}</StatusIndicator>,
          },
          {
            id: "actions",
            header: t("actions"),
            minWidth: 230, // side by side
            cell: (k) => (
              <SpaceBetween direction="horizontal" size="xs">
                {can("keyhaven:GetAccessKey") ? (
                  <Button variant="inline-link" ariaLabel={care("details.of", { id: k.AccessKeyId ?? "" })} onClick={() => setShowing(k.AccessKeyId)}>
                    {care("details")}
                  </Button>
                ) : null}
                <Button
                  variant="inline-link"
                  ariaLabel={t(k.Status === "Active" ? "iam.key.deactivate.one" : "iam.key.activate.one", { id: k.AccessKeyId ?? "" })}
                  onClick={() => setSwitching(k)}
                >
                  {t(k.Status === "Active" ? "iam.key.deactivate" : "iam.key.activate")}
                </Button>
                <Button variant="inline-icon" iconName="remove" ariaLabel={t("iam.key.delete", { id: k.AccessKeyId ?? "" })} onClick={() => setDeleting(k)} />
              </SpaceBetween>
            ),
          },
        ]}
      />
      {showing ? <KeyCareModal id={showing} onClose={() => setShowing(undefined)} /> : null}
      {made ? (
        <NewKey {...of} {...made} onClose={() => setMade(undefined)} />
      ) : null}
      {rotating ? (
        <Rotation
          keys={keys.map((k) => ({
            id: k.AccessKeyId ?? "",
            created: k.CreateDate,
            active: k.Status === "Active",
            used: k.used?.LastUsedDate && { when: k.used.LastUsedDate, service: k.used.ServiceName ?? "" },
          }))}
          of={of}
          create={make}
          deactivate={(AccessKeyId) => iam("UpdateAccessKey", { ...who, AccessKeyId, Status: "Inactive" })}
          remove={(AccessKeyId) => iam("DeleteAccessKey", { ...who, AccessKeyId })}
          calls={(AccessKeyId) => [
            call("CreateAccessKey", who),
            call("GetAccessKeyLastUsed", { AccessKeyId }),
            call("UpdateAccessKey", { ...who, AccessKeyId, Status: "Inactive" }),
            call("DeleteAccessKey", { ...who, AccessKeyId }),
          ]}
          reload={list.reload}
          onClose={() => setRotating(false)}
        />
      ) : null}
      {switching ? (
        <Confirm
          title={t(target === "Inactive" ? "iam.key.deactivate" : "iam.key.activate")}
          yes={t(target === "Inactive" ? "iam.key.deactivate" : "iam.key.activate")}
          calls={[call("UpdateAccessKey", update)]}
          onClose={() => setSwitching(undefined)}
          action={async () => {
            await iam("UpdateAccessKey", update);
            await list.reload();
            notify("success", t("iam.key.changed", { id: update.AccessKeyId, status: target }));
          }}
        >
          <Box>{target === "Inactive" ? t("iam.key.deactivate.about", { id: update.AccessKeyId }) : update.AccessKeyId}</Box>
        </Confirm>
      ) : null}
      {deleting ? (
        <Confirm
          title={t("keys.delete.title")}
          yes={t("yes.delete")}
          calls={[call("DeleteAccessKey", remove)]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await iam("DeleteAccessKey", remove);
            await list.reload();
            notify("success", t("keys.deleted", { id: remove.AccessKeyId }));
          }}
        >
          <Box>{t("keys.delete.about", { id: remove.AccessKeyId })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}
