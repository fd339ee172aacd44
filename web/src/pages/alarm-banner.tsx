import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useRegion } from "../components/region";
import { t as common } from "../i18n";
import { t } from "../i18n/pages/alarms";
import { metricOf, operatorOf, thresholdOf } from "./alarm-text";
import { useAlarming } from "./alarm-watch";

/** The banner of the alarms that are in alarm. Dismissed ones come again when they go off again. */
export default function AlarmBanner() {
  const region = useRegion();
  const go = useNavigate();
  const alarms = useAlarming(region);
  const [dismissed, setDismissed] = useState<string[]>([]);
  const names = alarms.map((a) => a.name ?? "");
  const still = dismissed.filter((n) => names.includes(n));
  if (still.length !== dismissed.length) setDismissed(still);
  const shown = alarms.filter((a) => !dismissed.includes(a.name ?? ""));
  if (shown.length === 0) return null;
  return (
    <SpaceBetween size="xs">
      {shown.map((a) => (
        <Alert
          key={a.name}
          type="warning"
          header={t("banner", { name: a.name ?? "" })}
          dismissible
          dismissAriaLabel={t("dismiss")}
          onDismiss={() => setDismissed([...still, a.name ?? ""])}
          action={<Button onClick={() => void go(`/storage/${a.monitoredResourceInfo?.name ?? ""}/metrics`)}>{t("banner.go")}</Button>}
        >
          {t("banner.about", {
            metric: common(metricOf(a) === "NumberOfObjects" ? "metric.NumberOfObjects" : "metric.BucketSizeBytes"),
            bucket: a.monitoredResourceInfo?.name ?? "",
            operator: operatorOf(a),
            threshold: thresholdOf(a),
          })}
        </Alert>
      ))}
    </SpaceBetween>
  );
}
