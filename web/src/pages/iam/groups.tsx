import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { allGroups, allPolicies, allUsers, iam } from "../../aws/iam";
import { Cli } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t } from "../../i18n";
import { groupSteps, Removal } from "./removal";

/** The groups of the account; the chosen one with its members and policies. */
export default function Groups() {
  const list = useLoad(allGroups, []);
  const [chosen, setChosen] = useState<string>();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [name, setName] = useState("");
  const group = list.data?.find((g) => g.GroupName === chosen);
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={list.error} />
      <Table
        items={list.data ?? []}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="GroupName"
        selectionType="single"
        selectedItems={group ? [group] : []}
        onSelectionChange={(e) => setChosen(e.detail.selectedItems[0]?.GroupName)}
        ariaLabels={{ selectionGroupLabel: t("groups.title"), itemSelectionLabel: (_, g) => t("objects.select.one", { name: g.GroupName ?? "" }), tableLabel: t("groups.title") }}
        empty={<Box textAlign="center">{t("groups.none")}</Box>}
        header={
          <Header
            variant="h1"
            description={t("groups.about")}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!group} onClick={() => setDeleting(true)}>
                  {t("delete")}
                </Button>
                <Button variant="primary" onClick={() => setCreating(true)}>
                  {t("groups.create")}
                </Button>
              </SpaceBetween>
            }
          >
            {t("groups.title")}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: t("group.name"), isRowHeader: true, cell: (g) => g.GroupName },
          { id: "created", header: t("created"), cell: (g) => dateTime(g.CreateDate) },
        ]}
      />
      {group?.GroupName ? <Members key={`m${group.GroupName}`} GroupName={group.GroupName} /> : null}
      {group?.GroupName ? <GroupPolicies key={`p${group.GroupName}`} GroupName={group.GroupName} /> : null}
      <Cli calls={[{ service: "iam", name: "ListGroups", input: {} }]} />
      {creating ? (
        <Confirm
          title={t("groups.create")}
          yes={t("groups.create")}
          no={t("cancel")}
          disabled={!name}
          calls={[{ service: "iam", name: "CreateGroup", input: { GroupName: name } }]}
          onClose={() => setCreating(false)}
          action={async () => {
            await iam("CreateGroup", { GroupName: name });
            await list.reload();
            setChosen(name);
            setName("");
          }}
        >
          <FormField label={t("group.name")}>
            <Input value={name} onChange={(e) => setName(e.detail.value)} />
          </FormField>
        </Confirm>
      ) : null}
      {deleting && group?.GroupName ? (
        <Removal
          title={t("group.delete")}
          about={t("group.delete.about", { name: group.GroupName })}
          steps={() => groupSteps(group.GroupName ?? "")}
          onClose={() => setDeleting(false)}
          done={async () => {
            setChosen(undefined);
            await list.reload();
          }}
        />
      ) : null}
    </SpaceBetween>
  );
}

/** A list of things that belong to a group, with one to add chosen from all. */
interface PartsProps {
  title: string;
  add: string;
  label: string;
  items: { id: string; name: string }[];
  choices: { id: string; name: string }[];
  error: unknown;
  put: (id: string) => { name: "AddUserToGroup" | "AttachGroupPolicy"; input: object; run: () => Promise<unknown> };
  take: (id: string) => { name: "RemoveUserFromGroup" | "DetachGroupPolicy"; input: object; run: () => Promise<unknown> };
  reload: () => Promise<void>;
}

function Parts({ title, add, label, items, choices, error, put, take, reload }: PartsProps) {
  const [adding, setAdding] = useState(false);
  const [id, setId] = useState("");
  const [removing, setRemoving] = useState<{ id: string; name: string }>();
  const act = (run: () => Promise<unknown>) => async () => {
    await run();
    await reload();
    notify("success", t("group.saved"));
  };
  const adds = put(id);
  const takes = take(removing?.id ?? "");
  return (
    <>
      <ErrorAlert error={error} />
      <Table
        items={items}
        trackBy="id"
        ariaLabels={{ tableLabel: title }}
        empty={<Box textAlign="center">{t("policies.none")}</Box>}
        header={
          <Header variant="h2" actions={<Button onClick={() => setAdding(true)}>{add}</Button>}>
            {title}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: label, isRowHeader: true, cell: (x) => x.name },
          { id: "actions", header: t("actions"), cell: (x) => <Button variant="inline-icon" iconName="remove" ariaLabel={t("group.remove", { name: x.name })} onClick={() => setRemoving(x)} /> },
        ]}
      />
      {adding ? (
        <Confirm title={add} yes={add} no={t("cancel")} disabled={!id} calls={[{ service: "iam", name: adds.name, input: adds.input }]} onClose={() => setAdding(false)} action={act(adds.run)}>
          <FormField label={label}>
            <Select
              selectedOption={id ? { value: id, label: choices.find((c) => c.id === id)?.name } : null}
              options={choices.map((c) => ({ value: c.id, label: c.name }))}
              filteringType="auto"
              placeholder={label}
              onChange={(e) => setId(e.detail.selectedOption.value ?? "")}
            />
          </FormField>
        </Confirm>
      ) : null}
      {removing ? (
        <Confirm
          title={t("group.remove", { name: removing.name })}
          yes={t("yes.delete")}
          calls={[{ service: "iam", name: takes.name, input: takes.input }]}
          onClose={() => setRemoving(undefined)}
          action={act(takes.run)}
        />
      ) : null}
    </>
  );
}

function Members({ GroupName }: { GroupName: string }) {
  const members = useLoad(async () => (await iam("GetGroup", { GroupName })).Users ?? [], [GroupName]);
  const all = useLoad(allUsers, []);
  const named = (users: { UserName?: string }[]) => users.map((u) => ({ id: u.UserName ?? "", name: u.UserName ?? "" }));
  return (
    <Parts
      title={t("group.members", { name: GroupName })}
      add={t("group.add")}
      label={t("user.name")}
      items={named(members.data ?? [])}
      choices={named(all.data ?? [])}
      error={members.error ?? all.error}
      put={(UserName) => ({ name: "AddUserToGroup", input: { GroupName, UserName }, run: () => iam("AddUserToGroup", { GroupName, UserName }) })}
      take={(UserName) => ({ name: "RemoveUserFromGroup", input: { GroupName, UserName }, run: () => iam("RemoveUserFromGroup", { GroupName, UserName }) })}
      reload={members.reload}
    />
  );
}

function GroupPolicies({ GroupName }: { GroupName: string }) {
  const attached = useLoad(async () => (await iam("ListAttachedGroupPolicies", { GroupName })).AttachedPolicies ?? [], [GroupName]);
  const all = useLoad(allPolicies, []);
  return (
    <Parts
      title={t("policies.attached")}
      add={t("policies.attach")}
      label={t("policy.name")}
      items={(attached.data ?? []).map((p) => ({ id: p.PolicyArn ?? "", name: p.PolicyName ?? "" }))}
      choices={(all.data ?? []).map((p) => ({ id: p.Arn ?? "", name: p.PolicyName ?? "" }))}
      error={attached.error ?? all.error}
      put={(PolicyArn) => ({ name: "AttachGroupPolicy", input: { GroupName, PolicyArn }, run: () => iam("AttachGroupPolicy", { GroupName, PolicyArn }) })}
      take={(PolicyArn) => ({ name: "DetachGroupPolicy", input: { GroupName, PolicyArn }, run: () => iam("DetachGroupPolicy", { GroupName, PolicyArn }) })}
      reload={attached.reload}
    />
  );
}
