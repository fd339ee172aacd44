import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { type Alarm, lightsail, type LightsailInput } from "../../aws/lightsail";
import { Confirm } from "../../components/confirm";
import { notify } from "../../components/notices";
import { t as common } from "../../i18n";
import { t } from "../../i18n/pages/alarms";

const operators = ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"] as const;
const treatments = ["breaching", "notBreaching", "ignore", "missing"] as const;
const GB = 1024 ** 3; // as plans and the server count

type Operator = (typeof operators)[number];
type Treatment = (typeof treatments)[number];
export type AlarmInput = LightsailInput<"PutAlarm">;

/** The input of PutAlarm that leaves the alarm as it is. */
export function inputOf(a: Alarm): AlarmInput {
  return {
    alarmName: a.name ?? "",
    metricName: a.metricName,
    monitoredResourceName: a.monitoredResourceInfo?.name ?? "",
    comparisonOperator: a.comparisonOperator ?? operators[0],
    threshold: a.threshold ?? 0,
    evaluationPeriods: a.evaluationPeriods ?? 1,
    datapointsToAlarm: a.datapointsToAlarm,
    treatMissingData: a.treatMissingData,
    contactProtocols: a.contactProtocols,
    notificationTriggers: a.notificationTriggers,
    notificationEnabled: a.notificationEnabled,
  };
}

interface Props {
  alarm?: Alarm;
  taken: string[];
  bucket: string;
  metric: string;
  region: string;
  reload: () => Promise<void>;
  onClose: () => void;
}

/** The prompt that makes an alarm or changes one. */
export function AlarmForm({ alarm, taken, bucket, metric, region, reload, onClose }: Props) {
  const size = metric === "BucketSizeBytes";
  const [name, setName] = useState(alarm?.name ?? fresh(`${bucket}-${metric}`, taken));
  const [operator, setOperator] = useState<Operator>(alarm?.comparisonOperator ?? operators[0]);
  const [threshold, setThreshold] = useState(String(alarm ? (alarm.threshold ?? 0) / (size ? GB : 1) : size ? 75 : 100_000));
  const [m, setM] = useState(String(alarm?.datapointsToAlarm ?? 1));
  const [n, setN] = useState(String(alarm?.evaluationPeriods ?? 1));
  const [missing, setMissing] = useState<Treatment>(alarm?.treatMissingData ?? "missing");
  const protocols = (alarm?.contactProtocols ?? []) as string[];
  const [email, setEmail] = useState(protocols.includes("Email"));
  const [webhook, setWebhook] = useState(protocols.includes("Webhook"));
  const [ok, setOk] = useState(!!alarm?.notificationTriggers?.includes("OK"));
  const [insufficient, setInsufficient] = useState(!!alarm?.notificationTriggers?.includes("INSUFFICIENT_DATA"));
  const goodName = /^[A-Za-z0-9][\w.-]{0,253}$/.test(name) && (!!alarm || !taken.includes(name));
  const goodThreshold = threshold.trim() !== "" && Number(threshold) >= 0;
  const goodN = /^\d+$/.test(n) && Number(n) >= 1 && Number(n) <= 288;
  const goodM = /^\d+$/.test(m) && Number(m) >= 1 && Number(m) <= Number(n);
  const input = {
    alarmName: name,
    metricName: metric,
    monitoredResourceName: bucket,
    comparisonOperator: operator,
    threshold: Number(threshold) * (size ? GB : 1),
    evaluationPeriods: Number(n),
    datapointsToAlarm: Number(m),
    treatMissingData: missing,
    contactProtocols: [...(email ? ["Email"] : []), ...(webhook ? ["Webhook"] : [])],
    notificationTriggers: ["ALARM", ...(ok ? ["OK"] : []), ...(insufficient && missing === "missing" ? ["INSUFFICIENT_DATA"] : [])],
    notificationEnabled: alarm?.notificationEnabled ?? true,
  } as AlarmInput;
  return (
    <Confirm
      title={t(alarm ? "edit" : "add")}
      yes={t(alarm ? "save" : "create")}
      no={common("cancel")}
      size="large"
      disabled={!goodName || !goodThreshold || !goodN || !goodM}
      calls={[{ service: "lightsail", name: "PutAlarm", region, input }]}
      onClose={onClose}
      action={async () => {
        await lightsail(region, "PutAlarm", input);
        await reload();
        notify("success", t(alarm ? "saved" : "created", { name }));
      }}
    >
      <FormField label={t("name")} constraintText={t("name.rule")}>
        <Input value={name} readOnly={!!alarm} onChange={(e) => setName(e.detail.value)} />
      </FormField>
      <ColumnLayout columns={2}>
        <FormField label={t("when")}>
          <Select
            selectedOption={{ value: operator, label: t(`op.${operator}` as const) }}
            options={operators.map((value) => ({ value, label: t(`op.${value}` as const) }))}
            onChange={(e) => setOperator(e.detail.selectedOption.value as Operator)}
          />
        </FormField>
        <FormField label={t(size ? "threshold.gb" : "threshold")} errorText={goodThreshold ? undefined : t("threshold.rule")}>
          <Input value={threshold} inputMode="decimal" onChange={(e) => setThreshold(e.detail.value)} />
        </FormField>
        <FormField label={t("m")} errorText={goodM || !goodN ? undefined : t("m.rule")}>
          <Input value={m} inputMode="numeric" onChange={(e) => setM(e.detail.value)} />
        </FormField>
        <FormField label={t("n")} errorText={goodN ? undefined : t("n.rule")}>
          <Input value={n} inputMode="numeric" onChange={(e) => setN(e.detail.value)} />
        </FormField>
      </ColumnLayout>
      <FormField label={t("notify")} description={t("notify.hint")}>
        <SpaceBetween size="xs">
          <Checkbox checked={email} onChange={(e) => setEmail(e.detail.checked)}>
            {t("email")}
          </Checkbox>
          <Checkbox checked={webhook} onChange={(e) => setWebhook(e.detail.checked)}>
            {t("webhook")}
          </Checkbox>
          <Checkbox checked={ok} disabled={!email && !webhook} onChange={(e) => setOk(e.detail.checked)}>
            {t("ok")}
          </Checkbox>
        </SpaceBetween>
      </FormField>
      <ExpandableSection headerText={t("advanced")}>
        <SpaceBetween size="m">
          <FormField label={t("missing")}>
            <RadioGroup
              value={missing}
              onChange={(e) => setMissing(e.detail.value as Treatment)}
              items={treatments.map((value) => ({ value, label: t(`missing.${value}` as const) }))}
            />
          </FormField>
          <Checkbox checked={insufficient} disabled={missing !== "missing" || (!email && !webhook)} onChange={(e) => setInsufficient(e.detail.checked)}>
            {t("insufficient")}
          </Checkbox>
        </SpaceBetween>
      </ExpandableSection>
    </Confirm>
  );
}

/** A name that no alarm of the bucket has. */
function fresh(stem: string, taken: string[]): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? stem : `${stem}-${i}`;
    if (!taken.includes(name)) return name;
  }
}
