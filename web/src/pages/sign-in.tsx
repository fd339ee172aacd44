import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { ErrorAlert } from "../components/errors";
import { t } from "../i18n";
import { config, ConsoleError, signIn, type SignIn, singleSignOn } from "../session";

type Kind = SignIn["kind"];

const refusals = ["IdentityProviderFailed", "InvalidIdentity", "NoRole", "SignInCancelled", "SignInExpired", "TooManyAttempts", "TooManySessions"] as const;

/** Why the server sent the browser back from the identity provider without a session. */
function refusal(search: string): ConsoleError | undefined {
  const q = new URLSearchParams(search);
  const code = q.get("signInError");
  if (!code) return undefined;
  const known = refusals.find((r) => r === code);
  return new ConsoleError(403, known ?? "InternalError", t(known ? `sso.${known}` : "sso.InternalError"), q.get("requestId") ?? "");
}

/** Sign-in by the identity provider, as the root, as an IAM user, or with an access key pair. */
export function SignInPage() {
  const name = config().singleSignOn;
  const go = useNavigate();
  const { pathname, search } = useLocation();
  const [error, setError] = useState<unknown>(() => refusal(search));
  const [busy, setBusy] = useState(false);
  // What went wrong belongs to this sign-in, not to one that follows from the address.
  useEffect(() => {
    if (refusal(search)) void go(pathname, { replace: true });
  }, [go, pathname, search]);
  const leave = () => {
    setBusy(true);
    singleSignOn(pathname + search).catch((err: unknown) => {
      setError(err);
      setBusy(false);
    });
  };
  return (
    <main className="narrow">
      <SpaceBetween size="l">
        <Header variant="h1">{t("sign-in.title")}</Header>
        {name ? (
          <Container>
            <SpaceBetween size="m">
              <Button variant="primary" fullWidth loading={busy} onClick={leave}>
                {t("sso.button", { name })}
              </Button>
              <ErrorAlert error={error} title={t("sign-in.failed")} />
            </SpaceBetween>
          </Container>
        ) : null}
        <Credentials second={!!name} />
      </SpaceBetween>
    </main>
  );
}

/** Sign-in by what a person knows; second to another way. */
function Credentials({ second }: { second: boolean }) {
  const c = config();
  const kinds: Kind[] = ["root", "user", "key"];
  const offered = kinds.filter((k) => k === "key" || c.users);
  const [kind, setKind] = useState<Kind>(c.rootPassword ? "root" : "key");
  const [field, setField] = useState({ account: "", userName: "", password: "", newPassword: "", accessKeyId: "", secretAccessKey: "", mfaCode: "" });
  const [needsNew, setNeedsNew] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const set = (name: keyof typeof field) => (e: { detail: { value: string } }) => setField((f) => ({ ...f, [name]: e.detail.value }));

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const mfaCode = field.mfaCode.replaceAll(/\s/g, "") || undefined;
      if (kind === "root") await signIn({ kind, account: field.account.trim(), password: field.password, mfaCode });
      else if (kind === "user") await signIn({ kind, account: field.account.trim(), userName: field.userName, password: field.password, newPassword: field.newPassword || undefined, mfaCode });
      else await signIn({ kind, accessKeyId: field.accessKeyId.trim(), secretAccessKey: field.secretAccessKey.trim(), mfaCode });
    } catch (err) {
      const code = err instanceof ConsoleError ? err.code : "";
      if (code === "PasswordResetRequired" && !needsNew) setNeedsNew(true);
      else if (code === "MFARequired" && !needsCode) setNeedsCode(true);
      else setError(err);
      if (code === "InvalidMFACode") setField((f) => ({ ...f, mfaCode: "" }));
      setBusy(false);
    }
  };

  const password = (
    <FormField label={t("sign-in.password")}>
      <Input type="password" name="password" autoComplete="current-password" value={field.password} onChange={set("password")} />
    </FormField>
  );
  const account = (
    <FormField label={t("sign-in.account")} description={t("sign-in.account.hint")}>
      <Input name="account" value={field.account} onChange={set("account")} />
    </FormField>
  );
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Form
        actions={
          <Button variant={second ? "normal" : "primary"} loading={busy} formAction="submit">
            {t("sign-in")}
          </Button>
        }
      >
        <Container>
          <SpaceBetween size="l">
            {offered.length > 1 ? (
              <FormField label={t("sign-in.as")}>
                <RadioGroup
                  value={kind}
                  onChange={(e) => {
                    setKind(e.detail.value as Kind);
                    setNeedsNew(false);
                    setNeedsCode(false);
                    setField((f) => ({ ...f, mfaCode: "" }));
                    setError(undefined);
                  }}
                  items={offered.map((k) => ({ value: k, label: t(`sign-in.kind.${k}` as const), description: t(`sign-in.about.${k}` as const) }))}
                />
              </FormField>
            ) : (
              <Box>{t("sign-in.about.key")}</Box>
            )}
            {kind === "root" ? (
              <SpaceBetween size="l">
                {account}
                {password}
              </SpaceBetween>
            ) : null}
            {kind === "user" ? (
              <SpaceBetween size="l">
                {account}
                <FormField label={t("sign-in.user")}>
                  <Input name="username" autoComplete="username" value={field.userName} onChange={set("userName")} />
                </FormField>
                {password}
              </SpaceBetween>
            ) : null}
            {kind === "key" ? (
              <SpaceBetween size="l">
                <FormField label={t("key.id")}>
                  <Input name="accessKeyId" autoComplete="username" spellcheck={false} value={field.accessKeyId} onChange={set("accessKeyId")} />
                </FormField>
                <FormField label={t("key.secret")}>
                  <Input type="password" name="secretAccessKey" autoComplete="off" value={field.secretAccessKey} onChange={set("secretAccessKey")} />
                </FormField>
              </SpaceBetween>
            ) : null}
            {needsNew ? (
              <FormField label={t("password.new")} description={t("sign-in.new.hint")} constraintText={t("start.rule")}>
                <Input type="password" name="newPassword" autoComplete="new-password" autoFocus value={field.newPassword} onChange={set("newPassword")} />
              </FormField>
            ) : null}
            {needsCode ? (
              <FormField label={t("mfa.code")} description={t("sign-in.mfa.hint")}>
                <Input name="mfaCode" inputMode="numeric" autoComplete="one-time-code" autoFocus value={field.mfaCode} onChange={set("mfaCode")} />
              </FormField>
            ) : null}
            <ErrorAlert error={error} title={t("sign-in.failed")} />
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  );
}
