import type { AlarmState } from "@aws-sdk/client-lightsail";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import type { Call } from "../../aws/cli";
import { type Alarm, lightsail } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify, notifyError } from "../../components/notices";
import { t as common } from "../../i18n";
import { t } from "../../i18n/pages/alarms";
import { metricOf, operatorOf, thresholdOf } from "../alarm-text";
import { lookAtAlarms } from "../alarm-watch";
import { AlarmForm, inputOf } from "./alarm-form";
import type { TabProps } from "./page";

const most = 2; // of one metric

const looks = { OK: "success", ALARM: "error", INSUFFICIENT_DATA: "pending" } as const;

function time(periods: number): string {
  return periods % 12 === 0 ? t("hours", { n: periods / 12 }) : t("minutes", { n: periods * 5 });
}

const switched = (a: Alarm, notificationEnabled: boolean) => ({ ...inputOf(a), notificationEnabled });

/** The alarms on one metric of the bucket. */
export default function Alarms({ name, region, metric }: TabProps & { metric: string }) {
  const list = useLoad(async () => (await lightsail(region, "GetAlarms", { monitoredResourceName: name })).alarms ?? [], [region, name]);
  const [editing, setEditing] = useState<Alarm | "new">();
  const [deleting, setDeleting] = useState<Alarm>();
  const all = list.data ?? [];
  const alarms = all.filter((a) => metricOf(a) === metric);
  const full = alarms.length >= most;
  const call = (verb: string, input: object): Call => ({ service: "lightsail", name: verb, region, input });
  const reload = async () => {
    await list.reload();
    lookAtAlarms();
  };
  const toggle = async (a: Alarm, on: boolean) => {
    await lightsail(region, "PutAlarm", switched(a, on));
    await reload();
    notify("success", t(on ? "turned.on" : "turned.off", { name: a.name ?? "" }));
  };
  const test = async (a: Alarm, state: AlarmState) => {
    await lightsail(region, "TestAlarm", { alarmName: a.name ?? "", state });
    await reload();
    notify("info", t("tested"));
  };
  return (
    <>
      <Table
        items={alarms}
        trackBy="name"
        loading={list.loading && !list.data}
        ariaLabels={{ tableLabel: t("title") }}
        empty={<Box textAlign="center">{t("none")}</Box>}
        header={
          <Header
            variant="h2"
            counter={list.data ? `(${alarms.length}/${most})` : undefined}
            description={t("about")}
            actions={
              <Button disabled={!list.data || full} disabledReason={full ? t("full") : undefined} onClick={() => setEditing("new")}>
                {t("add")}
              </Button>
            }
          >
            {t("title")}
          </Header>
        }
        footer={
          <SpaceBetween size="s">
            <ErrorAlert error={list.error} />
            <Cli calls={[call("GetAlarms", { monitoredResourceName: name }), ...alarms.flatMap((a) => [call("PutAlarm", switched(a, !a.notificationEnabled)), call("TestAlarm", { alarmName: a.name, state: "ALARM" })])]} />
          </SpaceBetween>
        }
        columnDefinitions={[
          { id: "name", header: t("name"), isRowHeader: true, cell: (a) => a.name },
          {
            id: "condition",
            header: t("condition"),
            cell: (a) =>
              t("condition.text", {
                operator: operatorOf(a),
                threshold: thresholdOf(a),
                m: a.datapointsToAlarm ?? 1,
                n: a.evaluationPeriods ?? 1,
                time: time(a.evaluationPeriods ?? 1),
              }),
          },
          {
            id: "state",
            header: t("state"),
            cell: (a) => <StatusIndicator type={looks[a.state ?? "INSUFFICIENT_DATA"]}>{t(`state.${a.state ?? "INSUFFICIENT_DATA"}` as const)}</StatusIndicator>,
          },
          { id: "tells", header: t("tells"), cell: (a) => a.contactProtocols?.join(", ") || t("tells.nobody") },
          {
            id: "on",
            header: t("on"),
            cell: (a) => (
              <Toggle
                checked={!!a.notificationEnabled}
                ariaLabel={t("on.label", { name: a.name ?? "" })}
                onChange={(e) => void toggle(a, e.detail.checked).catch(notifyError)}
              />
            ),
          },
          {
            id: "more",
            header: common("actions"),
            cell: (a) => (
              <ButtonDropdown
                variant="inline-icon"
                expandToViewport
                ariaLabel={t("more", { name: a.name ?? "" })}
                items={[
                  { id: "edit", text: t("edit") },
                  { id: "ALARM", text: t("test.ALARM") },
                  { id: "OK", text: t("test.OK") },
                  { id: "delete", text: t("delete") },
                ]}
                onItemClick={(e) => {
                  const id = e.detail.id;
                  if (id === "edit") setEditing(a);
                  else if (id === "delete") setDeleting(a);
                  else void test(a, id as AlarmState).catch(notifyError);
                }}
              />
            ),
          },
        ]}
      />
      {editing ? (
        <AlarmForm
          alarm={editing === "new" ? undefined : editing}
          taken={all.map((a) => a.name ?? "")}
          bucket={name}
          metric={metric}
          region={region}
          reload={reload}
          onClose={() => setEditing(undefined)}
        />
      ) : null}
      {deleting ? (
        <Confirm
          title={t("delete.title")}
          yes={t("delete.yes")}
          calls={[{ service: "lightsail", name: "DeleteAlarm", region, input: { alarmName: deleting.name ?? "" } }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await lightsail(region, "DeleteAlarm", { alarmName: deleting.name ?? "" });
            await reload();
            notify("success", t("deleted", { name: deleting.name ?? "" }));
          }}
        >
          <Box>{t("delete.about", { name: deleting.name ?? "" })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}
