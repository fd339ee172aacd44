import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { quote } from "../../../aws/cli";
import { link } from "../../../aws/s3";
import { Cli, Snippet } from "../../../components/cli";
import { ErrorAlert } from "../../../components/errors";
import { t } from "../../../i18n";
import type { ObjectProps } from "./details";

const choices = [300, 900, 1800, 3000]; // seconds: the credentials of the page last an hour

/** A signed link with an expiry. */
export function Share({ name, region, item, endpoint, onClose }: ObjectProps & { onClose: () => void }) {
  const [seconds, setSeconds] = useState(900);
  const [url, setURL] = useState("");
  const [error, setError] = useState<unknown>();
  const make = () => {
    setError(undefined);
    link(region, name, item.key, { seconds }).then(setURL, setError);
  };
  const option = (s: number) => ({ value: String(s), label: t("share.minutes", { n: s / 60 }) });
  return (
    <Modal visible size="large" header={t("object.share")} closeAriaLabel={t("close")} onDismiss={onClose}>
      <SpaceBetween size="m">
        <Box>{t("share.about")}</Box>
        <FormField label={t("share.expires")} description={t("share.limit")}>
          <Select selectedOption={option(seconds)} options={choices.map(option)} onChange={(e) => setSeconds(Number(e.detail.selectedOption.value))} />
        </FormField>
        <Button variant="primary" onClick={make}>
          {t("share.make")}
        </Button>
        <ErrorAlert error={error} />
        {url ? <Snippet text={url} label={t("share.copy")} /> : null}
        <Cli calls={[`aws --endpoint-url ${endpoint} --region ${region} s3 presign ${quote(`s3://${name}/${item.key}`)} --expires-in 604800`]} />
      </SpaceBetween>
    </Modal>
  );
}
