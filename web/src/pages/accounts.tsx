import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { type AccountOfOurs, allAccounts, createInvitation, type Invitation } from "../aws/keyhaven";
import { Cli } from "../components/cli";
import { Confirm } from "../components/confirm";
import { ErrorAlert } from "../components/errors";
import { useLoad } from "../components/load";
import { t as common } from "../i18n";
import { t } from "../i18n/pages/accounts";
import { CloseAccount } from "./accounts-close";
import { CreateAccount, Ready, timeOf } from "./accounts-create";

const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dayOf = (seconds: number | undefined) => (seconds === undefined ? "–" : days.format(seconds * 1000));
const nameOf = (a: AccountOfOurs) => a.name ?? t("no-name");

function State({ of: a }: { of: AccountOfOurs }) {
  if (a.state === "Closed") return <StatusIndicator type="stopped">{t("closed", { at: dayOf(a.closedAt) })}</StatusIndicator>;
  if (a.first) return <StatusIndicator type="success">{t("yours")}</StatusIndicator>;
  if (!a.invitedUntil) return <StatusIndicator type="success">{t("open")}</StatusIndicator>;
  if (a.invitedUntil * 1000 <= Date.now()) return <StatusIndicator type="warning">{t("expired")}</StatusIndicator>;
  return <StatusIndicator type="pending">{t("invited", { at: dayOf(a.invitedUntil) })}</StatusIndicator>;
}

/** The accounts of the installation, for its owner alone. */
export default function Accounts() {
  const list = useLoad(allAccounts, []);
  const [creating, setCreating] = useState(false);
  const [linking, setLinking] = useState<AccountOfOurs>();
  const [link, setLink] = useState<Invitation>();
  const [closing, setClosing] = useState<AccountOfOurs>();
  const all = list.data ?? [];
  const { items, collectionProps, filterProps, paginationProps } = useCollection(all, {
    filtering: {
      filteringFunction: (a, text) => `${a.name ?? ""} ${a.alias ?? ""} ${a.accountId}`.toLowerCase().includes(text.trim().toLowerCase()),
      noMatch: common("buckets.no-match"),
    },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "createdAt" } } },
  });
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        {...collectionProps}
        items={items}
        loading={list.loading && !list.data}
        loadingText={common("loading")}
        trackBy="accountId"
        ariaLabels={{ tableLabel: t("title") }}
        header={
          <Header
            variant="h1"
            counter={list.data ? `(${all.length})` : undefined}
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
        footer={all.length === 1 ? <Box textAlign="center">{t("none")}</Box> : undefined}
        columnDefinitions={[
          { id: "name", header: t("name"), sortingField: "name", isRowHeader: true, cell: nameOf },
          { id: "id", header: t("id"), sortingField: "accountId", cell: (a) => a.accountId },
          { id: "created", header: common("created"), sortingField: "createdAt", cell: (a) => timeOf(a.createdAt) },
          { id: "state", header: t("state"), cell: (a) => <State of={a} /> },
          {
            id: "actions",
            header: common("actions"),
            cell: (a) =>
              a.first || a.state === "Closed" ? null : (
                <SpaceBetween direction="horizontal" size="xs">
                  {a.invitedUntil ? <Button variant="inline-icon" iconName="refresh" ariaLabel={t("link", { name: nameOf(a) })} onClick={() => setLinking(a)} /> : null}
                  <Button variant="inline-icon" iconName="remove" ariaLabel={t("close", { name: nameOf(a) })} onClick={() => setClosing(a)} />
                </SpaceBetween>
              ),
          },
        ]}
      />
      <Cli calls={[{ service: "keyhaven", name: "ListAccounts", input: {} }]} />
      {creating ? <CreateAccount all={all} reload={list.reload} onClose={() => setCreating(false)} /> : null}
      {linking && !link ? (
        <Confirm
          title={t("link.title")}
          yes={t("link.yes")}
          calls={[{ service: "keyhaven", name: "CreateAccountInvitation", input: { accountId: linking.accountId } }]}
          onClose={() => setLinking(undefined)}
          onDone={() => undefined}
          action={async () => {
            setLink(await createInvitation(linking.accountId));
            await list.reload();
          }}
        >
          <Box>{t("link.about", { name: nameOf(linking) })}</Box>
        </Confirm>
      ) : null}
      {linking && link ? (
        <Ready
          accountId={linking.accountId}
          invitation={link}
          onClose={() => {
            setLink(undefined);
            setLinking(undefined);
          }}
        />
      ) : null}
      {closing ? <CloseAccount account={closing} name={nameOf(closing)} reload={list.reload} onClose={() => setClosing(undefined)} /> : null}
    </SpaceBetween>
  );
}
