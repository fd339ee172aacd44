import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useEffect, useState } from "react";
import { allPolicies, type Holder, iam, iamOf, ofHolder } from "../../aws/iam";
import type { Call } from "../../aws/cli";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert, explain } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { t } from "../../i18n";

export const example = JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "LightsailAccess", Effect: "Allow", Action: "lightsail:*", Resource: "*" }] }, null, 2);

/** Why a text is no policy: at once where it is no JSON, else what the server says a moment later. */
export function usePolicyProblem(text: string): string | undefined {
  const json = jsonProblem(text);
  const [said, setSaid] = useState<{ text: string; problem?: string }>();
  useEffect(() => {
    if (json) return;
    const timer = setTimeout(() => {
      iam("SimulateCustomPolicy", { PolicyInputList: [text], ActionNames: ["s3:GetObject"] }).then(
        () => setSaid({ text }),
        (err: unknown) => setSaid({ text, problem: /Malformed|InvalidInput|Validation/.test(explain(err).code) ? explain(err).message.replace(/^Invalid policy in PolicyInputList: /, "") : undefined }),
      );
    }, 400);
    return () => clearTimeout(timer);
  }, [text, json]);
  return json ?? (said?.text === text ? said.problem : undefined);
}

/** Why a text is no JSON, or nothing. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (err) {
    return err instanceof Error ? err.message : String(err);
  }
}

const call = (...of: Parameters<typeof ofHolder>): Call => ({ service: "iam", ...ofHolder(...of) });

/** The policies of a user or a role: attached ones, and its own. */
export function HolderPolicies({ holder }: { holder: Holder }) {
  const attached = useLoad(async () => (await iamOf(holder, "ListAttached*Policies")).AttachedPolicies ?? [], [holder.kind, holder.name]);
  const inline = useLoad(async () => (await iamOf(holder, "List*Policies")).PolicyNames ?? [], [holder.kind, holder.name]);
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
      <Cli calls={[call(holder, "ListAttached*Policies"), call(holder, "List*Policies")]} />
      {attaching ? <Attach holder={holder} done={attached.reload} onClose={() => setAttaching(false)} /> : null}
      {detaching ? (
        <Confirm
          title={t("policies.detach", { name: detaching.name })}
          yes={t("yes.delete")}
          calls={[call(holder, "Detach*Policy", { PolicyArn: detaching.arn })]}
          onClose={() => setDetaching(undefined)}
          action={async () => {
            await iamOf(holder, "Detach*Policy", { PolicyArn: detaching.arn });
            await attached.reload();
            notify("success", t("policies.removed"));
          }}
        >
          <Box>{t("policies.detach.about", { name: detaching.name })}</Box>
        </Confirm>
      ) : null}
      {editing !== undefined ? <Inline key={editing} holder={holder} name={editing} done={inline.reload} onClose={() => setEditing(undefined)} /> : null}
      {deleting !== undefined ? (
        <Confirm
          title={t("policies.inline.delete", { name: deleting })}
          yes={t("yes.delete")}
          calls={[call(holder, "Delete*Policy", { PolicyName: deleting })]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await iamOf(holder, "Delete*Policy", { PolicyName: deleting });
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
  holder: Holder;
  done: () => Promise<void>;
  onClose: () => void;
}

function Attach({ holder, done, onClose }: PromptProps) {
  const all = useLoad(allPolicies, []);
  const [arn, setArn] = useState("");
  const input = { PolicyArn: arn };
  return (
    <Confirm
      title={t("policies.attach")}
      yes={t("policies.attach")}
      no={t("cancel")}
      disabled={!arn}
      calls={[call(holder, "Attach*Policy", input)]}
      onClose={onClose}
      action={async () => {
        await iamOf(holder, "Attach*Policy", input);
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

function Inline({ holder, name, done, onClose }: PromptProps & { name: string }) {
  const now = useLoad(async () => (name ? decodeURIComponent((await iamOf(holder, "Get*Policy", { PolicyName: name })).PolicyDocument ?? "") : example), [holder.kind, holder.name, name]);
  const [PolicyName, setPolicyName] = useState(name);
  const [text, setText] = useState<string>();
  const doc = text ?? now.data ?? "";
  const problem = usePolicyProblem(doc);
  const input = { PolicyName, PolicyDocument: doc };
  return (
    <Confirm
      title={name ? t("policies.inline.edit", { name }) : t("policies.inline.add")}
      yes={t("save")}
      no={t("cancel")}
      size="large"
      disabled={!PolicyName || !!problem}
      calls={[call(holder, "Put*Policy", input)]}
      onClose={onClose}
      action={async () => {
        await iamOf(holder, "Put*Policy", input);
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
