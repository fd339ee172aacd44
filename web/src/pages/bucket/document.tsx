import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { Snippet } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert, explain } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { t } from "../../i18n";
import { calls, described, perform } from "./document-calls";
import type { DocumentKind } from "./documents";
import type { TabProps } from "./page";

const pretty = (doc: unknown) => JSON.stringify(doc, null, 2);

/** One configuration document of the bucket, as JSON in the form of aws-cli. */
export default function DocumentTab({ name, region, kind }: TabProps & { kind: DocumentKind }) {
  const c = calls[kind];
  const doc = useLoad(async () => {
    try {
      return { is: (await c.get(region, name)) ?? null };
    } catch (err) {
      if (c.none.includes(explain(err).code)) return { is: null };
      throw err;
    }
  }, [region, name, kind]);
  const [text, setText] = useState<string>();
  const [saving, setSaving] = useState<unknown>();
  const [removing, setRemoving] = useState(false);
  const parsed = text === undefined ? undefined : parse(text);
  const there = doc.data?.is != null;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t(`document.${kind}.about` as const)}
          actions={
            text === undefined ? (
              <SpaceBetween direction="horizontal" size="xs">
                {c.remove ? (
                  <Button disabled={!there} onClick={() => setRemoving(true)}>
                    {t("delete")}
                  </Button>
                ) : null}
                <Button disabled={!doc.data} onClick={() => setText(pretty(doc.data?.is ?? c.example(name)))}>
                  {there ? t("document.edit") : t("document.add")}
                </Button>
              </SpaceBetween>
            ) : (
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setText(undefined)}>{t("cancel")}</Button>
                <Button variant="primary" disabled={!parsed || "error" in parsed} onClick={() => parsed && "is" in parsed && setSaving(parsed.is)}>
                  {t("save")}
                </Button>
              </SpaceBetween>
            )
          }
        >
          {t(`tab.${kind}` as const)}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={doc.error} />
        {!doc.data && doc.loading ? <Spinner /> : null}
        {text !== undefined ? (
          <FormField stretch label={t("document.json")} errorText={parsed && "error" in parsed ? parsed.error : undefined}>
            <Textarea value={text} rows={18} spellcheck={false} onChange={(e) => setText(e.detail.value)} />
          </FormField>
        ) : there ? (
          <Snippet text={pretty(doc.data?.is)} />
        ) : doc.data ? (
          <Box color="text-body-secondary">{t("document.none")}</Box>
        ) : null}
      </SpaceBetween>
      {saving !== undefined ? (
        <Confirm
          title={t("document.save.title")}
          yes={t("yes.save")}
          calls={[described(region, c.put(name, saving))]}
          onClose={() => setSaving(undefined)}
          action={async () => {
            await perform(region, c.put(name, saving));
            await doc.reload();
            setText(undefined);
            notify("success", t("document.saved"));
          }}
        >
          <Box>{t(`document.${kind}.save` as const)}</Box>
        </Confirm>
      ) : null}
      {removing && c.remove ? (
        <Confirm
          title={t("document.delete.title")}
          yes={t("yes.delete")}
          calls={[described(region, c.remove(name))]}
          onClose={() => setRemoving(false)}
          action={async () => {
            if (c.remove) await perform(region, c.remove(name));
            await doc.reload();
            notify("success", t("document.deleted"));
          }}
        >
          <Alert type="warning">{t("document.delete.about")}</Alert>
        </Confirm>
      ) : null}
    </Container>
  );
}

function parse(text: string): { is: unknown } | { error: string } {
  try {
    const is: unknown = JSON.parse(text);
    if (typeof is !== "object" || is === null) return { error: t("document.not-object") };
    return { is };
  } catch (err) {
    return { error: err instanceof Error ? err.message : String(err) };
  }
}
