import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { iam } from "../../aws/iam";
import { Cli, Snippet } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t as common } from "../../i18n";
import { t } from "../../i18n/pages/roles";
import { Boundary } from "./boundary";
import { Removal, roleSteps } from "./removal";
import { HolderPolicies, jsonProblem } from "./user-policies";

const pretty = (text: string) => (jsonProblem(text) ? text : JSON.stringify(JSON.parse(text), null, 2));

/** One role: who may assume it, and what it may do. */
export default function RolePage() {
  const { role: name = "" } = useParams();
  const go = useNavigate();
  const role = useLoad(async () => (await iam("GetRole", { RoleName: name })).Role, [name]);
  const [deleting, setDeleting] = useState(false);
  const [editing, setEditing] = useState(false);
  const trust = pretty(decodeURIComponent(role.data?.AssumeRolePolicyDocument ?? ""));
  const used = role.data?.RoleLastUsed;
  return (
    <SpaceBetween size="m">
      <BreadcrumbGroup
        ariaLabel={common("breadcrumbs")}
        items={[
          { text: t("title"), href: "/iam/roles" },
          { text: name, href: `/iam/role/${name}` },
        ]}
        onFollow={(e) => {
          e.preventDefault();
          void go(e.detail.href);
        }}
      />
      <Header variant="h1" actions={<Button onClick={() => setDeleting(true)}>{common("delete")}</Button>}>
        {name}
      </Header>
      <ErrorAlert error={role.error} />
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: t("arn"), value: <span className="mono">{role.data?.Arn}</span> },
            { label: common("created"), value: dateTime(role.data?.CreateDate) },
            { label: t("last-used"), value: used?.LastUsedDate ? `${dateTime(used.LastUsedDate)} · ${used.Region}` : "–" },
          ]}
        />
      </Container>
      {role.data ? (
        <>
          <Container
            header={
              <Header variant="h2" description={t("trust.about")} actions={<Button onClick={() => setEditing(true)}>{t("trust.edit")}</Button>}>
                {t("trust")}
              </Header>
            }
          >
            <SpaceBetween size="s">
              <Snippet text={trust} />
              <Cli calls={[{ service: "iam", name: "GetRole", input: { RoleName: name } }]} />
            </SpaceBetween>
          </Container>
          <HolderPolicies holder={{ kind: "Role", name }} />
          <Boundary holder={{ kind: "Role", name }} now={role.data.PermissionsBoundary?.PermissionsBoundaryArn} done={role.reload} />
        </>
      ) : null}
      {editing ? <Trust name={name} now={trust} done={role.reload} onClose={() => setEditing(false)} /> : null}
      {deleting ? (
        <Removal
          title={t("delete")}
          about={t("delete.about", { name })}
          steps={() => roleSteps(name)}
          onClose={() => setDeleting(false)}
          done={async () => {
            await go("/iam/roles");
            notify("success", t("deleted", { name }));
          }}
        />
      ) : null}
    </SpaceBetween>
  );
}

function Trust({ name, now, done, onClose }: { name: string; now: string; done: () => Promise<void>; onClose: () => void }) {
  const [text, setText] = useState(now);
  const problem = jsonProblem(text);
  const input = { RoleName: name, PolicyDocument: text };
  return (
    <Confirm
      title={t("trust.edit")}
      yes={common("save")}
      no={common("cancel")}
      size="large"
      disabled={!!problem}
      calls={[{ service: "iam", name: "UpdateAssumeRolePolicy", input }]}
      onClose={onClose}
      action={async () => {
        await iam("UpdateAssumeRolePolicy", input);
        await done();
        notify("success", t("trust.saved"));
      }}
    >
      <FormField stretch label={t("trust")} errorText={problem}>
        <Textarea rows={14} spellcheck={false} value={text} onChange={(e) => setText(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
