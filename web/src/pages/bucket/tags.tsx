import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { lightsail, type Tag } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import type { TabProps } from "./page";

/** Tags of the bucket: a key alone, or a key with a value. */
export function TagsTab({ bucket, name, region, reload }: TabProps) {
  const [adding, setAdding] = useState<Tag>();
  const [deleting, setDeleting] = useState<Tag>();
  const tags = bucket.tags ?? [];
  return (
    <>
      <Table
        items={tags}
        trackBy="key"
        header={
          <Header
            variant="h2"
            counter={`(${tags.length}/50)`}
            description={t("tags.about")}
            actions={<Button onClick={() => setAdding({ key: "", value: "" })}>{t("tags.add")}</Button>}
          >
            {t("bucket.tags")}
          </Header>
        }
        empty={<Box textAlign="center">{t("tags.none")}</Box>}
        columnDefinitions={[
          { id: "key", header: t("tags.key"), isRowHeader: true, cell: (x) => x.key },
          { id: "value", header: t("tags.value"), cell: (x) => x.value || <Box color="text-status-inactive">{t("tags.key-only")}</Box> },
          {
            id: "actions",
            header: t("actions"),
            cell: (x) => (
              <SpaceBetween direction="horizontal" size="xxs">
                <Button variant="inline-icon" iconName="edit" ariaLabel={t("tags.edit", { key: x.key ?? "" })} onClick={() => setAdding(x)} />
                <Button variant="inline-icon" iconName="remove" ariaLabel={t("tags.delete", { key: x.key ?? "" })} onClick={() => setDeleting(x)} />
              </SpaceBetween>
            ),
          },
        ]}
      />
      {adding ? <EditTag tag={adding} name={name} region={region} reload={reload} onClose={() => setAdding(undefined)} /> : null}
      {deleting ? (
        <Confirm
          title={t("tags.delete.title")}
          yes={t("yes.delete")}
          calls={[{ service: "lightsail", name: "UntagResource", region, input: { resourceName: name, tagKeys: [deleting.key ?? ""] } }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await lightsail(region, "UntagResource", { resourceName: name, tagKeys: [deleting.key ?? ""] });
            await reload();
            notify("success", t("tags.deleted", { key: deleting.key ?? "" }));
          }}
        >
          <Box>{t("tags.delete.about", { key: deleting.key ?? "" })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}

interface EditTagProps {
  tag: Tag;
  name: string;
  region: string;
  reload: () => Promise<void>;
  onClose: () => void;
}

function EditTag({ tag, name, region, reload, onClose }: EditTagProps) {
  const isNew = !tag.key;
  const [key, setKey] = useState(tag.key ?? "");
  const [value, setValue] = useState(tag.value ?? "");
  const input = { resourceName: name, tags: [{ key, value: value || undefined }] };
  return (
    <Confirm
      title={isNew ? t("tags.add") : t("tags.edit", { key })}
      yes={t("save")}
      no={t("cancel")}
      disabled={!key}
      calls={[{ service: "lightsail", name: "TagResource", region, input }]}
      onClose={onClose}
      action={async () => {
        await lightsail(region, "TagResource", input);
        await reload();
        notify("success", t("tags.saved", { key }));
      }}
    >
      <Container>
        <Grid gridDefinition={[{ colspan: 6 }, { colspan: 6 }]}>
          <FormField label={t("tags.key")}>
            <Input value={key} disabled={!isNew} onChange={(e) => setKey(e.detail.value)} />
          </FormField>
          <FormField label={t("tags.value.optional")}>
            <Input value={value} onChange={(e) => setValue(e.detail.value)} />
          </FormField>
        </Grid>
      </Container>
    </Confirm>
  );
}
