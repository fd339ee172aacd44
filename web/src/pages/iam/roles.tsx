import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useNavigate } from "react-router";
import { allRoles, iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t as common } from "../../i18n";
import { t } from "../../i18n/pages/roles";
import { person } from "../../session";

/** The roles of the account. */
export default function Roles() {
  const go = useNavigate();
  const list = useLoad(allRoles, []);
  const [creating, setCreating] = useState(false);
  const { items, collectionProps, filterProps, paginationProps } = useCollection(list.data ?? [], {
    filtering: {
      filteringFunction: (r, text) => (r.RoleName ?? "").toLowerCase().includes(text.trim().toLowerCase()),
      empty: (
        <Box textAlign="center" padding="m">
          <b>{t("none")}</b>
          <Box>{t("none.hint")}</Box>
        </Box>
      ),
      noMatch: common("buckets.no-match"),
    },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "RoleName" } } },
  });
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        {...collectionProps}
        items={items}
        loading={list.loading && !list.data}
        loadingText={common("loading")}
        trackBy="RoleName"
        header={
          <Header
            variant="h1"
            counter={list.data ? `(${list.data.length})` : undefined}
            description={t("about")}
            actions={
              <Button variant="primary" onClick={() => setCreating(true)}>
                {t("create")}
              </Button>
            }
          >
            {t("title")}
          </Header>
        }
        filter={<TextFilter {...filterProps} filteringPlaceholder={t("find")} filteringAriaLabel={t("find")} />}
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          {
            id: "name",
            header: t("name"),
            sortingField: "RoleName",
            isRowHeader: true,
            cell: (r) => (
              <Link
                href={`/iam/role/${r.RoleName}`}
                onFollow={(e) => {
                  e.preventDefault();
                  void go(`/iam/role/${r.RoleName}`);
                }}
              >
                {r.RoleName}
              </Link>
            ),
          },
          { id: "arn", header: t("arn"), cell: (r) => <span className="mono">{r.Arn}</span> },
          { id: "created", header: common("created"), sortingField: "CreateDate", cell: (r) => dateTime(r.CreateDate) },
        ]}
      />
      <Cli calls={[{ service: "iam", name: "ListRoles", input: {} }]} />
      {creating ? <Create onClose={() => setCreating(false)} /> : null}
    </SpaceBetween>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const go = useNavigate();
  const [RoleName, setName] = useState("");
  const [who, setWho] = useState<"account" | "web">("account");
  const [account, setAccount] = useState(person()?.account ?? "");
  const [provider, setProvider] = useState("");
  const [audience, setAudience] = useState("");
  const providers = useLoad(async () => (await iam("ListOpenIDConnectProviders", {})).OpenIDConnectProviderList ?? [], []);
  const host = provider.split("/").slice(1).join("/");
  const statement =
    who === "account"
      ? { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" }
      : { Effect: "Allow", Principal: { Federated: provider }, Action: "sts:AssumeRoleWithWebIdentity", Condition: { StringEquals: { [`${host}:aud`]: audience } } };
  const input = { RoleName, AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) };
  const good = /^[\w+=,.@-]{1,64}$/.test(RoleName) && (who === "account" ? /^\d{12}$/.test(account) : !!provider && !!audience);
  return (
    <Confirm
      title={t("create")}
      yes={t("create")}
      no={common("cancel")}
      size="large"
      disabled={!good}
      calls={[{ service: "iam", name: "CreateRole", input }]}
      onClose={onClose}
      action={async () => {
        await iam("CreateRole", input);
        await go(`/iam/role/${RoleName}`);
        notify("success", t("created", { name: RoleName }));
      }}
    >
      <FormField label={t("name")} constraintText={t("name.rule")}>
        <Input value={RoleName} onChange={(e) => setName(e.detail.value)} />
      </FormField>
      <FormField label={t("who")}>
        <RadioGroup
          value={who}
          onChange={(e) => setWho(e.detail.value as "account" | "web")}
          items={(["account", "web"] as const).map((value) => ({ value, label: t(`who.${value}` as const), description: t(`who.${value}.about` as const) }))}
        />
      </FormField>
      {who === "account" ? (
        <FormField label={t("account")}>
          <Input value={account} inputMode="numeric" onChange={(e) => setAccount(e.detail.value)} />
        </FormField>
      ) : (
        <>
          <FormField label={t("provider")}>
            <Select
              selectedOption={provider ? { value: provider, label: host } : null}
              options={(providers.data ?? []).map((p) => ({ value: p.Arn ?? "", label: p.Arn?.split("/").slice(1).join("/") }))}
              empty={t("provider.none")}
              placeholder={t("provider")}
              onChange={(e) => setProvider(e.detail.selectedOption.value ?? "")}
            />
          </FormField>
          <FormField label={t("audience")}>
            <Input value={audience} onChange={(e) => setAudience(e.detail.value)} />
          </FormField>
        </>
      )}
    </Confirm>
  );
}
