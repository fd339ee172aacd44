import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import type { Call } from "../../aws/cli";
import { allPolicies, iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { csv, saveText } from "../../components/download";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { NewKeyDetails } from "../../components/new-key";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import { config } from "../../session";

interface Made {
  id: string;
  secret: string;
}

/** A new user: name, access type, policies; the last page hands out a .csv. */
export default function CreateUser() {
  const go = useNavigate();
  const policies = useLoad(allPolicies, []);
  const [name, setName] = useState("");
  const [withKey, setWithKey] = useState(true);
  const [withPassword, setWithPassword] = useState(false);
  const [password, setPassword] = useState("");
  const [attach, setAttach] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [made, setMade] = useState<Made | "user">();
  const UserName = name.trim();

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!UserName) return;
    setBusy(true);
    setError(undefined);
    try {
      await iam("CreateUser", { UserName });
      for (const PolicyArn of attach) await iam("AttachUserPolicy", { UserName, PolicyArn });
      if (withPassword) await iam("CreateLoginProfile", { UserName, Password: password });
      if (withKey) {
        const { AccessKey } = await iam("CreateAccessKey", { UserName });
        setMade({ id: AccessKey?.AccessKeyId ?? "", secret: AccessKey?.SecretAccessKey ?? "" });
      } else setMade("user");
      notify("success", t("user.created", { name: UserName }));
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  if (made) {
    const key = made === "user" ? { id: "", secret: "" } : made;
    const save = () =>
      saveText(
        `${UserName}_credentials.csv`,
        "text/csv",
        csv([
          ["User name", "Password", "Access key ID", "Secret access key", "Console login link"],
          [UserName, withPassword ? password : "", key.id, key.secret, location.origin + "/"],
        ]),
      );
    return (
      <SpaceBetween size="l">
        <Header variant="h1" actions={<Button onClick={() => void go(`/iam/user/${encodeURIComponent(UserName)}`)}>{t("newkey.continue")}</Button>}>
          {t("user.ready")}
        </Header>
        <Container header={<Header variant="h2" actions={<Button iconName="download" onClick={save}>{t("user.csv")}</Button>}>{UserName}</Header>}>
          {made === "user" ? <Box>{t("user.password.seen")}</Box> : <NewKeyDetails id={key.id} secret={key.secret} region={config().region} csvName={`${UserName}_accessKeys.csv`} csvLabel={t("iam.key.file")} />}
        </Container>
      </SpaceBetween>
    );
  }
  const calls: Call[] = [
    { service: "iam", name: "CreateUser", input: { UserName } },
    ...attach.map((PolicyArn): Call => ({ service: "iam", name: "AttachUserPolicy", input: { UserName, PolicyArn } })),
    ...(withPassword ? [{ service: "iam" as const, name: "CreateLoginProfile", input: { UserName, Password: "********" } }] : []),
    ...(withKey ? [{ service: "iam" as const, name: "CreateAccessKey", input: { UserName } }] : []),
  ];
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Form
        header={<Header variant="h1">{t("users.create")}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => void go("/iam/users")}>
              {t("cancel")}
            </Button>
            <Button variant="primary" loading={busy} disabled={!UserName} formAction="submit">
              {t("users.create")}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container>
            <SpaceBetween size="m">
              <FormField label={t("user.name")}>
                <Input value={name} autoComplete={false} onChange={(e) => setName(e.detail.value)} />
              </FormField>
              <FormField label={t("user.access")}>
                <Checkbox checked={withKey} onChange={(e) => setWithKey(e.detail.checked)}>
                  {t("user.access.key")}
                </Checkbox>
                <Checkbox checked={withPassword} onChange={(e) => setWithPassword(e.detail.checked)}>
                  {t("user.access.password")}
                </Checkbox>
              </FormField>
              {withPassword ? (
                <FormField label={t("user.password")} constraintText={t("start.rule")}>
                  <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.detail.value)} />
                </FormField>
              ) : null}
              <FormField label={t("user.policies")}>
                <Multiselect
                  selectedOptions={attach.map((value) => ({ value, label: value.split("/").at(-1) }))}
                  options={(policies.data ?? []).map((x) => ({ value: x.Arn, label: x.PolicyName, description: x.Description }))}
                  filteringType="auto"
                  onChange={(e) => setAttach(e.detail.selectedOptions.map((o) => o.value ?? ""))}
                />
              </FormField>
            </SpaceBetween>
          </Container>
          <ErrorAlert error={error ?? policies.error} />
          <Cli calls={calls} />
        </SpaceBetween>
      </Form>
    </form>
  );
}
