import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { allPolicies, iam } from "../../aws/iam";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { t } from "../../i18n";

export const example = JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "LightsailAccess", Effect: "Allow", Action: "lightsail:*", Resource: "*" }] }, null, 2);

/** Why a text is no JSON, or nothing. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (err) {
    return err instanceof Error ? err.message : String(err);
  }
}

/** The policies of a user: attached ones, and its own. */
export function UserPolicies({ userName: UserName }: { userName: string }) {
  const attached = useLoad(async () => (await iam("ListAttachedUserPolicies", { UserName })).AttachedPolicies ?? [], [UserName]);
  const inline = useLoad(async () => (await iam("ListUserPolicies", { UserName })).PolicyNames ?? [], [UserName]);
  const [attaching, setAttaching] = useState(false);
  const [detaching, setDetaching] = useState<{ name: string; arn: string }>();
  const [editing, setEditing] = useState<string>();
  const [deleting, setDeleting] = useState<string>();
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={attached.error ?? inline.error} />
      <Table
        items={attached.data ?? []}
        trackBy="PolicyArn"
        ariaLabels={{ tableLabel: t("policies.attached") }}
        empty={<Box textAlign="center">{t("policies.none")}</Box>}
        header={
          <Header variant="h2" actions={<Button onClick={() => setAttaching(true)}>{t("policies.attach")}</Button>}>
            {t("policies.attached")}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: t("policy.name"), isRowHeader: true, cell: (x) => x.PolicyName },
          { id: "arn", header: t("user.arn"), cell: (x) => <span className="mono">{x.PolicyArn}</span> },
          {
            id: "actions",
            header: t("actions"),
            cell: (x) => (
              <Button
                variant="inline-icon"
                iconName="remove"
                ariaLabel={t("policies.detach", { name: x.PolicyName ?? "" })}
                onClick={() => setDetaching({ name: x.PolicyName ?? "", arn: x.PolicyArn ?? "" })}
              />
            ),
          },
        ]}
      />
      <Table
        items={(inline.data ?? []).map((name) => ({ name }))}
        trackBy="name"
        ariaLabels={{ tableLabel: t("policies.inline") }}
        empty={<Box textAlign="center">{t("policies.none")}</Box>}
        header={
          <Header variant="h2" actions={<Button onClick={() => setEditing("")}>{t("policies.inline.add")}</Button>}>
            {t("policies.inline")}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: t("policy.name"), isRowHeader: true, cell: (x) => x.name },
          {
            id: "actions",
            header: t("actions"),
            cell: (x) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-icon" iconName="edit" ariaLabel={t("policies.inline.edit", { name: x.name })} onClick={() => setEditing(x.name)} />
                <Button variant="inline-icon" iconName="remove" ariaLabel={t("policies.inline.delete", { name: x.name })} onClick={() => setDeleting(x.name)} />
              </SpaceBetween>
            ),
          },
        ]}
      />
      {attaching ? <Attach UserName={UserName} done={attached.reload} onClose={() => setAttaching(false)} /> : null}
      {detaching ? (
        <Confirm
          title={t("policies.detach", { name: detaching.name })}
          yes={t("yes.delete")}
          calls={[{ service: "iam", name: "DetachUserPolicy", input: { UserName, PolicyArn: detaching.arn } }]}
          onClose={() => setDetaching(undefined)}
          action={async () => {
            await iam("DetachUserPolicy", { UserName, PolicyArn: detaching.arn });
            await attached.reload();
            notify("success", t("policies.removed"));
          }}
        >
          <Box>{t("policies.detach.about", { name: detaching.name })}</Box>
        </Confirm>
      ) : null}
      {editing !== undefined ? <Inline key={editing} UserName={UserName} name={editing} done={inline.reload} onClose={() => setEditing(undefined)} /> : null}
      {deleting !== undefined ? (
        <Confirm
          title={t("policies.inline.delete", { name: deleting })}
          yes={t("yes.delete")}
          calls={[{ service: "iam", name: "DeleteUserPolicy", input: { UserName, PolicyName: deleting } }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await iam("DeleteUserPolicy", { UserName, PolicyName: deleting });
            await inline.reload();
            notify("success", t("policies.removed"));
          }}
        >
          <Box>{t("policies.detach.about", { name: deleting })}</Box>
        </Confirm>
      ) : null}
    </SpaceBetween>
  );
}

interface PromptProps {
  UserName: string;
  done: () => Promise<void>;
  onClose: () => void;
}

function Attach({ UserName, done, onClose }: PromptProps) {
  const all = useLoad(allPolicies, []);
  const [arn, setArn] = useState("");
  const input = { UserName, PolicyArn: arn };
  return (
    <Confirm
      title={t("policies.attach")}
      yes={t("policies.attach")}
      no={t("cancel")}
      disabled={!arn}
      calls={[{ service: "iam", name: "AttachUserPolicy", input }]}
      onClose={onClose}
      action={async () => {
        await iam("AttachUserPolicy", input);
        await done();
        notify("success", t("policies.saved"));
      }}
    >
      <ErrorAlert error={all.error} />
      <FormField label={t("policies.attach.which")}>
        <Select
          selectedOption={arn ? { value: arn, label: arn.split("/").at(-1) } : null}
          options={(all.data ?? []).map((x) => ({ value: x.Arn, label: x.PolicyName, description: x.Description }))}
          filteringType="auto"
          placeholder={t("policies.attach.which")}
          onChange={(e) => setArn(e.detail.selectedOption.value ?? "")}
        />
      </FormField>
    </Confirm>
  );
}

function Inline({ UserName, name, done, onClose }: PromptProps & { name: string }) {
  const now = useLoad(async () => (name ? decodeURIComponent((await iam("GetUserPolicy", { UserName, PolicyName: name })).PolicyDocument ?? "") : example), [UserName, name]);
  const [PolicyName, setPolicyName] = useState(name);
  const [text, setText] = useState<string>();
  const doc = text ?? now.data ?? "";
  const problem = jsonProblem(doc);
  const input = { UserName, PolicyName, PolicyDocument: doc };
  return (
    <Confirm
      title={name ? t("policies.inline.edit", { name }) : t("policies.inline.add")}
      yes={t("save")}
      no={t("cancel")}
      size="large"
      disabled={!PolicyName || !!problem}
      calls={[{ service: "iam", name: "PutUserPolicy", input }]}
      onClose={onClose}
      action={async () => {
        await iam("PutUserPolicy", input);
        await done();
        notify("success", t("policies.saved"));
      }}
    >
      <ErrorAlert error={now.error} />
      <FormField label={t("policy.name")}>
        <Input value={PolicyName} disabled={!!name} onChange={(e) => setPolicyName(e.detail.value)} />
      </FormField>
      <FormField stretch label={t("policy.document")} errorText={doc ? problem : undefined}>
        <Textarea rows={14} spellcheck={false} value={doc} onChange={(e) => setText(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
