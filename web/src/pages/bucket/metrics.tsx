import type { MetricDatapoint } from "@aws-sdk/client-lightsail";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import LineChart, { type LineChartProps } from "@cloudscape-design/components/line-chart";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lightsail } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { bytes, dateTime, number, t } from "../../i18n";
import { can } from "../../session";
import Alarms from "./alarms";
import type { TabProps } from "./page";

const spans = {
  "1h": { seconds: 3600, period: 300 },
  "6h": { seconds: 6 * 3600, period: 300 },
  "1d": { seconds: 86_400, period: 900 },
  "1w": { seconds: 7 * 86_400, period: 3600 },
  "2w": { seconds: 14 * 86_400, period: 3600 },
} as const;

type Span = keyof typeof spans;

const metrics = {
  BucketSizeBytes: { unit: "Bytes", statistic: "Maximum", show: bytes, value: (d: MetricDatapoint) => d.maximum },
  NumberOfObjects: { unit: "Count", statistic: "Average", show: number, value: (d: MetricDatapoint) => d.average },
} as const;

type Metric = keyof typeof metrics;

/** Graphs of the bucket's metrics, from an hour to two weeks, with the line of the quota. */
export default function Metrics({ quota, ...tab }: TabProps & { quota?: number }) {
  const { name, region } = tab;
  const [metric, setMetric] = useState<Metric>("BucketSizeBytes");
  const [span, setSpan] = useState<Span>("1d");
  const m = metrics[metric];
  const [now] = useState(() => new Date());
  const startTime = new Date(now.getTime() - spans[span].seconds * 1000);
  const input = { bucketName: name, metricName: metric, startTime, endTime: now, period: spans[span].period, statistics: [m.statistic], unit: m.unit } as const;
  const data = useLoad(async () => {
    const out = await lightsail(region, "GetBucketMetricData", { ...input, statistics: [m.statistic] });
    return [...(out.metricData ?? [])].sort((a, b) => (a.timestamp?.getTime() ?? 0) - (b.timestamp?.getTime() ?? 0));
  }, [region, name, metric, span]);
  const points = (data.data ?? []).map((d) => ({ x: d.timestamp ?? now, y: m.value(d) ?? 0 }));
  const line = metric === "BucketSizeBytes" ? quota : undefined;
  const series: LineChartProps<Date>["series"] = [
    { title: t(`metric.${metric}` as const), type: "line", data: points, valueFormatter: m.show },
    ...(line ? [{ title: t("metric.quota"), type: "threshold" as const, y: line, valueFormatter: m.show }] : []),
  ];
  const top = Math.max(1, ...points.map((p) => p.y)) * 1.1;
  return (
    <SpaceBetween size="l">
    <Container
      header={
        <Header variant="h2" description={t("metric.about")}>
          {t("metric.title")}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <SpaceBetween direction="horizontal" size="m" alignItems="end">
          <FormField label={t("metric.which")}>
            <Select
              selectedOption={{ value: metric, label: t(`metric.${metric}` as const) }}
              options={(Object.keys(metrics) as Metric[]).map((value) => ({ value, label: t(`metric.${value}` as const) }))}
              onChange={(e) => setMetric(e.detail.selectedOption.value as Metric)}
            />
          </FormField>
          <SegmentedControl
            label={t("metric.span")}
            selectedId={span}
            options={(Object.keys(spans) as Span[]).map((id) => ({ id, text: t(`metric.span.${id}` as const) }))}
            onChange={(e) => setSpan(e.detail.selectedId as Span)}
          />
        </SpaceBetween>
        <ErrorAlert error={data.error} />
        <LineChart
          series={series}
          xScaleType="time"
          xDomain={[startTime, now]}
          yDomain={[0, line && line < top * 2 ? Math.max(top, line * 1.1) : top]}
          height={240}
          hideFilter
          statusType={data.loading && !data.data ? "loading" : "finished"}
          loadingText={t("loading")}
          ariaLabel={t(`metric.${metric}` as const)}
          xTitle={t("metric.time")}
          yTitle={t(`metric.${metric}` as const)}
          i18nStrings={{ xTickFormatter: (d) => dateTime(d), yTickFormatter: m.show }}
          empty={<Box textAlign="center">{t("metric.none")}</Box>}
        />
        <Cli calls={[{ service: "lightsail", name: "GetBucketMetricData", region, input }]} />
      </SpaceBetween>
    </Container>
    {can("lightsail:GetAlarms", "lightsail:PutAlarm") ? <Alarms key={metric} {...tab} metric={metric} /> : null}
    </SpaceBetween>
  );
}
