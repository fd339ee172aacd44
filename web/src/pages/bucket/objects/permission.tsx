import RadioGroup from "@cloudscape-design/components/radio-group";
import { useState } from "react";
import { s3 } from "../../../aws/s3";
import { Confirm } from "../../../components/confirm";
import { notify } from "../../../components/notices";
import { t } from "../../../i18n";
import type { ObjectProps } from "./details";

/** Private, or public (read-only): of one object. */
export function EditPermission({ name, region, item, isPublic, done, onClose }: ObjectProps & { isPublic: boolean; done: () => Promise<void>; onClose: () => void }) {
  const [choice, setChoice] = useState<"private" | "public-read">(isPublic ? "public-read" : "private");
  const input = { Bucket: name, Key: item.key, ACL: choice };
  return (
    <Confirm
      title={t("object.permission.select")}
      yes={t("save")}
      no={t("cancel")}
      calls={[{ service: "s3", name: "PutObjectAcl", region, input }]}
      onClose={onClose}
      action={async () => {
        await s3(region, "PutObjectAcl", input);
        await done();
        notify("success", t("object.permission.saved"));
      }}
    >
      <RadioGroup
        ariaLabel={t("object.permission.select")}
        value={choice}
        onChange={(e) => setChoice(e.detail.value as "private")}
        items={[
          { value: "private", label: t("object.private") },
          { value: "public-read", label: t("object.public"), description: t("object.public.about") },
        ]}
      />
    </Confirm>
  );
}
