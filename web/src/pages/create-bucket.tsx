import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TagEditor, { type TagEditorProps } from "@cloudscape-design/components/tag-editor";
import Tiles from "@cloudscape-design/components/tiles";
import Toggle from "@cloudscape-design/components/toggle";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { lightsail } from "../aws/lightsail";
import { Cli } from "../components/cli";
import { ErrorAlert } from "../components/errors";
import { useLoad } from "../components/load";
import { chooseRegion, useRegion } from "../components/region";
import { notify } from "../components/notices";
import { number, t, type MessageId } from "../i18n";
import { regions } from "./regions";

/** What is wrong with a bucket's name, or nothing. */
export function nameProblem(name: string): MessageId | undefined {
  if (name.length < 3 || name.length > 54) return "name.length";
  if (!/^[a-z0-9-]+$/.test(name)) return "name.letters";
  if (name.startsWith("-") || name.endsWith("-")) return "name.ends";
  if (name.includes("--")) return "name.hyphens";
  return undefined;
}

/** Create bucket: region, plan, name, tags. */
export default function CreateBucket() {
  const go = useNavigate();
  const region = useRegion();
  const all = useLoad(regions, []);
  const plans = useLoad(async () => (await lightsail(region, "GetBucketBundles", {})).bundles ?? [], [region]);
  const [bundle, setBundle] = useState<string>();
  const [name, setName] = useState("");
  const [versioned, setVersioned] = useState(false);
  const [tags, setTags] = useState<readonly TagEditorProps.Tag[]>([]);
  const [tagsValid, setTagsValid] = useState(true);
  const [touched, setTouched] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const problem = nameProblem(name);
  const plan = bundle ?? plans.data?.[0]?.bundleId ?? "";
  const kept = tags.filter((x) => !x.markedForRemoval && x.key);
  const input = {
    bucketName: name,
    bundleId: plan,
    enableObjectVersioning: versioned || undefined,
    tags: kept.length ? kept.map((x) => ({ key: x.key, value: x.value || undefined })) : undefined,
  };

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setTouched(true);
    if (problem || !tagsValid || !plan) return;
    setBusy(true);
    setError(undefined);
    try {
      await lightsail(region, "CreateBucket", input);
      await go(`/storage/${name}`);
      notify("success", t("bucket.created", { name }));
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Form
        header={
          <Header variant="h1" description={t("bucket.create.about")}>
            {t("bucket.create")}
          </Header>
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => void go("/storage")}>
              {t("cancel")}
            </Button>
            <Button variant="primary" loading={busy} formAction="submit">
              {t("bucket.create")}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{t("bucket.where")}</Header>}>
            <FormField label={t("top.region")} description={t("bucket.where.hint")}>
              <Select
                selectedOption={{ value: region, label: region }}
                options={(all.data ?? []).map((r) => ({ value: r.name, label: r.name, description: r.displayName }))}
                filteringType="auto"
                onChange={(e) => chooseRegion(e.detail.selectedOption.value ?? region)}
              />
            </FormField>
          </Container>
          <Container header={<Header variant="h2">{t("bucket.plan")}</Header>}>
            <ErrorAlert error={plans.error} />
            <FormField label={t("bucket.plan.choose")} description={t("bucket.plan.hint")}>
              <Tiles
                value={plan}
                onChange={(e) => setBundle(e.detail.value)}
                items={(plans.data ?? []).map((p) => ({
                  value: p.bundleId ?? "",
                  label: `${p.name ?? p.bundleId} · ${t("plan.price", { price: p.price ?? 0 })}`,
                  description: t("plan.holds", { storage: number(p.storagePerMonthInGb), transfer: number(p.transferPerMonthInGb) }),
                }))}
              />
            </FormField>
          </Container>
          <Container header={<Header variant="h2">{t("bucket.identify")}</Header>}>
            <SpaceBetween size="m">
              <FormField label={t("bucket.name")} constraintText={t("name.rules")} errorText={(touched || name) && problem ? t(problem) : undefined}>
                <Input
                  name="bucketName"
                  value={name}
                  spellcheck={false}
                  autoComplete={false}
                  onBlur={() => setTouched(name !== "")}
                  onChange={(e) => setName(e.detail.value)}
                />
              </FormField>
              <Toggle checked={versioned} onChange={(e) => setVersioned(e.detail.checked)}>
                {t("bucket.versioned")}
              </Toggle>
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">{t("bucket.tags")}</Header>}>
            <TagEditor
              tags={tags}
              tagLimit={50}
              onChange={(e) => {
                setTags(e.detail.tags);
                setTagsValid(e.detail.valid);
              }}
            />
          </Container>
          <ErrorAlert error={error} />
          <Cli calls={[{ service: "lightsail", name: "CreateBucket", region, input }]} />
        </SpaceBetween>
      </Form>
    </form>
  );
}
