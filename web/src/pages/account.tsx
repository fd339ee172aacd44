import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { Snippet } from "../components/cli";
import { ErrorAlert } from "../components/errors";
import { notify } from "../components/notices";
import { t } from "../i18n";
import { t as accounts } from "../i18n/pages/accounts";
import { can, changePassword, config, person, signOut } from "../session";
import Contacts from "./contacts";
import { minPassword } from "./first-start";
import { UserKeys } from "./iam/keys";
import { MFADevices } from "./iam/mfa";

/** The account and the signed-in person. */
export default function Account() {
  const who = person();
  const c = config();
  return (
    <SpaceBetween size="l">
      <Header variant="h1">{t("account.title")}</Header>
      <Container header={<Header variant="h2">{t("account.who")}</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: t("account.id"), value: who?.account },
            { label: t("account.arn"), value: <span className="mono">{who?.arn}</span> },
            { label: t("account.endpoint"), value: <span className="mono">{c.endpoint}</span> },
            { label: t("account.region"), value: c.region },
            { label: t("account.version"), value: c.version },
          ]}
        />
      </Container>
      {who?.root && can("iam:ListAccessKeys") ? <UserKeys root /> : null}
      {who && !who.role && can("iam:EnableMFADevice") ? <MFADevices own userName={who.root ? undefined : who.name} /> : null}
      {c.users && !who?.role && (who?.root || can("iam:ChangePassword")) ? <Password root={!!who?.root} has={!who?.root || !!who.password} /> : null}
      {who?.owner && can("keyhaven:ListAccounts") ? <AccountsLink /> : null}
      {can("lightsail:GetContactMethods", "lightsail:CreateContactMethod") ? <Contacts /> : null}
      <Container header={<Header variant="h2">{t("account.endpoint.use")}</Header>}>
        <SpaceBetween size="s">
          <Box>{t("account.endpoint.about")}</Box>
          <Snippet text={`export AWS_ENDPOINT_URL=${c.endpoint}\nexport AWS_REGION=${c.region}`} />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}

/** The way to the page that is the owner's alone. */
function AccountsLink() {
  const go = useNavigate();
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button onClick={() => void go("/accounts")}>{accounts("manage")}</Button>}>
          {accounts("title")}
        </Header>
      }
    >
      <Box>{accounts("about")}</Box>
    </Container>
  );
}

function Password({ root, has }: { root: boolean; has: boolean }) {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const short = next.length < minPassword;
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (short || next !== again) return;
    setBusy(true);
    setError(undefined);
    try {
      if (root) await changePassword(old, next);
      else {
        // The change ends the sessions of the old password, this one too.
        await (await import("../aws/iam")).iam("ChangePassword", { OldPassword: old, NewPassword: next });
        await signOut();
        return;
      }
      setOld("");
      setNext("");
      setAgain("");
      setTried(false);
      notify("success", t("password.changed"));
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Container
        header={<Header variant="h2">{t(root ? "password.title" : "password.yours")}</Header>}
        footer={
          <Button loading={busy} formAction="submit">
            {t("password.change")}
          </Button>
        }
      >
        <SpaceBetween size="m">
          {has ? (
            <FormField label={t("password.old")}>
              <Input type="password" autoComplete="current-password" value={old} onChange={(e) => setOld(e.detail.value)} />
            </FormField>
          ) : (
            <Box>{t("password.none")}</Box>
          )}
          <FormField label={t("password.new")} constraintText={t("start.rule")} errorText={tried && short ? t("start.short", { min: minPassword }) : undefined}>
            <Input type="password" autoComplete="new-password" value={next} onChange={(e) => setNext(e.detail.value)} />
          </FormField>
          <FormField label={t("start.again")} errorText={tried && !short && next !== again ? t("start.differs") : undefined}>
            <Input type="password" autoComplete="new-password" value={again} onChange={(e) => setAgain(e.detail.value)} />
          </FormField>
          <ErrorAlert error={error} />
        </SpaceBetween>
      </Container>
    </form>
  );
}
