import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { type AccountOfOurs, createAccount, type Invitation } from "../aws/keyhaven";
import { Snippet } from "../components/cli";
import { Confirm } from "../components/confirm";
import { dateTime, t as common } from "../i18n";
import { t } from "../i18n/pages/accounts";

const longest = 50; // characters of a name

export const timeOf = (seconds: number | undefined) => dateTime(seconds === undefined ? undefined : new Date(seconds * 1000));

interface CreateProps {
  all: AccountOfOurs[];
  reload: () => Promise<void>;
  onClose: () => void;
}

/** Asks for the name, then shows the link that the new root gets, once. */
export function CreateAccount({ all, reload, onClose }: CreateProps) {
  const [typed, setTyped] = useState("");
  const name = typed.trim();
  const [made, setMade] = useState<{ accountId: string; invitation: Invitation }>();
  if (made) return <Ready {...made} onClose={onClose} />;
  const left = longest - [...name].length;
  const same = all.find((a) => a.name === name && a.state === "Open");
  return (
    <Confirm
      title={t("create")}
      yes={t("create")}
      no={common("cancel")}
      disabled={name === "" || left < 0}
      calls={[{ service: "keyhaven", name: "CreateAccount", input: { name } }]}
      onClose={onClose}
      onDone={() => undefined}
      action={async () => {
        const { account, invitation } = await createAccount(name);
        setMade({ accountId: account.accountId, invitation });
        await reload();
      }}
    >
      <FormField
        label={t("name")}
        constraintText={t("name.rule", { left: Math.max(left, 0) })}
        errorText={left < 0 ? t("name.long", { over: -left }) : undefined}
        warningText={same ? t("name.taken", { id: same.accountId }) : undefined}
      >
        <Input value={typed} autoFocus onChange={(e) => setTyped(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}

interface ReadyProps {
  accountId: string;
  invitation: Invitation;
  onClose: () => void;
}

/** The link of an invitation: it is seen here and never again. */
export function Ready({ accountId, invitation, onClose }: ReadyProps) {
  // The server may know itself by another name than the one that reaches this page.
  const link = location.origin + "/start" + new URL(invitation.signInLink).hash;
  return (
    <Modal
      visible
      size="large"
      header={t("ready.title")}
      closeAriaLabel={common("close")}
      // A click beside the prompt must not throw the link away.
      onDismiss={(e) => {
        if (e.detail.reason !== "overlay") onClose();
      }}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t("ready.continue")}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">{t("ready.once")}</Alert>
        <FormField label={t("id")} stretch>
          <Snippet text={accountId} label={t("ready.copy-id")} />
        </FormField>
        <FormField stretch label={t("ready.link")} description={t("ready.link.hint", { at: timeOf(invitation.expiresAt) })}>
          <Snippet text={link} label={t("ready.copy")} />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
