import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { type FormEvent, useEffect, useState } from "react";
import { json } from "../aws/json";
import { Cli, Snippet } from "../components/cli";
import { ErrorAlert } from "../components/errors";
import { dateTime, t as common } from "../i18n";
import { t } from "../i18n/pages/audit";
import { config } from "../session";

const attributes = ["", "EventName", "Username", "ResourceName", "EventSource", "AccessKeyId", "ReadOnly"] as const;
/** Periods to look back, in hours; all that is kept where there is none. */
const periods = { all: undefined, hour: 1, day: 24, week: 168, month: 720 } as const;
type Period = keyof typeof periods;
type Attribute = (typeof attributes)[number];

interface Event {
  EventId: string;
  EventName: string;
  EventTime: number;
  EventSource: string;
  Username?: string;
  CloudTrailEvent: string;
}

interface Record {
  sourceIPAddress?: string;
  errorCode?: string;
  errorMessage?: string;
}

const recordOf = (e: Event) => JSON.parse(e.CloudTrailEvent) as Record;

const lookUp = (input: object) => json<{ Events: Event[]; NextToken?: string }>("cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", config().region, input);

/** The audit log. */
export default function Audit() {
  const [attribute, setAttribute] = useState<Attribute>("");
  const [value, setValue] = useState("");
  const [period, setPeriod] = useState<Period>("all");
  const [asked, setAsked] = useState<object>({ MaxResults: 50 });
  const [events, setEvents] = useState<Event[]>([]);
  const [next, setNext] = useState<string>();
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<unknown>();
  const [showing, setShowing] = useState<Event>();
  const load = async (input: object, NextToken?: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const out = await lookUp({ ...input, NextToken });
      setEvents((old) => (NextToken ? [...old, ...out.Events] : out.Events));
      setNext(out.NextToken);
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  useEffect(() => void load(asked), [asked]);
  const find = (e: FormEvent) => {
    e.preventDefault();
    const hours = periods[period];
    const StartTime = hours && Math.floor(Date.now() / 1000) - hours * 3600;
    setAsked({ MaxResults: 50, StartTime, ...(attribute && value ? { LookupAttributes: [{ AttributeKey: attribute, AttributeValue: value }] } : {}) });
  };
  return (
    <SpaceBetween size="l">
      <Table
        items={events}
        trackBy="EventId"
        loading={busy && events.length === 0}
        loadingText={common("loading")}
        ariaLabels={{ tableLabel: t("title") }}
        empty={<Box textAlign="center">{t("none")}</Box>}
        header={
          <Header variant="h1" description={t("about")}>
            {t("title")}
          </Header>
        }
        filter={
          <form onSubmit={find}>
            <SpaceBetween direction="horizontal" size="s" alignItems="end">
              <FormField label={t("attribute")}>
                <Select
                  selectedOption={{ value: attribute, label: t(`attribute.${attribute}` as const) }}
                  options={attributes.map((a) => ({ value: a, label: t(`attribute.${a}` as const) }))}
                  onChange={(e) => setAttribute(e.detail.selectedOption.value as Attribute)}
                />
              </FormField>
              <FormField label={t("value")}>
                <Input value={value} disabled={!attribute} onChange={(e) => setValue(e.detail.value)} />
              </FormField>
              <FormField label={t("period")}>
                <Select
                  selectedOption={{ value: period, label: t(`period.${period}`) }}
                  options={(Object.keys(periods) as Period[]).map((p) => ({ value: p, label: t(`period.${p}`) }))}
                  onChange={(e) => setPeriod(e.detail.selectedOption.value as Period)}
                />
              </FormField>
              <Button formAction="submit">{t("find")}</Button>
            </SpaceBetween>
          </form>
        }
        footer={
          <SpaceBetween size="s">
            <ErrorAlert error={error} />
            {next ? (
              <Box textAlign="center">
                <Button loading={busy} onClick={() => void load(asked, next)}>
                  {t("more")}
                </Button>
              </Box>
            ) : null}
            <Cli calls={[{ service: "cloudtrail", name: "LookupEvents", input: asked }]} />
          </SpaceBetween>
        }
        columnDefinitions={[
          { id: "time", header: t("time"), cell: (e) => dateTime(new Date(e.EventTime * 1000)) },
          { id: "event", header: t("event"), isRowHeader: true, cell: (e) => `${e.EventName} · ${e.EventSource.replace(".amazonaws.com", "")}` },
          { id: "who", header: t("who"), cell: (e) => e.Username ?? "–" },
          { id: "from", header: t("from"), cell: (e) => recordOf(e).sourceIPAddress ?? "–" },
          {
            id: "result",
            header: t("result"),
            cell: (e) => {
              const r = recordOf(e);
              const failure = r.errorCode ?? r.errorMessage;
              return <StatusIndicator type={failure ? "error" : "success"}>{failure ?? t("ok")}</StatusIndicator>;
            },
          },
          {
            id: "record",
            header: t("record"),
            cell: (e) => (
              <Button variant="inline-link" ariaLabel={t("record.of", { name: e.EventName })} onClick={() => setShowing(e)}>
                {t("record")}
              </Button>
            ),
          },
        ]}
      />
      {showing ? (
        <Modal visible size="large" header={t("record.of", { name: showing.EventName })} closeAriaLabel={common("close")} onDismiss={() => setShowing(undefined)}>
          <Snippet text={JSON.stringify(JSON.parse(showing.CloudTrailEvent), null, 2)} />
        </Modal>
      ) : null}
    </SpaceBetween>
  );
}
