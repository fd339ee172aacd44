import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { type ContactMethod, lightsail, type LightsailInput } from "../aws/lightsail";
import { Cli } from "../components/cli";
import { Confirm } from "../components/confirm";
import { ErrorAlert } from "../components/errors";
import { useLoad } from "../components/load";
import { notify } from "../components/notices";
import { useRegion } from "../components/region";
import { t as common } from "../i18n";
import { t } from "../i18n/pages/contacts";

const ways = ["Email", "Webhook"] as const;
type Way = (typeof ways)[number];

const looks = { PendingVerification: "pending", Valid: "success", Invalid: "error" } as const;
type State = keyof typeof looks;

// The SDK's model knows no webhooks.
const wayOf = (c: ContactMethod) => (c.protocol ?? "Email") as string as Way;

/** Who is told of alarms in the region. */
export default function Contacts() {
  const region = useRegion();
  const list = useLoad(async () => (await lightsail(region, "GetContactMethods", {})).contactMethods ?? [], [region]);
  const [adding, setAdding] = useState<Way>();
  const [resending, setResending] = useState<ContactMethod>();
  const [deleting, setDeleting] = useState<ContactMethod>();
  const all = list.data ?? [];
  const endpoint = (c: ContactMethod) => c.contactEndpoint ?? "";
  const resend = resending ? ({ protocol: wayOf(resending) } as unknown as LightsailInput<"SendContactMethodVerification">) : undefined;
  const remove = deleting ? ({ protocol: wayOf(deleting) } as unknown as LightsailInput<"DeleteContactMethod">) : undefined;
  return (
    <>
      <Table
        items={all}
        trackBy="arn"
        loading={list.loading && !list.data}
        ariaLabels={{ tableLabel: t("title") }}
        empty={<Box textAlign="center">{t("none")}</Box>}
        header={
          <Header
            variant="h2"
            description={t("about", { region })}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {ways.map((way) => (
                  <Button key={way} onClick={() => setAdding(way)}>
                    {t(`add.${way}` as const)}
                  </Button>
                ))}
              </SpaceBetween>
            }
          >
            {t("title")}
          </Header>
        }
        footer={
          <SpaceBetween size="s">
            <ErrorAlert error={list.error} />
            <Cli calls={[{ service: "lightsail", name: "GetContactMethods", region, input: {} }]} />
          </SpaceBetween>
        }
        columnDefinitions={[
          { id: "endpoint", header: t("where"), isRowHeader: true, cell: endpoint },
          { id: "way", header: t("how"), cell: (c) => t(wayOf(c)) },
          {
            id: "state",
            header: t("state"),
            cell: (c) => {
              const state = (c.status ?? "PendingVerification") as State;
              return <StatusIndicator type={looks[state]}>{t(`state.${state}` as const)}</StatusIndicator>;
            },
          },
          {
            id: "actions",
            header: common("actions"),
            cell: (c) => (
              <SpaceBetween direction="horizontal" size="xs">
                {c.status === "Valid" ? null : (
                  <Button variant="inline-icon" iconName="refresh" ariaLabel={t("resend", { endpoint: endpoint(c) })} onClick={() => setResending(c)} />
                )}
                <Button variant="inline-icon" iconName="remove" ariaLabel={t("delete", { endpoint: endpoint(c) })} onClick={() => setDeleting(c)} />
              </SpaceBetween>
            ),
          },
        ]}
      />
      {adding ? <Add way={adding} old={all.find((c) => wayOf(c) === adding)?.contactEndpoint} region={region} reload={list.reload} onClose={() => setAdding(undefined)} /> : null}
      {resending && resend ? (
        <Confirm
          title={t("resend", { endpoint: endpoint(resending) })}
          yes={t("understand")}
          calls={[{ service: "lightsail", name: "SendContactMethodVerification", region, input: resend }]}
          onClose={() => setResending(undefined)}
          action={async () => {
            await lightsail(region, "SendContactMethodVerification", resend);
            await list.reload();
            notify("success", t("resent", { endpoint: endpoint(resending) }));
          }}
        />
      ) : null}
      {deleting && remove ? (
        <Confirm
          title={t("delete.title")}
          yes={common("yes.delete")}
          calls={[{ service: "lightsail", name: "DeleteContactMethod", region, input: remove }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await lightsail(region, "DeleteContactMethod", remove);
            await list.reload();
            notify("success", t("deleted"));
          }}
        >
          <Box>{t("delete.about", { endpoint: endpoint(deleting) })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}

interface AddProps {
  way: Way;
  old?: string;
  region: string;
  reload: () => Promise<void>;
  onClose: () => void;
}

/** Asks for the contact, then says what comes of it. */
function Add({ way, old, region, reload, onClose }: AddProps) {
  const [endpoint, setEndpoint] = useState("");
  const [asking, setAsking] = useState(false);
  const good = way === "Email" ? /^[^@\s]+@[^@\s]+$/.test(endpoint) : /^https?:\/\/\S+$/.test(endpoint);
  const input = { protocol: way, contactEndpoint: endpoint } as unknown as LightsailInput<"CreateContactMethod">;
  if (!asking) {
    return (
      <Confirm key="add" title={t(`add.${way}` as const)} yes={t("add")} no={common("cancel")} disabled={!good} onClose={onClose} onDone={() => setAsking(true)} action={async () => undefined}>
        <FormField label={t(way === "Email" ? "address" : "url")} constraintText={way === "Webhook" ? t("url.rule") : undefined}>
          <Input value={endpoint} type={way === "Email" ? "email" : "url"} onChange={(e) => setEndpoint(e.detail.value.trim())} />
        </FormField>
      </Confirm>
    );
  }
  return (
    <Confirm
      key="confirm"
      title={t(`confirm.${way}` as const)}
      yes={t("understand")}
      no={common("cancel")}
      calls={[{ service: "lightsail", name: "CreateContactMethod", region, input }]}
      onClose={onClose}
      action={async () => {
        await lightsail(region, "CreateContactMethod", input);
        await reload();
        notify("success", t(`added.${way}` as const, { endpoint }));
      }}
    >
      <Box>{t(`confirm.${way}.about` as const, { endpoint })}</Box>
      {old ? <Box>{t("replace", { old })}</Box> : null}
    </Confirm>
  );
}
