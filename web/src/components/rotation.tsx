import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Steps from "@cloudscape-design/components/steps";
import { useEffect, useState } from "react";
import type { Call } from "../aws/cli";
import { dateTime, t as common } from "../i18n";
import { t } from "../i18n/pages/rotation";
import { can } from "../session";
import { Cli } from "./cli";
import { ErrorAlert } from "./errors";
import { LastClient } from "./key-care";
import { NewKeyDetails, type NewKeyProps } from "./new-key";
import { notify } from "./notices";

/** A key of a bucket, of a user or of the root. */
export interface RotatingKey {
  id: string;
  created?: Date;
  active: boolean;
  used?: { when: Date; service: string };
}

interface RotationProps {
  keys: RotatingKey[];
  /** What the snippets and the file of the new key are of. */
  of: Omit<NewKeyProps, "id" | "secret" | "onClose">;
  create: () => Promise<{ id: string; secret: string }>;
  deactivate: (id: string) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
  /** The calls of the whole, from a second key to the end of the old one. */
  calls: (old: string) => Call[];
  reload: () => Promise<void>;
  onClose: () => void;
}

const every = 3000; // milliseconds between two looks at the last uses

/** Rotation: a second key, a switch that is watched live, then the end of the old key. */
export function Rotation({ keys, of, create, deactivate, remove, calls, reload, onClose }: RotationProps) {
  const [made, setMade] = useState<{ id: string; secret: string }>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // Compared with what it was, as the times of uses have whole seconds.
  const [before] = useState(() => new Map(keys.map((k) => [k.id, k.used?.when.getTime()])));
  useEffect(() => {
    const timer = setInterval(() => void reload(), every);
    return () => clearInterval(timer);
  }, [reload]);
  const byAge = [...keys].sort((a, b) => (a.created?.getTime() ?? 0) - (b.created?.getTime() ?? 0));
  const [old, fresh] = byAge;
  const oldStill = !!old?.used && old.used.when.getTime() !== before.get(old.id);

  const run = async (act: () => Promise<unknown>, then?: () => void) => {
    setBusy(true);
    setError(undefined);
    try {
      await act();
      await reload();
      then?.();
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  const end = () => {
    onClose();
    notify("success", t("done", { id: old?.id ?? "" }));
  };
  return (
    <Modal
      visible
      size="large"
      header={t("title")}
      closeAriaLabel={common("close")}
      onDismiss={(e) => {
        if (e.detail.reason !== "overlay") onClose();
      }}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {common("close")}
            </Button>
            {old && fresh && old.active ? (
              <Button loading={busy} onClick={() => void run(() => deactivate(old.id))}>
                {t("inactive")}
              </Button>
            ) : null}
            {old && fresh ? (
              <Button variant="primary" loading={busy} onClick={() => void run(() => remove(old.id), end)}>
                {fresh.used && !oldStill ? t("delete") : t("delete.anyway")}
              </Button>
            ) : (
              <Button variant="primary" loading={busy} onClick={() => void run(async () => setMade(await create()))}>
                {t("create")}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={error} />
        <Steps
          ariaLabel={t("title")}
          steps={[
            {
              status: fresh ? "success" : "pending",
              statusIconAriaLabel: fresh ? common("done") : common("tour.next"),
              header: t("second"),
              details: fresh ? <span className="mono">{fresh.id}</span> : t("second.hint"),
            },
            {
              status: fresh?.used ? "success" : fresh ? "in-progress" : "pending",
              statusIconAriaLabel: fresh?.used ? common("done") : common("tour.next"),
              header: t("switch"),
              details: fresh?.used ? t("switch.seen", { when: dateTime(fresh.used.when), service: fresh.used.service }) : t("switch.hint"),
            },
            {
              status: oldStill ? "warning" : "pending",
              statusIconAriaLabel: oldStill ? t("still") : common("tour.next"),
              header: t("old"),
              details: (
                <SpaceBetween size="xxs">
                  <span className="mono">{old?.id}</span>
                  <StatusIndicator type={oldStill ? "warning" : "success"}>
                    {old?.used ? t(oldStill ? "old.used" : "old.quiet", { when: dateTime(old.used.when) }) : t("old.never")}
                  </StatusIndicator>
                  {old && !old.active ? <StatusIndicator type="stopped">{t("inactive.is")}</StatusIndicator> : null}
                  {old?.used && can("keyhaven:GetAccessKeyActivity") ? <LastClient id={old.id} turn={old.used.when.getTime()} /> : null}
                </SpaceBetween>
              ),
            },
          ]}
        />
        {made ? <NewKeyDetails {...of} {...made} /> : null}
        <Cli calls={calls(old?.id ?? "")} />
      </SpaceBetween>
    </Modal>
  );
}
