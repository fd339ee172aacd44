import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lightsail, type LightsailInput } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { bytes } from "../../i18n";
import { t } from "../../i18n/pages/plan-use";

const metrics = ["PlanStorageUsed", "PlanStorageQuota", "PlanStorageForecast", "PlanTransferUsed", "PlanTransferQuota", "PlanTransferForecast", "PlanTransferOverage"] as const;
type Figures = Partial<Record<(typeof metrics)[number], number>>;

const around = 3_600_000; // the clock of the browser may be off by as much

// The SDK's model does not name the server's metrics of the plan.
function inputOf(bucketName: string, metricName: string) {
  const now = Date.now();
  const input = { bucketName, metricName, startTime: new Date(now - around), endTime: new Date(now + around), period: 300, statistics: ["Maximum"], unit: "Bytes" };
  return input as unknown as LightsailInput<"GetBucketMetricData">;
}

/** What the bucket has used of its plan in the month, and what it comes to. */
export default function PlanUse({ name, region, bundle }: { name: string; region: string; bundle: string }) {
  const load = useLoad(async () => {
    const all = await Promise.all(metrics.map((m) => lightsail(region, "GetBucketMetricData", inputOf(name, m))));
    return Object.fromEntries(all.map((out, i) => [metrics[i], out.metricData?.[0]?.maximum])) as Figures;
  }, [name, region, bundle]);
  const f = load.data ?? {};
  return (
    <Container header={<Header variant="h2" description={t("about")}>{t("title")}</Header>}>
      <SpaceBetween size="m">
        <ErrorAlert error={load.error} />
        {load.data && f.PlanStorageUsed === undefined ? <Box>{t("none")}</Box> : null}
        <Use label={t("storage")} used={f.PlanStorageUsed} quota={f.PlanStorageQuota} />
        <Use label={t("transfer")} used={f.PlanTransferUsed} quota={f.PlanTransferQuota} />
        <KeyValuePairs
          columns={3}
          items={[
            { label: t("storage.forecast"), value: <Forecast value={f.PlanStorageForecast} quota={f.PlanStorageQuota} /> },
            { label: t("transfer.forecast"), value: <Forecast value={f.PlanTransferForecast} quota={f.PlanTransferQuota} /> },
            { label: t("overage"), value: bytes(f.PlanTransferOverage) },
          ]}
        />
        <Cli calls={metrics.map((m) => ({ service: "lightsail", name: "GetBucketMetricData", region, input: inputOf(name, m) }))} />
      </SpaceBetween>
    </Container>
  );
}

function Use({ label, used, quota }: { label: string; used?: number; quota?: number }) {
  const part = used !== undefined && quota ? Math.min(100, (100 * used) / quota) : 0;
  const text = quota ? t("of", { used: bytes(used), quota: bytes(quota) }) : t("of.none", { used: bytes(used) });
  return <ProgressBar label={label} value={part} additionalInfo={text} />;
}

function Forecast({ value, quota }: { value?: number; quota?: number }) {
  if (value === undefined || !quota) return bytes(value);
  const over = value > quota;
  return <StatusIndicator type={over ? "warning" : "success"}>{t(over ? "over" : "within", { forecast: bytes(value) })}</StatusIndicator>;
}
