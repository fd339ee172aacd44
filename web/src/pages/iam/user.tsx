import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert, explain } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t } from "../../i18n";
import { can } from "../../session";
import { Boundary } from "./boundary";
import { UserKeys } from "./keys";
import { MFADevices } from "./mfa";
import { Removal, userSteps } from "./removal";
import { HolderPolicies } from "./user-policies";

/** One user: Permissions, Security credentials. */
export default function UserPage() {
  const { user: name = "" } = useParams();
  const go = useNavigate();
  const user = useLoad(async () => (await iam("GetUser", { UserName: name })).User, [name]);
  const [deleting, setDeleting] = useState(false);
  const [tab, setTab] = useState("permissions");
  return (
    <SpaceBetween size="m">
      <BreadcrumbGroup
        ariaLabel={t("breadcrumbs")}
        items={[
          { text: t("users.title"), href: "/iam/users" },
          { text: name, href: `/iam/user/${name}` },
        ]}
        onFollow={(e) => {
          e.preventDefault();
          void go(e.detail.href);
        }}
      />
      <Header variant="h1" actions={<Button onClick={() => setDeleting(true)}>{t("delete")}</Button>}>
        {name}
      </Header>
      <ErrorAlert error={user.error} />
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: t("user.arn"), value: <span className="mono">{user.data?.Arn}</span> },
            { label: t("created"), value: dateTime(user.data?.CreateDate) },
            { label: t("user.last-used"), value: dateTime(user.data?.PasswordLastUsed) },
          ]}
        />
        <Cli calls={[{ service: "iam", name: "GetUser", input: { UserName: name } }]} />
      </Container>
      {user.data ? (
        <Tabs
          ariaLabel={t("users.title")}
          activeTabId={tab}
          onChange={(e) => setTab(e.detail.activeTabId)}
          tabs={[
            {
              id: "permissions",
              label: t("user.tab.permissions"),
              content: (
                <SpaceBetween size="l">
                  <HolderPolicies holder={{ kind: "User", name }} />
                  <Boundary holder={{ kind: "User", name }} now={user.data.PermissionsBoundary?.PermissionsBoundaryArn} done={user.reload} />
                </SpaceBetween>
              ),
            },
            {
              id: "credentials",
              label: t("user.tab.credentials"),
              content: (
                <SpaceBetween size="l">
                  <UserKeys userName={name} />
                  <Login userName={name} />
                  {can("iam:EnableMFADevice") ? <MFADevices userName={name} /> : null}
                </SpaceBetween>
              ),
            },
          ]}
        />
      ) : null}
      {deleting ? (
        <Removal
          title={t("user.delete")}
          about={t("user.delete.about", { name })}
          steps={() => userSteps(name)}
          onClose={() => setDeleting(false)}
          done={async () => {
            await go("/iam/users");
            notify("success", t("user.deleted", { name }));
          }}
        />
      ) : null}
    </SpaceBetween>
  );
}

function Login({ userName }: { userName: string }) {
  const UserName = userName;
  const login = useLoad(async () => {
    try {
      return { since: (await iam("GetLoginProfile", { UserName })).LoginProfile?.CreateDate };
    } catch (err) {
      if (/^NoSuchEntity/.test(explain(err).code)) return null;
      throw err;
    }
  }, [userName]);
  const [setting, setSetting] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [password, setPassword] = useState("");
  const [reset, setReset] = useState(true);
  const name = login.data ? "UpdateLoginProfile" : "CreateLoginProfile";
  const input = { UserName, Password: password, PasswordResetRequired: reset };
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!login.data} onClick={() => setRemoving(true)}>
                {t("login.remove")}
              </Button>
              <Button disabled={login.data === undefined} onClick={() => setSetting(true)}>
                {t(login.data ? "login.change" : "login.set")}
              </Button>
            </SpaceBetween>
          }
        >
          {t("login.title")}
        </Header>
      }
    >
      <ErrorAlert error={login.error} />
      <Box>{login.data ? t("login.has") : t("login.has-not")}</Box>
      {setting ? (
        <Confirm
          title={t(login.data ? "login.change" : "login.set")}
          yes={t("save")}
          no={t("cancel")}
          disabled={!password}
          calls={[{ service: "iam", name, input: { ...input, Password: "********" } }]}
          onClose={() => {
            setPassword("");
            setSetting(false);
          }}
          action={async () => {
            await iam(name, input);
            await login.reload();
            notify("success", t("login.saved"));
          }}
        >
          <FormField label={t("user.password")} constraintText={t("start.rule")}>
            <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.detail.value)} />
          </FormField>
          <Checkbox checked={reset} onChange={(e) => setReset(e.detail.checked)}>
            {t("login.reset")}
          </Checkbox>
        </Confirm>
      ) : null}
      {removing ? (
        <Confirm
          title={t("login.remove")}
          yes={t("yes.delete")}
          calls={[{ service: "iam", name: "DeleteLoginProfile", input: { UserName } }]}
          onClose={() => setRemoving(false)}
          action={async () => {
            await iam("DeleteLoginProfile", { UserName });
            await login.reload();
            notify("success", t("login.removed"));
          }}
        >
          <Box>{t("login.remove.about")}</Box>
        </Confirm>
      ) : null}
    </Container>
  );
}
