import type { ContextEntry, EvaluationResult } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { allRoles, allUsers, iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { t as common } from "../../i18n";
import { t } from "../../i18n/pages/decisions";

const looks = { allowed: "success", explicitDeny: "error", implicitDeny: "warning" } as const;

/** Explains decisions: may somebody do something, and why. */
export default function Decisions() {
  const people = useLoad(async () => {
    const [users, roles] = await Promise.all([allUsers(), allRoles()]);
    return [
      { label: t("user"), options: users.map((u) => ({ value: u.Arn ?? "", label: u.UserName ?? "" })) },
      { label: t("role"), options: roles.map((r) => ({ value: r.Arn ?? "", label: r.RoleName ?? "" })) },
    ];
  }, []);
  const [who, setWho] = useState("");
  const [actions, setActions] = useState("s3:GetObject\ns3:PutObject");
  const [resource, setResource] = useState("*");
  const [context, setContext] = useState("");
  const [results, setResults] = useState<EvaluationResult[]>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const names = actions.split(/\s+/).filter(Boolean);
  const lines = context.split("\n").filter((l) => l.trim());
  const entries = lines.map(contextEntry);
  const wrong = lines.find((_, i) => !entries[i]);
  const ContextEntries = entries.length ? entries.filter((e) => e !== undefined) : undefined;
  const input = { PolicySourceArn: who, ActionNames: names, ResourceArns: [resource], ContextEntries };
  const ask = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setResults((await iam("SimulatePrincipalPolicy", input)).EvaluationResults ?? []);
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={t("about")}>
        {t("title")}
      </Header>
      <Container>
        <SpaceBetween size="m">
          <ErrorAlert error={people.error} />
          <FormField label={t("who")}>
            <Select
              selectedOption={who ? { value: who, label: who.split("/").at(-1) } : null}
              options={people.data ?? []}
              filteringType="auto"
              placeholder={t("who.choose")}
              statusType={people.loading ? "loading" : "finished"}
              loadingText={common("loading")}
              onChange={(e) => setWho(e.detail.selectedOption.value ?? "")}
            />
          </FormField>
          <FormField label={t("actions")} constraintText={t("actions.rule")}>
            <Textarea rows={4} spellcheck={false} value={actions} onChange={(e) => setActions(e.detail.value)} />
          </FormField>
          <FormField label={t("resource")} constraintText={t("resource.rule")}>
            <Input value={resource} onChange={(e) => setResource(e.detail.value.trim())} />
          </FormField>
          <FormField label={t("context")} constraintText={t("context.rule")} errorText={wrong ? t("context.wrong", { line: wrong }) : undefined}>
            <Textarea rows={3} spellcheck={false} value={context} onChange={(e) => setContext(e.detail.value)} />
          </FormField>
          <ErrorAlert error={error} />
          <Button variant="primary" loading={busy} disabled={!who || !!wrong || names.length === 0 || !resource} onClick={() => void ask()}>
            {t("ask")}
          </Button>
          <Cli calls={[{ service: "iam", name: "SimulatePrincipalPolicy", input }]} />
        </SpaceBetween>
      </Container>
      <Table
        items={results ?? []}
        ariaLabels={{ tableLabel: t("result") }}
        empty={<Box textAlign="center">{t("none")}</Box>}
        header={<Header variant="h2">{t("result")}</Header>}
        columnDefinitions={[
          { id: "action", header: t("action"), isRowHeader: true, cell: (r) => <span className="mono">{r.EvalActionName}</span> },
          { id: "decision", header: t("decision"), cell: (r) => <StatusIndicator type={looks[r.EvalDecision ?? "implicitDeny"]}>{t(`decision.${r.EvalDecision ?? "implicitDeny"}` as const)}</StatusIndicator> },
          { id: "because", header: t("because"), cell: because },
        ]}
      />
    </SpaceBetween>
  );
}

/** A line "key = value, value" as an entry of the context; nothing where it is none. */
function contextEntry(line: string): ContextEntry | undefined {
  const at = line.indexOf("=");
  const key = line.slice(0, at).trim();
  const values = line.slice(at + 1).split(",").map((v) => v.trim()).filter(Boolean);
  if (at < 0 || !key.includes(":") || !values.length) return undefined;
  return { ContextKeyName: key, ContextKeyType: values.length > 1 ? "stringList" : "string", ContextKeyValues: values };
}

function because(r: EvaluationResult) {
  const boundary = r.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false;
  return (
    <SpaceBetween size="xxs">
      {(r.MatchedStatements ?? []).map((s, i) => (
        <Box key={i}>{t("statement", { policy: s.SourcePolicyId ?? "", type: s.SourcePolicyType ?? "", line: s.StartPosition?.Line ?? 1 })}</Box>
      ))}
      {boundary ? <Box>{t("boundary")}</Box> : null}
      {!r.MatchedStatements?.length && !boundary ? <Box>{t("because.nothing")}</Box> : null}
      {r.MissingContextValues?.length ? <Box>{t("missing", { keys: r.MissingContextValues.join(", ") })}</Box> : null}
    </SpaceBetween>
  );
}
