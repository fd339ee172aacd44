import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Spinner from "@cloudscape-design/components/spinner";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { lazy, Suspense, useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { number, t } from "../../i18n";
import { can } from "../../session";
import type { TabProps } from "./page";

const Metrics = lazy(() => import("./metrics"));
const PlanUse = lazy(() => import("./plan-use"));

/** The storage plan and its change. */
export function PlanTab(p: TabProps) {
  const quota = useLoad(async () => {
    const { bundles } = await lightsail(p.region, "GetBucketBundles", { includeInactive: true });
    return (bundles?.find((b) => b.bundleId === p.bucket.bundleId)?.storagePerMonthInGb ?? 0) * 2 ** 30; // as the server counts a plan's GB
  }, [p.region, p.bucket.bundleId]);
  return (
    <SpaceBetween size="l">
      <Plan {...p} />
      {can("lightsail:GetBucketMetricData") ? (
        <Suspense fallback={<Spinner />}>
          <SpaceBetween size="l">
            <PlanUse name={p.name} region={p.region} bundle={p.bucket.bundleId ?? ""} />
            <Metrics {...p} quota={quota.data} />
          </SpaceBetween>
        </Suspense>
      ) : null}
    </SpaceBetween>
  );
}

function Plan({ bucket, name, region, reload }: TabProps) {
  const plans = useLoad(async () => (await lightsail(region, "GetBucketBundles", { includeInactive: true })).bundles ?? [], [region]);
  const [step, setStep] = useState<"" | "ask" | "choose" | "apply">("");
  const [choice, setChoice] = useState(bucket.bundleId ?? "");
  const plan = plans.data?.find((b) => b.bundleId === bucket.bundleId);
  const able = bucket.ableToUpdateBundle !== false;
  const input = { bucketName: name, bundleId: choice };
  const close = () => setStep("");
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t("plan.about")}
          actions={
            <Button disabled={!able} disabledReason={able ? undefined : t("plan.once")} onClick={() => setStep("ask")}>
              {t("plan.change")}
            </Button>
          }
        >
          {t("bucket.plan")}
        </Header>
      }
    >
      <ErrorAlert error={plans.error} />
      <KeyValuePairs
        columns={4}
        items={[
          { label: t("plan.name"), value: plan?.name ?? bucket.bundleId ?? "–" },
          { label: t("plan.price.label"), value: plan ? t("plan.price", { price: plan.price ?? 0 }) : "–" },
          { label: t("plan.storage"), value: plan ? t("plan.gb", { n: number(plan.storagePerMonthInGb) }) : "–" },
          { label: t("plan.transfer"), value: plan ? t("plan.gb", { n: number(plan.transferPerMonthInGb) }) : "–" },
        ]}
      />
      {step === "ask" ? (
        <Confirm title={t("plan.change")} yes={t("yes.change")} onClose={close} onDone={() => setStep("choose")} action={async () => undefined}>
          <Box>{t("plan.ask")}</Box>
        </Confirm>
      ) : null}
      {step === "choose" ? (
        <Confirm title={t("plan.select.title")} yes={t("plan.select")} no={t("cancel")} size="large" disabled={choice === bucket.bundleId} onClose={close} onDone={() => setStep("apply")} action={async () => undefined}>
          <Tiles
            ariaLabel={t("plan.select.title")}
            value={choice}
            onChange={(e) => setChoice(e.detail.value)}
            items={(plans.data ?? [])
              .filter((b) => b.isActive)
              .map((b) => ({
                value: b.bundleId ?? "",
                label: `${b.name ?? b.bundleId} · ${t("plan.price", { price: b.price ?? 0 })}`,
                description: t("plan.holds", { storage: number(b.storagePerMonthInGb), transfer: number(b.transferPerMonthInGb) }),
              }))}
          />
        </Confirm>
      ) : null}
      {step === "apply" ? (
        <Confirm
          title={t("plan.apply.title")}
          yes={t("yes.apply")}
          no={t("no.back")}
          calls={[{ service: "lightsail", name: "UpdateBucketBundle", region, input }]}
          onClose={close}
          action={async () => {
            await lightsail(region, "UpdateBucketBundle", input);
            await reload();
            notify("success", t("plan.changed"));
          }}
        >
          <Box>{t("plan.apply.about", { plan: choice })}</Box>
        </Confirm>
      ) : null}
    </Container>
  );
}
