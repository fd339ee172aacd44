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
import { type Bucket, lightsail } from "../aws/lightsail";
import { access } from "../components/access";
import { Cli } from "../components/cli";
import { ErrorAlert } from "../components/errors";
import { useLoad } from "../components/load";
import { useRegion } from "../components/region";
import { dateTime, t } from "../i18n";
import { Tour } from "./tour";

/** Every bucket of the region. */
export async function allBuckets(region: string): Promise<Bucket[]> {
  const all: Bucket[] = [];
  let pageToken: string | undefined;
  do {
    const out = await lightsail(region, "GetBuckets", { pageToken });
    all.push(...(out.buckets ?? []));
    pageToken = out.nextPageToken;
  } while (pageToken);
  return all;
}

const tags = (b: Bucket) => (b.tags ?? []).map((x) => (x.value ? `${x.key}: ${x.value}` : (x.key ?? ""))).join(", ");

/** Storage: the buckets of the region, searched by name and tag. */
export function Buckets() {
  const go = useNavigate();
  const region = useRegion();
  const list = useLoad(() => allBuckets(region), [region]);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(list.data ?? [], {
    filtering: {
      filteringFunction: (b, text) => [b.name ?? "", tags(b)].some((s) => s.toLowerCase().includes(text.trim().toLowerCase())),
      noMatch: <Box textAlign="center">{t("buckets.no-match")}</Box>,
      empty: (
        <Box textAlign="center" padding="l">
          <SpaceBetween size="s">
            <b>{t("buckets.empty", { region })}</b>
            <Box>{t("buckets.empty.hint")}</Box>
            <Button onClick={() => void go("/storage/create")}>{t("bucket.create")}</Button>
          </SpaceBetween>
        </Box>
      ),
    },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "name" } } },
  });
  return (
    <SpaceBetween size="l">
      <Tour buckets={list.data} />
      <ErrorAlert error={list.error} />
      <Table
        {...collectionProps}
        items={items}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="name"
        header={
          <Header
            variant="h1"
            counter={list.data ? `(${list.data.length})` : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={t("refresh")} onClick={() => void list.reload()} />
                <Button variant="primary" onClick={() => void go("/storage/create")}>
                  {t("bucket.create")}
                </Button>
              </SpaceBetween>
            }
          >
            {t("buckets.title")}
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={t("buckets.find")}
            filteringAriaLabel={t("buckets.find")}
            countText={t("buckets.matches", { n: filteredItemsCount ?? 0 })}
          />
        }
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          {
            id: "name",
            header: t("bucket.name"),
            sortingField: "name",
            isRowHeader: true,
            cell: (b) => (
              <Link
                href={`/storage/${b.name}`}
                onFollow={(e) => {
                  e.preventDefault();
                  void go(`/storage/${b.name}`);
                }}
              >
                {b.name}
              </Link>
            ),
          },
          { id: "bundle", header: t("bucket.plan"), sortingField: "bundleId", cell: (b) => b.bundleId ?? "–" },
          { id: "access", header: t("bucket.access"), cell: (b) => access(b.accessRules).label },
          { id: "tags", header: t("bucket.tags"), cell: (b) => tags(b) || "–" },
          { id: "created", header: t("created"), sortingField: "createdAt", cell: (b) => dateTime(b.createdAt) },
        ]}
      />
      <Cli calls={[{ service: "lightsail", name: "GetBuckets", region, input: {} }]} />
    </SpaceBetween>
  );
}
