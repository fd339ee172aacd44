import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { t } from "../i18n";
import { Snippet } from "./cli";
import { csv, saveText } from "./download";
import { snippet, type SnippetKind, snippetKinds } from "./snippets";

export interface NewKeyProps {
  id: string;
  secret: string;
  region: string;
  /** The bucket that the key is for; none for a user's or the root's. */
  bucket?: string;
  csvName?: string;
  /** Rows before the two of the key, as User name. */
  csvLabel?: string;
  onClose: () => void;
}

/** The file of a key: its id first, its secret second. */
export function saveKey(name: string, id: string, secret: string): void {
  saveText(name, "text/csv", csv([["Access key ID", "Secret access key"], [id, secret]]));
}

/** A key that was just made: its secret is seen here and never again. */
export function NewKeyDetails({ id, secret, region, bucket, csvName, csvLabel }: Omit<NewKeyProps, "onClose">) {
  const [shown, setShown] = useState(false);
  const [kind, setKind] = useState<SnippetKind>("aws-cli");
  return (
    <SpaceBetween size="m">
      <Alert type="warning">{t("newkey.once")}</Alert>
      <FormField label={t("key.id")}>
        <Snippet text={id} label={t("newkey.copy-id")} />
      </FormField>
      <FormField label={t("key.secret")}>
        <SpaceBetween size="xs">
          {shown ? <Snippet text={secret} label={t("newkey.copy-secret")} /> : <Box>{"•".repeat(40)}</Box>}
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName={shown ? "lock-private" : "unlocked"} onClick={() => setShown(!shown)}>
              {shown ? t("newkey.hide") : t("newkey.show")}
            </Button>
            <Button iconName="download" onClick={() => saveKey(csvName ?? `${bucket ?? "keyhaven"}_accessKeys.csv`, id, secret)}>
              {csvLabel ?? t("newkey.csv")}
            </Button>
          </SpaceBetween>
        </SpaceBetween>
      </FormField>
      <FormField label={t("newkey.snippet")} description={shown ? t("newkey.snippet.hint") : t("newkey.snippet.hidden")}>
        <Select
          selectedOption={{ value: kind, label: t(`snippet.${kind}` as const) }}
          options={snippetKinds.filter((k) => bucket || !["wordpress", "restic"].includes(k)).map((k) => ({ value: k, label: t(`snippet.${k}` as const) }))}
          onChange={(e) => setKind(e.detail.selectedOption.value as SnippetKind)}
        />
      </FormField>
      <Snippet text={snippet(kind, { id, secret: shown ? secret : "********", bucket: bucket ?? "my-bucket", region })} label={t("newkey.copy-snippet")} />
    </SpaceBetween>
  );
}

export function NewKey(p: NewKeyProps) {
  return (
    <Modal
      visible
      size="large"
      header={t("newkey.title")}
      closeAriaLabel={t("close")}
      // A click beside the prompt must not throw the secret away.
      onDismiss={(e) => {
        if (e.detail.reason !== "overlay") p.onClose();
      }}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={p.onClose}>
            {t("newkey.continue")}
          </Button>
        </Box>
      }
    >
      <NewKeyDetails {...p} />
    </Modal>
  );
}
