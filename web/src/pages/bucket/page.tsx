import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { type Bucket, lightsail } from "../../aws/lightsail";
import { ErrorAlert } from "../../components/errors";
import { useLoad } from "../../components/load";
import { useRegion } from "../../components/region";
import { t } from "../../i18n";
import { can, config } from "../../session";
import { DeleteBucket } from "./delete";
import { documents } from "./documents";
import { Permissions } from "./permissions";
import { PlanTab } from "./plan";
import { TagsTab } from "./tags";
import { VersioningTab } from "./versioning";

const DocumentTab = lazy(() => import("./document"));
const ObjectsTab = lazy(() => import("./objects/tab"));

/** What every tab of a bucket's page is given. */
export interface TabProps {
  bucket: Bucket;
  name: string;
  region: string;
  endpoint: string;
  reload: () => Promise<void>;
}

/** The management page of a bucket. */
export default function BucketPage() {
  const { bucket: name = "", tab = "objects" } = useParams();
  const go = useNavigate();
  const region = useRegion();
  const [deleting, setDeleting] = useState(false);
  const one = useLoad(
    async () => (await lightsail(region, "GetBuckets", { bucketName: name, includeConnectedResources: true })).buckets?.[0],
    [region, name],
  );
  const bucket = one.data?.name === name ? one.data : undefined;
  const tabs = bucket ? tabsOf({ bucket, name, region, endpoint: config().endpoint, reload: one.reload }) : [];
  return (
    <SpaceBetween size="m">
      <BreadcrumbGroup
        ariaLabel={t("breadcrumbs")}
        items={[
          { text: t("buckets.title"), href: "/storage" },
          { text: name, href: `/storage/${name}` },
        ]}
        onFollow={(e) => {
          e.preventDefault();
          void go(e.detail.href);
        }}
      />
      <Header
        variant="h1"
        description={bucket?.url}
        actions={
          bucket ? (
            <ButtonDropdown
              variant="icon"
              ariaLabel={t("bucket.more")}
              items={[{ id: "delete", text: t("delete") }]}
              onItemClick={() => setDeleting(true)}
            />
          ) : null
        }
      >
        {name}
      </Header>
      <ErrorAlert error={one.error} />
      {one.loading && !bucket ? <Spinner size="large" /> : null}
      {bucket ? (
        <Tabs
          ariaLabel={t("bucket.tabs")}
          activeTabId={tabs.some((x) => x.id === tab) ? tab : tabs[0]?.id}
          onChange={(e) => void go(`/storage/${name}/${e.detail.activeTabId}`)}
          tabs={tabs}
        />
      ) : null}
      {deleting && bucket ? <DeleteBucket name={name} region={region} onClose={() => setDeleting(false)} /> : null}
    </SpaceBetween>
  );
}

function tabsOf(p: TabProps): TabsProps.Tab[] {
  const tab = (id: string, label: string, content: ReactNode): TabsProps.Tab => ({
    id,
    label,
    content: <Suspense fallback={<Spinner size="large" />}>{content}</Suspense>,
  });
  return [
    tab("objects", t("tab.objects"), <ObjectsTab {...p} />),
    tab("permissions", t("tab.permissions"), <Permissions {...p} />),
    tab("metrics", t("tab.metrics"), <PlanTab {...p} />),
    tab("versioning", t("tab.versioning"), <VersioningTab {...p} />),
    tab("tags", t("tab.tags"), <TagsTab {...p} />),
    ...documents.filter((d) => can(...d.operations)).map((d) => tab(d.id, t(d.title), <DocumentTab key={d.id} {...p} kind={d.id} />)),
  ];
}
