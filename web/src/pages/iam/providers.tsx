import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import type { Call } from "../../aws/cli";
import { iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t as common } from "../../i18n";
import { t } from "../../i18n/pages/providers";

interface Provider {
  arn: string;
  /** The URL without its scheme, by which policies call it. */
  name: string;
}

const call = (name: string, input: object): Call => ({ service: "iam", name, input });

const nameOf = (arn: string) => arn.slice(arn.indexOf("/") + 1);

/** The identity providers that the account trusts; the chosen one with its audiences. */
export default function Providers() {
  const list = useLoad(
    async (): Promise<Provider[]> => ((await iam("ListOpenIDConnectProviders", {})).OpenIDConnectProviderList ?? []).map(({ Arn = "" }) => ({ arn: Arn, name: nameOf(Arn) })),
    [],
  );
  const [chosen, setChosen] = useState<string>();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const provider = list.data?.find((p) => p.arn === chosen);
  const remove = { OpenIDConnectProviderArn: provider?.arn ?? "" };
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        items={list.data ?? []}
        loading={list.loading && !list.data}
        loadingText={common("loading")}
        trackBy="arn"
        selectionType="single"
        selectedItems={provider ? [provider] : []}
        onSelectionChange={(e) => setChosen(e.detail.selectedItems[0]?.arn)}
        ariaLabels={{ selectionGroupLabel: t("title"), itemSelectionLabel: (_, p) => common("objects.select.one", { name: p.name }), tableLabel: t("title") }}
        empty={
          <Box textAlign="center" padding="m">
            <b>{t("none")}</b>
            <Box>{t("none.hint")}</Box>
          </Box>
        }
        header={
          <Header
            variant="h1"
            counter={list.data ? `(${list.data.length})` : undefined}
            description={t("about")}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!provider} onClick={() => setDeleting(true)}>
                  {common("delete")}
                </Button>
                <Button variant="primary" onClick={() => setCreating(true)}>
                  {t("create")}
                </Button>
              </SpaceBetween>
            }
          >
            {t("title")}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: t("provider"), isRowHeader: true, cell: (p) => p.name },
          { id: "arn", header: t("arn"), cell: (p) => <span className="mono">{p.arn}</span> },
        ]}
      />
      {provider ? <Audiences key={provider.arn} {...provider} /> : null}
      <Cli calls={[call("ListOpenIDConnectProviders", {})]} />
      {creating ? (
        <Create
          onClose={() => setCreating(false)}
          done={async (arn) => {
            await list.reload();
            setChosen(arn);
          }}
        />
      ) : null}
      {deleting && provider ? (
        <Confirm
          title={t("delete.title")}
          yes={common("yes.delete")}
          calls={[call("DeleteOpenIDConnectProvider", remove)]}
          onClose={() => setDeleting(false)}
          action={async () => {
            await iam("DeleteOpenIDConnectProvider", remove);
            setChosen(undefined);
            await list.reload();
            notify("success", t("deleted", { name: provider.name }));
          }}
        >
          <Box>{t("delete.about", { name: provider.name })}</Box>
        </Confirm>
      ) : null}
    </SpaceBetween>
  );
}

const lines = (text: string) => [...new Set(text.split("\n").map((l) => l.trim()))].filter(Boolean);

function Create({ onClose, done }: { onClose: () => void; done: (arn: string) => Promise<void> }) {
  const [Url, setUrl] = useState("");
  const [audiences, setAudiences] = useState("");
  const good = /^https:\/\/[^\s?#@/]+(\/[^\s?#]*)?$/.test(Url);
  const input = { Url, ClientIDList: lines(audiences) };
  return (
    <Confirm
      title={t("create")}
      yes={t("create")}
      no={common("cancel")}
      disabled={!good || input.ClientIDList.length === 0}
      calls={[call("CreateOpenIDConnectProvider", input)]}
      onClose={onClose}
      action={async () => {
        const { OpenIDConnectProviderArn = "" } = await iam("CreateOpenIDConnectProvider", input);
        await done(OpenIDConnectProviderArn);
        notify("success", t("created", { name: nameOf(OpenIDConnectProviderArn) }));
      }}
    >
      <FormField label={t("url")} constraintText={t("url.rule")} errorText={Url && !good ? t("url.wrong") : undefined}>
        <Input type="url" value={Url} placeholder="https://id.example.com" onChange={(e) => setUrl(e.detail.value.trim())} />
      </FormField>
      <FormField label={t("audiences")} constraintText={t("audiences.rule")}>
        <Textarea rows={3} spellcheck={false} value={audiences} onChange={(e) => setAudiences(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}

function Audiences({ arn, name }: Provider) {
  const of = { OpenIDConnectProviderArn: arn };
  const provider = useLoad(async () => iam("GetOpenIDConnectProvider", of), [arn]);
  const [adding, setAdding] = useState(false);
  const [ClientID, setClientID] = useState("");
  const [removing, setRemoving] = useState<string>();
  const save = async (verb: "AddClientIDToOpenIDConnectProvider" | "RemoveClientIDFromOpenIDConnectProvider", id: string) => {
    await iam(verb, { ...of, ClientID: id });
    await provider.reload();
    notify("success", t("saved"));
  };
  return (
    <>
      <ErrorAlert error={provider.error} />
      <Table
        items={(provider.data?.ClientIDList ?? []).map((id) => ({ id }))}
        loading={provider.loading && !provider.data}
        loadingText={common("loading")}
        trackBy="id"
        ariaLabels={{ tableLabel: t("audiences") }}
        empty={<Box textAlign="center">{t("audience.none")}</Box>}
        header={
          <Header
            variant="h2"
            description={`${name} · ${common("created")} ${dateTime(provider.data?.CreateDate)}`}
            actions={<Button onClick={() => setAdding(true)}>{t("audience.add")}</Button>}
          >
            {t("audiences")}
          </Header>
        }
        columnDefinitions={[
          { id: "id", header: t("audience"), isRowHeader: true, cell: (a) => <span className="mono">{a.id}</span> },
          {
            id: "actions",
            header: common("actions"),
            cell: (a) => <Button variant="inline-icon" iconName="remove" ariaLabel={t("audience.remove", { name: a.id })} onClick={() => setRemoving(a.id)} />,
          },
        ]}
      />
      {adding ? (
        <Confirm
          title={t("audience.add")}
          yes={t("audience.add")}
          no={common("cancel")}
          disabled={!ClientID}
          calls={[call("AddClientIDToOpenIDConnectProvider", { ...of, ClientID })]}
          onClose={() => {
            setClientID("");
            setAdding(false);
          }}
          action={() => save("AddClientIDToOpenIDConnectProvider", ClientID)}
        >
          <FormField label={t("audience")}>
            <Input value={ClientID} onChange={(e) => setClientID(e.detail.value.trim())} />
          </FormField>
        </Confirm>
      ) : null}
      {removing ? (
        <Confirm
          title={t("audience.remove.title")}
          yes={common("yes.delete")}
          calls={[call("RemoveClientIDFromOpenIDConnectProvider", { ...of, ClientID: removing })]}
          onClose={() => setRemoving(undefined)}
          action={() => save("RemoveClientIDFromOpenIDConnectProvider", removing)}
        >
          <Box>{t("audience.remove.about", { name: removing })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}
