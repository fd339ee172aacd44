import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Steps from "@cloudscape-design/components/steps";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Bucket } from "../aws/lightsail";
import { t } from "../i18n";

const item = "keyhaven.tour";

/** After the first start: make a bucket, make a key, copy the snippet. */
export function Tour({ buckets }: { buckets: Bucket[] | undefined }) {
  const go = useNavigate();
  const [shown, setShown] = useState(() => sessionStorage.getItem(item) === "1");
  if (!shown || !buckets) return null;
  const first = buckets[0]?.name;
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button
              variant="icon"
              iconName="close"
              ariaLabel={t("tour.close")}
              onClick={() => {
                sessionStorage.removeItem(item);
                setShown(false);
              }}
            />
          }
        >
          {t("tour.title")}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Box>{t("tour.about")}</Box>
        <Steps
          ariaLabel={t("tour.title")}
          steps={[
            { status: first ? "success" : "pending", header: t("tour.bucket"), details: t("tour.bucket.hint"), statusIconAriaLabel: first ? t("done") : t("tour.next") },
            { status: "pending", header: t("tour.key"), details: t("tour.key.hint"), statusIconAriaLabel: t("tour.next") },
            { status: "pending", header: t("tour.snippet"), details: t("tour.snippet.hint"), statusIconAriaLabel: t("tour.next") },
          ]}
        />
        <Button onClick={() => void go(first ? `/storage/${first}/permissions` : "/storage/create")}>{first ? t("tour.go.key") : t("tour.go.bucket")}</Button>
      </SpaceBetween>
    </Container>
  );
}
