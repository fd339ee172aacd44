import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate } from "react-router";
import { lightsail } from "../../aws/lightsail";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { notify } from "../../components/notices";
import { t } from "../../i18n";

/** Delete bucket: first asks plainly; what holds the bucket back is said, with the way to force it. */
export function DeleteBucket({ name, region, onClose }: { name: string; region: string; onClose: () => void }) {
  const go = useNavigate();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<unknown>();
  const [force, setForce] = useState(false);
  const input = { bucketName: name, forceDelete: force || undefined };
  const act = async (forced: boolean) => {
    setBusy(true);
    setForce(forced);
    try {
      await lightsail(region, "DeleteBucket", { bucketName: name, forceDelete: forced || undefined });
      await go("/storage");
      notify("success", t("bucket.deleted", { name }));
    } catch (err) {
      setRefusal(err);
      setForce(true);
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      header={t("bucket.delete.title")}
      closeAriaLabel={t("close")}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t("no.cancel")}
            </Button>
            <Button variant="primary" loading={busy} onClick={() => void act(refusal !== undefined)}>
              {refusal === undefined ? t("yes.delete") : t("force.delete")}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{t("bucket.delete.about", { name })}</Box>
        {refusal === undefined ? null : <Alert type="warning">{t("bucket.delete.force")}</Alert>}
        <ErrorAlert error={refusal} title={t("bucket.delete.refused")} />
        <Cli calls={[{ service: "lightsail", name: "DeleteBucket", region, input }]} />
      </SpaceBetween>
    </Modal>
  );
}
