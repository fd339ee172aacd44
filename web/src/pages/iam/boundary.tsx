import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { allPolicies, type Holder, iamOf, ofHolder } from "../../aws/iam";
import { Confirm } from "../../components/confirm";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { t as common } from "../../i18n";
import { t } from "../../i18n/pages/boundary";

interface Props {
  holder: Holder;
  /** The ARN of the policy that is the boundary; none without one. */
  now?: string;
  done: () => Promise<void>;
}

/** The permissions boundary of a user or a role. */
export function Boundary({ holder, now, done }: Props) {
  const [setting, setSetting] = useState(false);
  const [removing, setRemoving] = useState(false);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t("about")}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!now} onClick={() => setRemoving(true)}>
                {t("remove")}
              </Button>
              <Button onClick={() => setSetting(true)}>{t(now ? "change" : "set")}</Button>
            </SpaceBetween>
          }
        >
          {t("title")}
        </Header>
      }
    >
      {now ? <span className="mono">{now}</span> : <Box>{t("none")}</Box>}
      {setting ? <Choose holder={holder} now={now} done={done} onClose={() => setSetting(false)} /> : null}
      {removing ? (
        <Confirm
          title={t("remove")}
          yes={common("yes.delete")}
          calls={[{ service: "iam", ...ofHolder(holder, "Delete*PermissionsBoundary") }]}
          onClose={() => setRemoving(false)}
          action={async () => {
            await iamOf(holder, "Delete*PermissionsBoundary");
            await done();
            notify("success", t("removed"));
          }}
        >
          <Box>{t("remove.about", { name: holder.name, boundary: now?.split("/").at(-1) ?? "" })}</Box>
        </Confirm>
      ) : null}
    </Container>
  );
}

function Choose({ holder, now, done, onClose }: Props & { onClose: () => void }) {
  const all = useLoad(allPolicies, []);
  const [arn, setArn] = useState(now ?? "");
  const input = { PermissionsBoundary: arn };
  return (
    <Confirm
      title={t(now ? "change" : "set")}
      yes={common("save")}
      no={common("cancel")}
      disabled={!arn || arn === now}
      calls={[{ service: "iam", ...ofHolder(holder, "Put*PermissionsBoundary", input) }]}
      onClose={onClose}
      action={async () => {
        await iamOf(holder, "Put*PermissionsBoundary", input);
        await done();
        notify("success", t("saved"));
      }}
    >
      <ErrorAlert error={all.error} />
      <FormField label={t("which")}>
        <Select
          selectedOption={arn ? { value: arn, label: arn.split("/").at(-1) } : null}
          options={(all.data ?? []).map((x) => ({ value: x.Arn, label: x.PolicyName, description: x.Description }))}
          filteringType="auto"
          placeholder={t("which")}
          onChange={(e) => setArn(e.detail.selectedOption.value ?? "")}
        />
      </FormField>
    </Confirm>
  );
}
