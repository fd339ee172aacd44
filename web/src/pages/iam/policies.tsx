import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { allPolicies, iam, type Policy } from "../../aws/iam";
import { Cli, Snippet } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { number, t } from "../../i18n";
import { example, jsonProblem, usePolicyProblem } from "./user-policies";

const ours = (p: Policy) => !p.Arn?.startsWith("arn:aws:iam::aws:");

/** The managed policies: the account's own, and AWS's. */
export default function Policies() {
  const list = useLoad(allPolicies, []);
  const [creating, setCreating] = useState(false);
  const [showing, setShowing] = useState<Policy>();
  const [deleting, setDeleting] = useState<Policy>();
  const { items, collectionProps, filterProps, paginationProps } = useCollection(list.data ?? [], {
    filtering: { filteringFunction: (p, text) => (p.PolicyName ?? "").toLowerCase().includes(text.trim().toLowerCase()), empty: t("policies.none"), noMatch: t("buckets.no-match") },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "PolicyName" } } },
  });
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        {...collectionProps}
        items={items}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="Arn"
        header={
          <Header
            variant="h1"
            description={t("policies.about")}
            actions={
              <Button variant="primary" onClick={() => setCreating(true)}>
                {t("policies.create")}
              </Button>
            }
          >
            {t("policies.title")}
          </Header>
        }
        filter={<TextFilter {...filterProps} filteringPlaceholder={t("policies.find")} filteringAriaLabel={t("policies.find")} />}
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          { id: "name", header: t("policy.name"), sortingField: "PolicyName", isRowHeader: true, cell: (p) => p.PolicyName },
          { id: "owner", header: t("policy.owner"), cell: (p) => t(ours(p) ? "policy.owner.you" : "policy.owner.aws") },
          { id: "count", header: t("policy.attachments"), cell: (p) => number(p.AttachmentCount) },
          {
            id: "actions",
            header: t("actions"),
            cell: (p) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-link" ariaLabel={`${t("policy.view")} ${p.PolicyName}`} onClick={() => setShowing(p)}>
                  {t("policy.view")}
                </Button>
                {ours(p) ? <Button variant="inline-icon" iconName="remove" ariaLabel={t("policies.inline.delete", { name: p.PolicyName ?? "" })} onClick={() => setDeleting(p)} /> : null}
              </SpaceBetween>
            ),
          },
        ]}
      />
      <Cli calls={[{ service: "iam", name: "ListPolicies", input: {} }]} />
      {creating ? <Create done={list.reload} onClose={() => setCreating(false)} /> : null}
      {showing ? <Show policy={showing} onClose={() => setShowing(undefined)} /> : null}
      {deleting ? (
        <Confirm
          title={t("policy.delete")}
          yes={t("yes.delete")}
          calls={[{ service: "iam", name: "DeletePolicy", input: { PolicyArn: deleting.Arn } }]}
          onClose={() => setDeleting(undefined)}
          action={async () => {
            await iam("DeletePolicy", { PolicyArn: deleting.Arn ?? "" });
            await list.reload();
            notify("success", t("policies.removed"));
          }}
        >
          <Box>{t("policy.delete.about", { name: deleting.PolicyName ?? "" })}</Box>
        </Confirm>
      ) : null}
    </SpaceBetween>
  );
}

function Show({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const doc = useLoad(
    async () => decodeURIComponent((await iam("GetPolicyVersion", { PolicyArn: policy.Arn ?? "", VersionId: policy.DefaultVersionId ?? "v1" })).PolicyVersion?.Document ?? ""),
    [policy.Arn],
  );
  return (
    <Modal visible size="large" header={policy.PolicyName} closeAriaLabel={t("close")} onDismiss={onClose}>
      <ErrorAlert error={doc.error} />
      {doc.data === undefined ? <Spinner /> : <Snippet text={pretty(doc.data)} />}
    </Modal>
  );
}

function pretty(doc: string): string {
  return jsonProblem(doc) ? doc : JSON.stringify(JSON.parse(doc), null, 2);
}

function Create({ done, onClose }: { done: () => Promise<void>; onClose: () => void }) {
  const [PolicyName, setName] = useState("");
  const [PolicyDocument, setText] = useState(example);
  const problem = usePolicyProblem(PolicyDocument);
  const input = { PolicyName, PolicyDocument };
  return (
    <Confirm
      title={t("policies.create")}
      yes={t("policies.create")}
      no={t("cancel")}
      size="large"
      disabled={!PolicyName || !!problem}
      calls={[{ service: "iam", name: "CreatePolicy", input }]}
      onClose={onClose}
      action={async () => {
        await iam("CreatePolicy", input);
        await done();
        notify("success", t("policies.saved"));
      }}
    >
      <FormField label={t("policy.name")}>
        <Input value={PolicyName} onChange={(e) => setName(e.detail.value)} />
      </FormField>
      <FormField stretch label={t("policy.document")} errorText={problem}>
        <Textarea rows={14} spellcheck={false} value={PolicyDocument} onChange={(e) => setText(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
