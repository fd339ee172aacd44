import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import type { Call } from "../aws/cli";
import { t } from "../i18n";
import { Cli } from "./cli";
import { ErrorAlert } from "./errors";

export interface ConfirmProps {
  title: string;
  children?: ReactNode;
  yes: string;
  no?: string;
  calls?: (Call | string)[];
  disabled?: boolean;
  /** Closes when it resolves; what it throws is shown in the prompt. */
  action: () => Promise<unknown>;
  onClose: () => void;
  /** Instead of onClose after the action, where another step follows. */
  onDone?: () => void;
  extra?: ReactNode;
  size?: "small" | "medium" | "large";
  /** A click beside the prompt does not close it: it shows what is shown once. */
  held?: boolean;
}

/** A prompt before an action, with the line of aws-cli that does the same. */
export function Confirm(p: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await p.action();
      (p.onDone ?? p.onClose)();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      size={p.size ?? "medium"}
      header={p.title}
      closeAriaLabel={t("close")}
      onDismiss={(e) => {
        if (!p.held || e.detail.reason !== "overlay") p.onClose();
      }}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={p.onClose}>
              {p.no ?? t("no.cancel")}
            </Button>
            {p.extra}
            <Button variant="primary" loading={busy} disabled={p.disabled} onClick={() => void act()}>
              {p.yes}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {p.children}
        <ErrorAlert error={error} />
        {p.calls ? <Cli calls={p.calls} /> : null}
      </SpaceBetween>
    </Modal>
  );
}
