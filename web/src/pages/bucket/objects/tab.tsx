import Box from "@cloudscape-design/components/box";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { type DragEvent, useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { s3 } from "../../../aws/s3";
import { Cli } from "../../../components/cli";
import { Confirm } from "../../../components/confirm";
import { ErrorAlert } from "../../../components/errors";
import { useLoad } from "../../../components/load";
import { notify, notifyError } from "../../../components/notices";
import { bytes, dateTime, t } from "../../../i18n";
import { t as moves } from "../../../i18n/pages/transfer";
import { dropped } from "../../../uploads/dropped";
import { uploads } from "../../../uploads/manager";
import { UploadPanel } from "../../../uploads/panel";
import type { TabProps } from "../page";
import { Details } from "./details";
import { Remove } from "./remove";
import Transfer from "./transfer";
import { saveZip } from "./zip";

/** A row of the browser: an object, or a folder when its key ends with a slash. */
export interface Item {
  key: string;
  name: string;
  folder: boolean;
  size?: number;
  modified?: Date;
  etag?: string;
  storageClass?: string;
}

const perPage = 50; // rows cost a millisecond of scripting and more each

interface PageOf {
  folder: string;
  items: Item[];
  next?: string;
}

async function listPage(region: string, bucket: string, folder: string, filter: string, token: string | undefined): Promise<PageOf> {
  const out = await s3(region, "ListObjectsV2", { Bucket: bucket, Prefix: folder + filter, Delimiter: "/", MaxKeys: perPage, ContinuationToken: token });
  const folders = (out.CommonPrefixes ?? []).map((p): Item => ({ key: p.Prefix ?? "", name: (p.Prefix ?? "").slice(folder.length), folder: true }));
  const objects = (out.Contents ?? [])
    .filter((o) => o.Key !== folder) // the marker of the folder itself
    .map((o): Item => ({ key: o.Key ?? "", name: (o.Key ?? "").slice(folder.length), folder: false, size: o.Size, modified: o.LastModified, etag: o.ETag }));
  return { folder, items: [...folders, ...objects], next: out.IsTruncated ? out.NextContinuationToken : undefined };
}

/** The object browser: folders, filter by name, pages that cost the same however large the bucket is. */
export default function ObjectsTab(p: TabProps) {
  const { name, region } = p;
  const [params, setParams] = useSearchParams();
  const folder = params.get("folder") ?? "";
  const [filter, setFilter] = useState("");
  const [applied, setApplied] = useState("");
  const [tokens, setTokens] = useState<(string | undefined)[]>([undefined]);
  const [pageNumber, setPageNumber] = useState(1);
  const [selected, setSelected] = useState<Item[]>([]);
  const [sorting, setSorting] = useState<{ field: "name" | "size" | "modified"; descending: boolean }>({ field: "name", descending: false });
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<Item[]>();
  const [moving, setMoving] = useState<Item[]>();
  const [over, setOver] = useState(false);
  const list = useLoad(() => listPage(region, name, folder, applied, tokens[pageNumber - 1]), [region, name, folder, applied, pageNumber]);

  const restart = () => {
    setTokens([undefined]);
    setPageNumber(1);
    setSelected([]);
  };
  useEffect(() => {
    const timer = setTimeout(() => {
      if (filter !== applied) {
        restart();
        setApplied(filter);
      }
    }, 250);
    return () => clearTimeout(timer);
  }, [filter, applied]);
  useEffect(() => {
    const next = list.data?.next;
    setTokens((known) => (next && known.length === pageNumber ? [...known, next] : known));
  }, [list.data, pageNumber]);
  useEffect(() => uploads.onFinished((bucket) => void (bucket === name && list.reload())), [name, list.reload]);

  const open = (to: string) => {
    setFilter("");
    setApplied("");
    restart();
    setParams(to ? { folder: to } : {});
  };
  const reload = async () => {
    setSelected([]);
    await list.reload();
  };
  const add = (files: { path: string; file: File }[]) => uploads.add(region, name, files.map(({ path, file }) => ({ key: folder + path, file })));
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    dropped(e.dataTransfer).then(add, notifyError);
  };

  // What is shown stays while it is asked for again: to build the rows anew is what costs.
  const here = list.data?.folder === folder ? list.data : undefined;
  const items = useMemo(() => sorted(here?.items ?? [], sorting), [here, sorting]);
  const one = selected.length === 1 && selected[0] && !selected[0].folder ? selected[0] : undefined;
  const columns: TableProps.ColumnDefinition<Item>[] = [
    {
      id: "name",
      header: t("object.name"),
      sortingField: "name",
      isRowHeader: true,
      cell: (o) => (o.folder ? <FolderLink item={o} open={open} /> : <span className="mono">{o.name}</span>),
    },
    { id: "size", header: t("object.size"), sortingField: "size", cell: (o) => (o.folder ? "–" : bytes(o.size)) },
    { id: "modified", header: t("object.modified"), sortingField: "modified", cell: (o) => (o.folder ? "–" : dateTime(o.modified)) },
  ];
  return (
    <SpaceBetween size="m">
      <UploadPanel bucket={name} />
      <ErrorAlert error={list.error} />
      {folder ? <Path bucket={name} folder={folder} open={open} /> : null}
      <div
        className={over ? "drop" : undefined}
        data-testid="drop"
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Grid gridDefinition={one ? [{ colspan: { default: 12, m: 7 } }, { colspan: { default: 12, m: 5 } }] : [{ colspan: 12 }]}>
          <Table
            items={items}
            trackBy="key"
            loading={list.loading && !here}
            loadingText={t("loading")}
            selectionType="multi"
            selectedItems={selected}
            onSelectionChange={(e) => setSelected(e.detail.selectedItems)}
            ariaLabels={{
              selectionGroupLabel: t("objects.select"),
              allItemsSelectionLabel: () => t("objects.select.all"),
              itemSelectionLabel: (_, o) => t("objects.select.one", { name: o.name }),
              tableLabel: t("tab.objects"),
            }}
            sortingColumn={columns.find((c) => c.id === sorting.field)}
            sortingDescending={sorting.descending}
            onSortingChange={(e) => setSorting({ field: e.detail.sortingColumn.sortingField as "name", descending: e.detail.isDescending ?? false })}
            columnDefinitions={columns}
            header={
              <Header
                variant="h2"
                description={selected.length > 1 ? t("objects.selected", { n: selected.length, size: bytes(selected.reduce((n, o) => n + (o.size ?? 0), 0)) }) : undefined}
                actions={
                  <Actions
                    selected={selected}
                    add={add}
                    reload={reload}
                    make={() => setMaking(true)}
                    move={() => setMoving(selected)}
                    remove={() => setRemoving(selected)}
                    zip={() => saveZip(region, name, folder, selected)}
                  />
                }
              >
                {t("tab.objects")}
              </Header>
            }
            filter={<TextFilter filteringText={filter} filteringPlaceholder={t("objects.filter")} filteringAriaLabel={t("objects.filter")} onChange={(e) => setFilter(e.detail.filteringText)} />}
            pagination={
              <Pagination
                currentPageIndex={pageNumber}
                pagesCount={tokens.length}
                openEnd={list.data?.next !== undefined && tokens.length === pageNumber}
                onChange={(e) => {
                  setSelected([]);
                  setPageNumber(e.detail.currentPageIndex);
                }}
              />
            }
            empty={
              <Box textAlign="center" padding="l">
                <SpaceBetween size="xs">
                  <b>{applied ? t("objects.no-match") : t("objects.empty")}</b>
                  <Box>{t("objects.empty.hint")}</Box>
                </SpaceBetween>
              </Box>
            }
          />
          {one ? <Details key={one.key} {...p} item={one} reloadList={reload} remove={() => setRemoving([one])} /> : null}
        </Grid>
      </div>
      <Cli
        calls={[
          { service: "s3", name: "ListObjectsV2", region, input: { Bucket: name, Prefix: folder + applied || undefined, Delimiter: "/" } },
          `aws --endpoint-url ${p.endpoint} s3 cp ./file s3://${name}/${folder}`,
        ]}
      />
      {making ? <NewFolder {...p} folder={folder} reload={reload} onClose={() => setMaking(false)} /> : null}
      {moving ? <Transfer {...p} items={moving} folder={folder} reloadList={reload} onClose={() => setMoving(undefined)} /> : null}
      {removing ? <Remove {...p} items={removing} reloadList={reload} onClose={() => setRemoving(undefined)} /> : null}
    </SpaceBetween>
  );
}

function sorted(items: Item[], by: { field: "name" | "size" | "modified"; descending: boolean }): Item[] {
  if (by.field === "name" && !by.descending) return items; // as S3 sorts
  const value = (o: Item) => (by.field === "name" ? o.name : by.field === "size" ? (o.size ?? -1) : (o.modified?.getTime() ?? 0));
  const turn = by.descending ? -1 : 1;
  return [...items].sort((a, b) => (value(a) < value(b) ? -turn : value(a) > value(b) ? turn : 0));
}

function FolderLink({ item, open }: { item: Item; open: (folder: string) => void }) {
  return (
    <Link
      href={`?folder=${encodeURIComponent(item.key)}`}
      onFollow={(e) => {
        e.preventDefault();
        open(item.key);
      }}
    >
      {item.name}
    </Link>
  );
}

function Path({ bucket, folder, open }: { bucket: string; folder: string; open: (folder: string) => void }) {
  const parts = folder.split("/").slice(0, -1);
  return (
    <BreadcrumbGroup
      ariaLabel={t("objects.path")}
      items={[{ text: bucket, href: "" }, ...parts.map((text, i) => ({ text: text || "/", href: parts.slice(0, i + 1).join("/") + "/" }))]}
      onFollow={(e) => {
        e.preventDefault();
        open(e.detail.href);
      }}
    />
  );
}

interface ActionsProps {
  selected: Item[];
  add: (files: { path: string; file: File }[]) => void;
  make: () => void;
  move: () => void;
  remove: () => void;
  zip: () => Promise<void>;
  reload: () => Promise<void>;
}

function Actions({ selected, add, make, move, remove, zip, reload }: ActionsProps) {
  const [zipping, setZipping] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const directory = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    add([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
    input.value = "";
  };
  return (
    <>
      <input ref={files} type="file" multiple hidden data-testid="files" aria-label={t("upload.files")} onChange={(e) => take(e.target)} />
      <input
        ref={(e) => {
          e?.setAttribute("webkitdirectory", "");
          directory.current = e;
        }}
        type="file"
        multiple
        hidden
        data-testid="directory"
        aria-label={t("upload.directory")}
        onChange={(e) => take(e.target)}
      />
      <SpaceBetween direction="horizontal" size="xs">
      <Button iconName="refresh" ariaLabel={t("refresh")} onClick={() => void reload()} />
      <Button
        disabled={selected.length === 0}
        loading={zipping}
        onClick={() => {
          setZipping(true);
          zip()
            .catch((err: unknown) => {
              if (!(err instanceof DOMException && err.name === "AbortError")) notifyError(err); // else the reader chose no file
            })
            .finally(() => setZipping(false));
        }}
      >
        {t("objects.zip")}
      </Button>
      <Button disabled={selected.length === 0} onClick={move}>
        {moves("title")}
      </Button>
      <Button disabled={selected.length === 0} onClick={remove}>
        {t("delete")}
      </Button>
      <Button onClick={make}>{t("folder.create")}</Button>
      <ButtonDropdown
        variant="primary"
        items={[
          { id: "files", text: t("upload.file") },
          { id: "directory", text: t("upload.directory") },
        ]}
        onItemClick={(e) => (e.detail.id === "files" ? files : directory).current?.click()}
      >
        {t("upload")}
      </ButtonDropdown>
      </SpaceBetween>
    </>
  );
}

function NewFolder({ name, region, folder, reload, onClose }: TabProps & { folder: string; onClose: () => void }) {
  const [text, setText] = useState("");
  const input = { Bucket: name, Key: `${folder}${text}/` };
  return (
    <Confirm
      title={t("folder.create")}
      yes={t("folder.make")}
      no={t("cancel")}
      disabled={!text || text.includes("/")}
      calls={[{ service: "s3", name: "PutObject", region, input }]}
      onClose={onClose}
      action={async () => {
        await s3(region, "PutObject", input);
        await reload();
        notify("success", t("folder.made", { name: text }));
      }}
    >
      <FormField label={t("folder.name")} description={t("folder.about")} errorText={text.includes("/") ? t("folder.slash") : undefined}>
        <Input value={text} onChange={(e) => setText(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
