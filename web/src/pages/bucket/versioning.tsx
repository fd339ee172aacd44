import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import type { TabProps } from "./page";

/** Object versioning, switched on and off. */
export function VersioningTab({ bucket, name, region, reload }: TabProps) {
  const state = bucket.objectVersioning ?? "NeverEnabled";
  const on = state === "Enabled";
  const [asking, setAsking] = useState(false);
  const input = { bucketName: name, versioning: on ? "Suspended" : "Enabled" };
  return (
    <Container
      header={
        <Header variant="h2" description={t("versioning.about")}>
          {t("versioning.title")}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <Toggle checked={on} onChange={() => setAsking(true)}>
          {on ? t("versioning.on") : t("versioning.off")}
        </Toggle>
        <Box color="text-body-secondary">{t(`versioning.${state as "NeverEnabled" | "Enabled" | "Suspended"}`)}</Box>
      </SpaceBetween>
      {asking ? (
        <Confirm
          title={on ? t("versioning.suspend") : t("versioning.enable")}
          yes={on ? t("yes.suspend") : t("yes.enable")}
          calls={[{ service: "lightsail", name: "UpdateBucket", region, input }]}
          onClose={() => setAsking(false)}
          action={async () => {
            await lightsail(region, "UpdateBucket", input);
            await reload();
            notify("success", t("versioning.changed"));
          }}
        >
          <Box>{on ? t("versioning.suspend.about") : t("versioning.enable.about")}</Box>
        </Confirm>
      ) : null}
    </Container>
  );
}
