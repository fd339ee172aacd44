import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Steps from "@cloudscape-design/components/steps";
import { useEffect, useState } from "react";
import { type AccessKey, lightsail } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { LastClient } from "../../components/key-care";
import { NewKeyDetails } from "../../components/new-key";
import { notify } from "../../components/notices";
import { dateTime, t } from "../../i18n";
import { can } from "../../session";

interface RotationProps {
  name: string;
  region: string;
  keys: AccessKey[];
  create: () => Promise<AccessKey | undefined>;
  reload: () => Promise<void>;
  onClose: () => void;
}

const every = 3000; // milliseconds between two looks at the last uses

/** Rotation: a second key, a switch that is watched live, then the end of the old key. */
export function Rotation({ name, region, keys, create, reload, onClose }: RotationProps) {
  const [made, setMade] = useState<AccessKey>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [since] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => void reload(), every);
    return () => clearInterval(timer);
  }, [reload]);
  const byAge = [...keys].sort((a, b) => (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0));
  const old = byAge[0];
  const fresh = byAge[1];
  const freshUsed = fresh?.lastUsed?.lastUsedDate;
  const oldUsed = old?.lastUsed?.lastUsedDate;
  const oldStill = !!oldUsed && oldUsed > since;
  const input = { bucketName: name, accessKeyId: old?.accessKeyId ?? "" };

  const run = async (fn: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await fn();
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  return (
    <Modal
      visible
      size="large"
      header={t("rotation.title")}
      closeAriaLabel={t("close")}
      onDismiss={(e) => {
        if (e.detail.reason !== "overlay") onClose();
      }}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t("close")}
            </Button>
            {fresh ? (
              <Button
                variant="primary"
                loading={busy}
                onClick={() =>
                  void run(async () => {
                    await lightsail(region, "DeleteBucketAccessKey", input);
                    await reload();
                    onClose();
                    notify("success", t("rotation.done", { id: input.accessKeyId }));
                  })
                }
              >
                {freshUsed && !oldStill ? t("rotation.delete") : t("rotation.delete.anyway")}
              </Button>
            ) : (
              <Button variant="primary" loading={busy} onClick={() => void run(async () => setMade(await create()))}>
                {t("rotation.create")}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={error} />
        <Steps
          ariaLabel={t("rotation.title")}
          steps={[
            {
              status: fresh ? "success" : "pending",
              statusIconAriaLabel: fresh ? t("done") : t("tour.next"),
              header: t("rotation.second"),
              details: fresh ? <span className="mono">{fresh.accessKeyId}</span> : t("rotation.second.hint"),
            },
            {
              status: freshUsed ? "success" : fresh ? "in-progress" : "pending",
              statusIconAriaLabel: freshUsed ? t("done") : t("tour.next"),
              header: t("rotation.switch"),
              details: freshUsed ? t("rotation.switch.seen", { when: dateTime(freshUsed), service: fresh.lastUsed?.serviceName ?? "" }) : t("rotation.switch.hint"),
            },
            {
              status: oldStill ? "warning" : "pending",
              statusIconAriaLabel: oldStill ? t("rotation.still") : t("tour.next"),
              header: t("rotation.old"),
              details: (
                <SpaceBetween size="xxs">
                  <span className="mono">{old?.accessKeyId}</span>
                  <StatusIndicator type={oldStill ? "warning" : "success"}>
                    {oldUsed ? t(oldStill ? "rotation.old.used" : "rotation.old.quiet", { when: dateTime(oldUsed) }) : t("rotation.old.never")}
                  </StatusIndicator>
                  {old && oldUsed && can("keyhaven:GetAccessKeyActivity") ? <LastClient id={old.accessKeyId ?? ""} turn={oldUsed.getTime()} /> : null}
                </SpaceBetween>
              ),
            },
          ]}
        />
        {made ? <NewKeyDetails id={made.accessKeyId ?? ""} secret={made.secretAccessKey ?? ""} bucket={name} region={region} /> : null}
        <Cli
          calls={[
            { service: "lightsail", name: "CreateBucketAccessKey", region, input: { bucketName: name } },
            { service: "lightsail", name: "GetBucketAccessKeys", region, input: { bucketName: name } },
            { service: "lightsail", name: "DeleteBucketAccessKey", region, input },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
