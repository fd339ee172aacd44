import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { addressable, link, s3 } from "../../../aws/s3";
import { access } from "../../../components/access";
import { ErrorAlert } from "../../../components/errors";
import { useLoad } from "../../../components/load";
import { notifyError } from "../../../components/notices";
import { bytes, dateTime, t } from "../../../i18n";
import { can } from "../../../session";
import type { TabProps } from "../page";
import { CopyTo } from "./copy";
import { EditMetadata } from "./metadata";
import { EditPermission } from "./permission";
import { Preview } from "./preview";
import { Share } from "./share";
import type { Item } from "./tab";
import { EditTags } from "./tags";
import { Versions } from "./versions";

export interface ObjectProps extends TabProps {
  item: Item;
  reloadList: () => Promise<void>;
}

/** The last part of a key, as a file is named. */
export const fileName = (key: string) => key.split("/").findLast((p) => p) ?? "object";

/** Makes the browser save the object. */
export async function download(region: string, bucket: string, key: string, versionId?: string): Promise<void> {
  const a = document.createElement("a");
  a.href = await link(region, bucket, key, { saveAs: fileName(key), versionId, seconds: 300 });
  a.rel = "noreferrer";
  a.click();
}

type Prompt = "" | "copy" | "move" | "share" | "preview" | "tags" | "metadata" | "permission" | "versions";

/** The object information pane. */
export function Details(p: ObjectProps & { remove: () => void }) {
  const { bucket, name, region, item, reloadList } = p;
  const target = { Bucket: name, Key: item.key };
  const [prompt, setPrompt] = useState<Prompt>("");
  const head = useLoad(() => s3(region, "HeadObject", target), [region, name, item.key, item.etag]);
  const tags = useLoad(async () => (can("s3:GetObjectTagging") ? ((await s3(region, "GetObjectTagging", target)).TagSet ?? []) : []), [region, name, item.key]);
  const individual = access(bucket.accessRules).mode === "objects";
  const acl = useLoad(
    async () => (await s3(region, "GetObjectAcl", target)).Grants?.some((g) => g.Grantee?.URI?.endsWith("/global/AllUsers") && g.Permission === "READ") ?? false,
    [region, name, item.key],
  );
  const close = () => setPrompt("");
  const isPublic = access(bucket.accessRules).mode === "public" || (individual && acl.data === true);
  const reachable = addressable(item.key);
  const again = async () => {
    await Promise.all([head.reload(), tags.reload(), acl.reload()]);
    await reloadList();
  };
  const meta = Object.entries(head.data?.Metadata ?? {});
  return (
    <Container
      header={
        <Header
          variant="h3"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button
                iconName="download"
                disabled={!reachable}
                disabledReason={reachable ? undefined : t("object.dots")}
                onClick={() => void download(region, name, item.key).catch(notifyError)}
              >
                {t("object.download")}
              </Button>
              <ButtonDropdown
                variant="icon"
                ariaLabel={t("object.more")}
                items={[
                  { id: "preview", text: t("object.preview"), disabled: !reachable },
                  { id: "share", text: t("object.share"), disabled: !reachable },
                  { id: "copy", text: t("object.copy") },
                  { id: "move", text: t("object.move") },
                  { id: "delete", text: t("delete") },
                ]}
                onItemClick={(e) => (e.detail.id === "delete" ? p.remove() : setPrompt(e.detail.id as Prompt))}
              />
            </SpaceBetween>
          }
        >
          <span className="mono">{item.name}</span>
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={head.error} />
        <KeyValuePairs
          columns={2}
          items={[
            { label: t("object.size"), value: bytes(item.size) },
            { label: t("object.modified"), value: dateTime(item.modified) },
            { label: t("object.etag"), value: <span className="mono">{item.etag?.replaceAll('"', "")}</span> },
            { label: t("object.uri"), value: <span className="mono">{`s3://${name}/${item.key}`}</span> },
          ]}
        />
        <Part
          title={t("object.permission")}
          edit={t("object.permission.edit")}
          disabled={!individual}
          why={t("object.permission.why")}
          onEdit={() => setPrompt("permission")}
        >
          {isPublic ? t("object.public") : t("object.private")}
        </Part>
        <Part title={t("object.metadata")} edit={t("object.metadata.edit")} onEdit={() => setPrompt("metadata")}>
          <KeyValuePairs
            columns={2}
            items={[{ label: t("object.type"), value: head.data?.ContentType ?? "–" }, ...meta.map(([k, v]) => ({ label: k, value: v }))]}
          />
        </Part>
        {can("s3:PutObjectTagging", "s3:GetObjectTagging") ? (
          <Part title={t("object.tags")} edit={tags.data?.length ? t("object.tags.edit") : t("object.tags.add")} onEdit={() => setPrompt("tags")}>
            <ErrorAlert error={tags.error} />
            {tags.data?.length ? <KeyValuePairs columns={2} items={tags.data.map((x) => ({ label: x.Key ?? "", value: x.Value ?? "" }))} /> : t("tags.none")}
          </Part>
        ) : null}
        {bucket.objectVersioning && bucket.objectVersioning !== "NeverEnabled" ? (
          <Part title={t("object.versions")} edit={t("object.versions.manage")} onEdit={() => setPrompt("versions")}>
            {t("object.version.current", { id: head.data?.VersionId ?? "null" })}
          </Part>
        ) : null}
      </SpaceBetween>
      {prompt === "copy" || prompt === "move" ? <CopyTo {...p} move={prompt === "move"} onClose={close} /> : null}
      {prompt === "share" ? <Share {...p} onClose={close} /> : null}
      {prompt === "preview" ? <Preview {...p} contentType={head.data?.ContentType ?? ""} onClose={close} /> : null}
      {prompt === "permission" ? <EditPermission {...p} isPublic={acl.data === true} done={again} onClose={close} /> : null}
      {prompt === "metadata" && head.data ? <EditMetadata {...p} head={head.data} done={again} onClose={close} /> : null}
      {prompt === "tags" ? <EditTags {...p} tags={tags.data ?? []} done={tags.reload} onClose={close} /> : null}
      {prompt === "versions" ? <Versions {...p} done={again} onClose={close} /> : null}
    </Container>
  );
}

interface PartProps {
  title: string;
  edit: string;
  disabled?: boolean;
  why?: string;
  onEdit: () => void;
  children: React.ReactNode;
}

function Part({ title, edit, disabled, why, onEdit, children }: PartProps) {
  return (
    <SpaceBetween size="xxs">
      <Header
        variant="h3"
        headingTagOverride="h4"
        actions={
          <Button variant="inline-link" ariaLabel={`${edit}: ${title}`} disabled={disabled} disabledReason={disabled ? why : undefined} onClick={onEdit}>
            {edit}
          </Button>
        }
      >
        {title}
      </Header>
      <Box>{children}</Box>
    </SpaceBetween>
  );
}
