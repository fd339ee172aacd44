import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, Suspense, useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { access, accessModes, type AccessMode, rulesOf } from "../../components/access";
import { Confirm } from "../../components/confirm";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import { AccessKeys } from "./access-keys";
import { can } from "../../session";
import type { TabProps } from "./page";
import { Readers } from "./readers";

const Resources = lazy(() => import("./resources"));

/** Who may reach the bucket, and with what. */
export function Permissions(p: TabProps) {
  return (
    <SpaceBetween size="l">
      <BucketAccess {...p} />
      <AccessKeys {...p} />
      {can("lightsail:SetResourceAccessForBucket", "lightsail:GetInstances") ? (
        <Suspense fallback={<Spinner />}>
          <Resources {...p} />
        </Suspense>
      ) : null}
      {/* The server came to know who may read a bucket all at once. */}
      {can("s3:PutBucketPolicy") ? <Readers {...p} /> : null}
    </SpaceBetween>
  );
}

function BucketAccess({ bucket, name, region, reload }: TabProps) {
  const now = access(bucket.accessRules);
  const [editing, setEditing] = useState(false);
  const [mode, setMode] = useState<AccessMode>(now.mode);
  const [confirming, setConfirming] = useState(false);
  const input = { bucketName: name, accessRules: rulesOf(mode) };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t("access.about")}
          actions={
            editing ? (
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setEditing(false)}>{t("cancel")}</Button>
                <Button variant="primary" disabled={mode === now.mode} onClick={() => setConfirming(true)}>
                  {t("save")}
                </Button>
              </SpaceBetween>
            ) : (
              <Button
                onClick={() => {
                  setMode(now.mode);
                  setEditing(true);
                }}
              >
                {t("access.change")}
              </Button>
            )
          }
        >
          {t("access.title")}
        </Header>
      }
    >
      {editing ? (
        <RadioGroup
          ariaLabel={t("access.title")}
          value={mode}
          onChange={(e) => setMode(e.detail.value as AccessMode)}
          items={accessModes.map((m) => ({ value: m, label: t(`access.${m}` as const), description: t(`access.${m}.about` as const) }))}
        />
      ) : (
        <SpaceBetween size="xxs">
          <Box variant="strong">{now.label}</Box>
          <Box>{t(`access.${now.mode}.about` as const)}</Box>
        </SpaceBetween>
      )}
      {confirming ? (
        <Confirm
          title={t("access.confirm")}
          yes={t("yes.save")}
          calls={[{ service: "lightsail", name: "UpdateBucket", region, input }]}
          onClose={() => setConfirming(false)}
          action={async () => {
            await lightsail(region, "UpdateBucket", input);
            await reload();
            setEditing(false);
            notify("success", t("access.changed", { mode: t(`access.${mode}` as const) }));
          }}
        >
          <Box>{t("access.from-to", { from: now.label, to: t(`access.${mode}` as const) })}</Box>
          {mode === "private" ? null : <Box>{t("access.public.warning")}</Box>}
        </Confirm>
      ) : null}
    </Container>
  );
}
