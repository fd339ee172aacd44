import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { type Activity, getActivity, getKey, type KeyOfOurs, type UpdateKey, updateKey } from "../aws/keyhaven";
import { dateTime, number, t as common } from "../i18n";
import { t } from "../i18n/pages/key-care";
import { Cli } from "./cli";
import { Confirm } from "./confirm";
import { ErrorAlert } from "./errors";
import { useLoad } from "./load";
import { notify } from "./notices";

const date = (seconds?: number) => (seconds ? new Date(seconds * 1000) : undefined);

/** What Keyhaven knows of a key beyond AWS, and what can be changed of it. */
export default function KeyCare({ id, scoped, onChange }: { id: string; scoped?: boolean; onChange?: () => Promise<void> }) {
  const key = useLoad(() => getKey(id), [id]);
  const used = useLoad(() => getActivity(id), [id]);
  const [editing, setEditing] = useState(false);
  const [switching, setSwitching] = useState(false);
  const k = key.data;
  if (!k) return key.error ? <ErrorAlert error={key.error} /> : <Spinner />;
  const active = k.status === "Active";
  const input: UpdateKey = { accessKeyId: id, status: active ? "Inactive" : "Active" };
  const save = async (change: UpdateKey) => {
    await updateKey(change);
    await key.reload();
    await onChange?.();
  };
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={used.error} />
      <KeyValuePairs columns={4} items={[...itemsOf(k, scoped), ...usesOf(used.data)]} />
      <SpaceBetween direction="horizontal" size="xs">
        <Button ariaLabel={t("edit.of", { id })} onClick={() => setEditing(true)}>
          {t("edit")}
        </Button>
        {scoped ? <Button onClick={() => setSwitching(true)}>{t(active ? "disable" : "enable")}</Button> : null}
      </SpaceBetween>
      <Cli calls={[`# ${t("model")}`, { service: "keyhaven", name: "GetAccessKeyActivity", input: { accessKeyId: id } }]} />
      {editing ? <Edit accessKey={k} scoped={scoped} save={save} onClose={() => setEditing(false)} /> : null}
      {switching ? (
        <Confirm
          title={t(active ? "disable.title" : "enable.title")}
          yes={t(active ? "disable.yes" : "enable.yes")}
          calls={[{ service: "keyhaven", name: "UpdateAccessKey", input }]}
          onClose={() => setSwitching(false)}
          action={async () => {
            await save(input);
            notify("success", t(active ? "disabled" : "enabled", { id }));
          }}
        >
          <Box>{t(active ? "disable.about" : "enable.about", { id })}</Box>
        </Confirm>
      ) : null}
    </SpaceBetween>
  );
}

function itemsOf(k: KeyOfOurs, scoped?: boolean) {
  const s = k.scope;
  const may = [
    ...(s?.readOnly ? [t("scope.read")] : []),
    ...(s?.prefixes.length ? [t("scope.prefixes", { list: s.prefixes.join(", ") })] : []),
    ...(s?.networks.length ? [t("scope.networks", { list: s.networks.join(", ") })] : []),
  ];
  const when = dateTime(date(k.expiresAt));
  return [
    { label: t("name"), value: k.name || t("name.none") },
    { label: t("note"), value: k.note || t("name.none") },
    { label: t("expires"), value: k.expiresAt ? (k.expired ? t("expired", { when }) : when) : t("never") },
    ...(k.warnedAt ? [{ label: t("warned"), value: dateTime(date(k.warnedAt)) }] : []),
    ...(scoped ? [{ label: t("scope"), value: may.length ? may.join("; ") : t("scope.all") }] : []),
  ];
}

function usesOf(a: Activity | undefined) {
  if (!a?.lastUsedDate) return [];
  return [
    { label: t("client"), value: a.sourceAddress || "–" },
    { label: t("agent"), value: a.userAgent || "–" },
    { label: t("action"), value: a.action || "–" },
    { label: t("requests"), value: number(a.requestCount) },
    { label: t("first"), value: dateTime(date(a.firstUsedDate)) },
  ];
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);

interface EditProps {
  accessKey: KeyOfOurs;
  scoped?: boolean;
  save: (change: UpdateKey) => Promise<void>;
  onClose: () => void;
}

function Edit({ accessKey: k, scoped, save, onClose }: EditProps) {
  const [name, setName] = useState(k.name ?? "");
  const [note, setNote] = useState(k.note ?? "");
  const was = date(k.expiresAt)?.toISOString().slice(0, 10) ?? "";
  const [expires, setExpires] = useState(was);
  const [readOnly, setReadOnly] = useState(k.scope?.readOnly ?? false);
  const [prefixes, setPrefixes] = useState(k.scope?.prefixes.join("\n") ?? "");
  const [networks, setNetworks] = useState(k.scope?.networks.join("\n") ?? "");
  const end = expires ? Date.parse(`${expires}T23:59:59Z`) / 1000 : 0;
  const wrong = expires !== was && !!expires && (!/^\d{4}-\d\d-\d\d$/.test(expires) || !(end > Date.now() / 1000));
  const input: UpdateKey = {
    accessKeyId: k.accessKeyId,
    name,
    note,
    ...(expires === was ? {} : { expiresAt: end }),
    ...(scoped ? { scope: { readOnly, prefixes: lines(prefixes), networks: lines(networks) } } : {}),
  };
  return (
    <Confirm
      title={t("edit.of", { id: k.accessKeyId })}
      yes={t("save")}
      no={common("cancel")}
      size="large"
      disabled={name.length > 64 || wrong}
      calls={[{ service: "keyhaven", name: "UpdateAccessKey", input }]}
      onClose={onClose}
      action={async () => {
        await save(input);
        notify("success", t("saved", { id: k.accessKeyId }));
      }}
    >
      <FormField label={t("name")} errorText={name.length > 64 ? t("name.rule") : undefined}>
        <Input value={name} onChange={(e) => setName(e.detail.value)} />
      </FormField>
      <FormField label={t("note")}>
        <Textarea rows={2} value={note} onChange={(e) => setNote(e.detail.value)} />
      </FormField>
      <FormField label={t("expires")} constraintText={t("expires.rule")} errorText={wrong ? t("expires.wrong") : undefined}>
        <Input value={expires} placeholder="YYYY-MM-DD" onChange={(e) => setExpires(e.detail.value.trim())} />
      </FormField>
      {scoped ? (
        <>
          <Checkbox checked={readOnly} onChange={(e) => setReadOnly(e.detail.checked)}>
            {t("read")}
          </Checkbox>
          <FormField label={t("prefixes")} constraintText={t("prefixes.rule")}>
            <Textarea rows={2} spellcheck={false} value={prefixes} onChange={(e) => setPrefixes(e.detail.value)} />
          </FormField>
          <FormField label={t("networks")} constraintText={t("networks.rule")}>
            <Textarea rows={2} spellcheck={false} value={networks} onChange={(e) => setNetworks(e.detail.value)} />
          </FormField>
        </>
      ) : null}
    </Confirm>
  );
}

/** The same in a prompt of its own. */
export function KeyCareModal({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <Modal visible size="large" header={t("details.of", { id })} closeAriaLabel={common("close")} onDismiss={onClose}>
      <KeyCare id={id} />
    </Modal>
  );
}

/** Who used a key last, looked at again whenever turn changes. */
export function LastClient({ id, turn }: { id: string; turn: unknown }) {
  const used = useLoad(() => getActivity(id), [id, turn]);
  const a = used.data;
  if (!a?.lastUsedDate) return null;
  return <Box variant="small">{t("still", { agent: a.userAgent || "–", address: a.sourceAddress || "–", action: a.action || "–" })}</Box>;
}
