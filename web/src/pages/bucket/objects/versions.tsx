import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { addressable, copySource, s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { ErrorAlert } from "../../../components/errors";
import { useLoad } from "../../../components/load";
import { notify, notifyError } from "../../../components/notices";
import { bytes, dateTime, t } from "../../../i18n";
import { download, type ObjectProps } from "./details";

interface Row {
  id: string;
  modified?: Date;
  size?: number;
  latest: boolean;
  marker: boolean;
}

async function versionsOf(region: string, bucket: string, key: string): Promise<Row[]> {
  const rows: Row[] = [];
  let keyMarker: string | undefined;
  let idMarker: string | undefined;
  for (;;) {
    const out = await s3(region, "ListObjectVersions", { Bucket: bucket, Prefix: key, KeyMarker: keyMarker, VersionIdMarker: idMarker });
    for (const v of out.Versions ?? []) if (v.Key === key) rows.push({ id: v.VersionId ?? "null", modified: v.LastModified, size: v.Size, latest: v.IsLatest ?? false, marker: false });
    for (const m of out.DeleteMarkers ?? []) if (m.Key === key) rows.push({ id: m.VersionId ?? "null", modified: m.LastModified, latest: m.IsLatest ?? false, marker: true });
    // Other keys that begin alike come after this one.
    if (!out.IsTruncated || (out.NextKeyMarker ?? "") > key) break;
    [keyMarker, idMarker] = [out.NextKeyMarker, out.NextVersionIdMarker];
  }
  return rows.sort((a, b) => Number(b.latest) - Number(a.latest) || (b.modified?.getTime() ?? 0) - (a.modified?.getTime() ?? 0));
}

/** Manage versions: restore one, delete those that are ticked. */
export function Versions({ name, region, item, done, onClose }: ObjectProps & { done: () => Promise<void>; onClose: () => void }) {
  const list = useLoad(() => versionsOf(region, name, item.key), [region, name, item.key]);
  const [ticked, setTicked] = useState<Row[]>([]);
  const [restoring, setRestoring] = useState<"" | "continue" | "sure">("");
  const [deleting, setDeleting] = useState(false);
  const one = ticked.length === 1 ? ticked[0] : undefined;
  const again = async () => {
    setTicked([]);
    await list.reload();
    await done();
  };
  const copy = { Bucket: name, Key: item.key, CopySource: copySource(name, item.key, one?.id) };
  const remove = { Bucket: name, Delete: { Objects: ticked.map((r) => ({ Key: item.key, VersionId: r.id })) } };
  return (
    <Modal
      visible={!restoring && !deleting}
      size="large"
      header={t("versions.title", { name: item.name })}
      closeAriaLabel={t("close")}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!one || one.marker || !addressable(item.key)} onClick={() => void download(region, name, item.key, one?.id).catch(notifyError)}>
              {t("object.download")}
            </Button>
            <Button disabled={!one || one.latest || one.marker} onClick={() => setRestoring("continue")}>
              {t("versions.restore")}
            </Button>
            <Button disabled={ticked.length === 0} onClick={() => setDeleting(true)}>
              {t("versions.delete")}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <ErrorAlert error={list.error} />
      <Table
        variant="embedded"
        items={list.data ?? []}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="id"
        selectionType="multi"
        selectedItems={ticked}
        onSelectionChange={(e) => setTicked(e.detail.selectedItems)}
        ariaLabels={{
          selectionGroupLabel: t("versions.select"),
          allItemsSelectionLabel: () => t("objects.select.all"),
          itemSelectionLabel: (_, r) => t("versions.select.one", { id: r.id }),
          tableLabel: t("object.versions"),
        }}
        columnDefinitions={[
          { id: "id", header: t("versions.id"), isRowHeader: true, cell: (r) => <span className="mono">{r.id}</span> },
          { id: "state", header: t("versions.state"), cell: (r) => (r.marker ? t("versions.marker") : r.latest ? t("versions.current") : t("versions.old")) },
          { id: "modified", header: t("object.modified"), cell: (r) => dateTime(r.modified) },
          { id: "size", header: t("object.size"), cell: (r) => (r.marker ? "–" : bytes(r.size)) },
        ]}
      />
      {restoring === "continue" ? (
        <Confirm title={t("versions.restore")} yes={t("continue")} onClose={() => setRestoring("")} onDone={() => setRestoring("sure")} action={async () => undefined}>
          <Box>{t("versions.restore.about", { id: one?.id ?? "", when: dateTime(one?.modified) })}</Box>
        </Confirm>
      ) : null}
      {restoring === "sure" ? (
        <Confirm
          title={t("versions.restore.sure")}
          yes={t("yes.restore")}
          calls={[{ service: "s3", name: "CopyObject", region, input: copy }]}
          onClose={() => setRestoring("")}
          action={async () => {
            await s3(region, "CopyObject", copy);
            await again();
            notify("success", t("versions.restored"));
          }}
        >
          <Box>{t("versions.restore.keeps")}</Box>
        </Confirm>
      ) : null}
      {deleting ? (
        <Confirm
          title={t("versions.delete.title")}
          yes={t("yes.delete")}
          calls={[{ service: "s3", name: "DeleteObjects", region, input: remove }]}
          onClose={() => setDeleting(false)}
          action={async () => {
            const out = await s3(region, "DeleteObjects", remove);
            const failed = out.Errors?.[0];
            if (failed) throw Object.assign(new Error(failed.Message), { name: failed.Code ?? "Error" });
            await again();
            notify("success", t("versions.deleted", { n: ticked.length }));
          }}
        >
          <Box>{t("versions.delete.about", { n: ticked.length })}</Box>
        </Confirm>
      ) : null}
    </Modal>
  );
}
