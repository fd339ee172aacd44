import type { ComparisonOperator } from "@aws-sdk/client-lightsail";
import type { Alarm } from "../aws/lightsail";
import { bytes, number } from "../i18n";
import { t } from "../i18n/pages/alarms";

/** The metric that the alarm watches: the server has more than the SDK's model names. */
export const metricOf = (a: Alarm): string => a.metricName ?? "";

export function thresholdOf(a: Alarm): string {
  return metricOf(a) === "BucketSizeBytes" ? bytes(a.threshold) : number(a.threshold);
}

export const operatorOf = (a: Alarm) => t(`op.${a.comparisonOperator as ComparisonOperator}` as const);
