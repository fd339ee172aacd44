import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useNavigate } from "react-router";
import { allUsers } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { dateTime, t } from "../../i18n";

/** The users of the account. */
export default function Users() {
  const go = useNavigate();
  const list = useLoad(allUsers, []);
  const { items, collectionProps, filterProps, paginationProps } = useCollection(list.data ?? [], {
    filtering: {
      filteringFunction: (u, text) => (u.UserName ?? "").toLowerCase().includes(text.trim().toLowerCase()),
      empty: (
        <Box textAlign="center" padding="m">
          <b>{t("users.none")}</b>
          <Box>{t("users.none.hint")}</Box>
        </Box>
      ),
      noMatch: t("buckets.no-match"),
    },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "UserName" } } },
  });
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        {...collectionProps}
        items={items}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="UserName"
        header={
          <Header
            variant="h1"
            counter={list.data ? `(${list.data.length})` : undefined}
            description={t("users.about")}
            actions={
              <Button variant="primary" onClick={() => void go("/iam/users/create")}>
                {t("users.create")}
              </Button>
            }
          >
            {t("users.title")}
          </Header>
        }
        filter={<TextFilter {...filterProps} filteringPlaceholder={t("users.find")} filteringAriaLabel={t("users.find")} />}
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          {
            id: "name",
            header: t("user.name"),
            sortingField: "UserName",
            isRowHeader: true,
            cell: (u) => (
              <Link
                href={`/iam/user/${u.UserName}`}
                onFollow={(e) => {
                  e.preventDefault();
                  void go(`/iam/user/${u.UserName}`);
                }}
              >
                {u.UserName}
              </Link>
            ),
          },
          { id: "used", header: t("user.last-used"), cell: (u) => dateTime(u.PasswordLastUsed) },
          { id: "created", header: t("created"), sortingField: "CreateDate", cell: (u) => dateTime(u.CreateDate) },
        ]}
      />
      <Cli calls={[{ service: "iam", name: "ListUsers", input: {} }]} />
    </SpaceBetween>
  );
}
