import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import type { TabProps } from "./page";

const most = 10;

/** Cross-account access: other accounts that may read. */
export function Readers({ bucket, name, region, reload }: TabProps) {
  const ids = bucket.readonlyAccessAccounts ?? [];
  const [id, setId] = useState<string>();
  const [removing, setRemoving] = useState<string>();
  const next = removing ? ids.filter((x) => x !== removing) : [...ids, id ?? ""];
  const input = { bucketName: name, readonlyAccessAccounts: next };
  const act = async () => {
    await lightsail(region, "UpdateBucket", input);
    await reload();
    notify("success", t("readers.saved"));
  };
  return (
    <>
      <Table
        items={ids.map((x) => ({ id: x }))}
        trackBy="id"
        ariaLabels={{ tableLabel: t("readers.title") }}
        empty={<Box textAlign="center">{t("readers.none")}</Box>}
        header={
          <Header
            variant="h2"
            counter={`(${ids.length}/${most})`}
            description={t("readers.about")}
            actions={
              <Button disabled={ids.length >= most} onClick={() => setId("")}>
                {t("readers.add")}
              </Button>
            }
          >
            {t("readers.title")}
          </Header>
        }
        columnDefinitions={[
          { id: "id", header: t("readers.id"), isRowHeader: true, cell: (x) => <span className="mono">{x.id}</span> },
          {
            id: "actions",
            header: t("actions"),
            cell: (x) => <Button variant="inline-icon" iconName="remove" ariaLabel={t("readers.remove", { id: x.id })} onClick={() => setRemoving(x.id)} />,
          },
        ]}
      />
      {id !== undefined ? (
        <Confirm
          title={t("readers.add")}
          yes={t("save")}
          no={t("cancel")}
          disabled={!/^\d{12}$/.test(id) || ids.includes(id)}
          calls={[{ service: "lightsail", name: "UpdateBucket", region, input }]}
          onClose={() => setId(undefined)}
          action={act}
        >
          <FormField label={t("readers.id")} constraintText={t("readers.rule")}>
            <Input value={id} inputMode="numeric" onChange={(e) => setId(e.detail.value)} />
          </FormField>
        </Confirm>
      ) : null}
      {removing ? (
        <Confirm
          title={t("readers.remove.title")}
          yes={t("yes.delete")}
          calls={[{ service: "lightsail", name: "UpdateBucket", region, input }]}
          onClose={() => setRemoving(undefined)}
          action={act}
        >
          <Box>{t("readers.remove.about", { id: removing })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}
