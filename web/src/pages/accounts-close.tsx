import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { type AccountOfOurs, closeAccount, getContents } from "../aws/keyhaven";
import { Confirm } from "../components/confirm";
import { ErrorAlert } from "../components/errors";
import { useLoad } from "../components/load";
import { notify } from "../components/notices";
import { t } from "../i18n/pages/accounts";

const parts = ["users", "groups", "roles", "policies", "instances"] as const;

interface CloseProps {
  account: AccountOfOurs;
  /** As the table calls it. */
  name: string;
  reload: () => Promise<void>;
  onClose: () => void;
}

/** Names what is lost with the account, and has its name typed. */
export function CloseAccount({ account, name, reload, onClose }: CloseProps) {
  const input = { accountId: account.accountId };
  const [typed, setTyped] = useState("");
  const has = useLoad(() => getContents(account.accountId), [account.accountId]);
  const buckets = has.data?.buckets ?? 0;
  // What the owner must type.
  const word = account.name ?? account.accountId;
  return (
    <Confirm
      title={t("close.title")}
      yes={t("close.yes")}
      disabled={!has.data || buckets > 0 || typed !== word}
      calls={[{ service: "keyhaven", name: "CloseAccount", input }]}
      onClose={onClose}
      action={async () => {
        await closeAccount(account.accountId);
        await reload();
        notify("success", t("close.done", { name }));
      }}
    >
      <Box>{t("close.about", { name, id: account.accountId })}</Box>
      <ErrorAlert error={has.error} />
      {buckets > 0 ? <Alert type="warning">{t("close.buckets", { n: buckets })}</Alert> : null}
      {has.data ? (
        <div>
          <Box variant="awsui-key-label">{t("close.lost")}</Box>
          <ul>
            <li>{t("close.root")}</li>
            {parts.map((p) => (has.data?.[p] ? <li key={p}>{t(`close.${p}` as const, { n: has.data[p] })}</li> : null))}
          </ul>
        </div>
      ) : null}
      <FormField label={t("close.type", { name: word })}>
        <Input value={typed} disabled={buckets > 0} onChange={(e) => setTyped(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
