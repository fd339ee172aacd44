import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { ErrorAlert } from "../components/errors";
import { t } from "../i18n";
import { firstStart } from "../session";

export const minPassword = 8;

/** The page behind the link of the first start, or of a new account: sets the root's password, once. */
export function FirstStart() {
  const location = useLocation();
  const go = useNavigate();
  // The token comes in the fragment, which no request and no log ever holds.
  const [token] = useState(() => location.hash.slice(1));
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const short = password.length < minPassword;
  const differs = password !== again;

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (short || differs) return;
    setBusy(true);
    setError(undefined);
    try {
      await firstStart(token, password);
      sessionStorage.setItem("keyhaven.tour", "1");
      await go("/storage", { replace: true });
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <main className="narrow">
      <form onSubmit={(e) => void submit(e)}>
        <Form
          header={<Header variant="h1">{t("start.title")}</Header>}
          actions={
            <Button variant="primary" loading={busy} disabled={!token} formAction="submit">
              {t("start.set")}
            </Button>
          }
        >
          <Container>
            <SpaceBetween size="l">
              {token ? <Box>{t("start.about", { id: token.split(".", 1)[0] ?? "" })}</Box> : <Alert type="warning">{t("start.no-token")}</Alert>}
              <FormField label={t("start.password")} constraintText={t("start.rule")} errorText={tried && short ? t("start.short", { min: minPassword }) : undefined}>
                <Input type="password" name="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.detail.value)} />
              </FormField>
              <FormField label={t("start.again")} errorText={tried && !short && differs ? t("start.differs") : undefined}>
                <Input type="password" name="again" autoComplete="new-password" value={again} onChange={(e) => setAgain(e.detail.value)} />
              </FormField>
              <ErrorAlert error={error} />
            </SpaceBetween>
          </Container>
        </Form>
      </form>
    </main>
  );
}
