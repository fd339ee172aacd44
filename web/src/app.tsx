import AppLayout from "@cloudscape-design/components/app-layout";
import Box from "@cloudscape-design/components/box";
import Flashbar from "@cloudscape-design/components/flashbar";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import Spinner from "@cloudscape-design/components/spinner";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { Navigate, Route, Routes, useLocation, useNavigate } from "react-router";
import { ErrorAlert } from "./components/errors";
import { clearNotices, notifyError, pageOf, useNotices } from "./components/notices";
import { chooseRegion, useRegion } from "./components/region";
import { chooseMode, type Choice, useMode } from "./components/theme";
import { t } from "./i18n";
import { Buckets } from "./pages/buckets";
import { FirstStart } from "./pages/first-start";
import { regions } from "./pages/regions";
import { SignInPage } from "./pages/sign-in";
import { can, config, person, signOut, start, watch } from "./session";

const CreateBucket = lazy(() => import("./pages/create-bucket"));
const BucketPage = lazy(() => import("./pages/bucket/page"));
const Users = lazy(() => import("./pages/iam/users"));
const CreateUser = lazy(() => import("./pages/iam/create-user"));
const UserPage = lazy(() => import("./pages/iam/user"));
const Groups = lazy(() => import("./pages/iam/groups"));
const Roles = lazy(() => import("./pages/iam/roles"));
const RolePage = lazy(() => import("./pages/iam/role"));
const Providers = lazy(() => import("./pages/iam/providers"));
const Decisions = lazy(() => import("./pages/iam/decisions"));
const Audit = lazy(() => import("./pages/audit"));
const Policies = lazy(() => import("./pages/iam/policies"));
const AlarmBanner = lazy(() => import("./pages/alarm-banner"));
const Account = lazy(() => import("./pages/account"));
const Accounts = lazy(() => import("./pages/accounts"));

/** The application: sign-in, or the frame around the page that the address names. */
export function App() {
  const [state, setState] = useState<"starting" | "ready" | { error: unknown }>("starting");
  const who = useSyncExternalStore(watch, person);
  const location = useLocation();
  useEffect(() => {
    start().then(
      () => setState("ready"),
      (error: unknown) => setState({ error }),
    );
  }, []);
  if (state === "starting") {
    return (
      <Box textAlign="center" padding="xxxl">
        <Spinner size="large" />
      </Box>
    );
  }
  if (state !== "ready") return <ErrorAlert error={state.error} title={t("error.start")} />;
  if (location.pathname === "/start") return <FirstStart />;
  if (!who) return <SignInPage />;
  return <Frame />;
}

function Frame() {
  const location = useLocation();
  const notices = useNotices();
  const [open, setOpen] = useState(() => matchMedia("(min-width: 912px)").matches);
  const page = pageOf(location.pathname);
  useEffect(() => clearNotices(page), [page]);
  // The layout gives its narrow navigation an attribute that a nav cannot have.
  useEffect(() => document.querySelector("nav[aria-orientation]")?.removeAttribute("aria-orientation"));
  return (
    <>
      <div id="top">
        <Top />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigation={<Side />}
        navigationOpen={open}
        onNavigationChange={(e) => setOpen(e.detail.open)}
        notifications={
          <>
            <Flashbar items={notices.map(({ page: _, ...n }) => n)} stackItems />
            {can("lightsail:GetAlarms") ? (
              <Suspense fallback={null}>
                <AlarmBanner />
              </Suspense>
            ) : null}
          </>
        }
        ariaLabels={{ navigation: t("nav.label"), navigationClose: t("nav.close"), navigationToggle: t("nav.open"), notifications: t("nav.notices") }}
        content={
          <Suspense fallback={<Spinner size="large" />}>
            <Routes>
              <Route path="/storage" element={<Buckets />} />
              <Route path="/storage/create" element={<CreateBucket />} />
              <Route path="/storage/:bucket/:tab?" element={<BucketPage />} />
              {iamBuilt() ? (
                <>
                  <Route path="/iam/users" element={<Users />} />
                  <Route path="/iam/users/create" element={<CreateUser />} />
                  <Route path="/iam/user/:user" element={<UserPage />} />
                  <Route path="/iam/groups" element={<Groups />} />
                  <Route path="/iam/policies" element={<Policies />} />
                  <Route path="/iam/roles" element={<Roles />} />
                  <Route path="/iam/role/:role" element={<RolePage />} />
                  <Route path="/iam/providers" element={<Providers />} />
                  <Route path="/iam/decisions" element={<Decisions />} />
                </>
              ) : null}
              {can("cloudtrail:LookupEvents") ? <Route path="/audit" element={<Audit />} /> : null}
              <Route path="/account" element={<Account />} />
              {ownerOfAccounts() ? <Route path="/accounts" element={<Accounts />} /> : null}
              <Route path="*" element={<Navigate to="/storage" replace />} />
            </Routes>
          </Suspense>
        }
      />
    </>
  );
}

const iamBuilt = () => can("iam:ListUsers", "iam:CreateUser", "iam:CreateAccessKey", "iam:ListPolicies");

const ownerOfAccounts = () => !!person()?.owner && can("keyhaven:ListAccounts", "keyhaven:CreateAccount", "keyhaven:CloseAccount");

function Side() {
  const location = useLocation();
  const go = useNavigate();
  const items: SideNavigationProps.Item[] = [{ type: "link", text: t("nav.storage"), href: "/storage" }];
  if (iamBuilt()) {
    items.push(
      { type: "divider" },
      { type: "link", text: t("nav.users"), href: "/iam/users" },
      { type: "link", text: t("nav.groups"), href: "/iam/groups" },
      { type: "link", text: t("nav.roles"), href: "/iam/roles" },
      { type: "link", text: t("nav.providers"), href: "/iam/providers" },
      { type: "link", text: t("nav.policies"), href: "/iam/policies" },
      { type: "link", text: t("nav.decisions"), href: "/iam/decisions" },
    );
  }
  items.push({ type: "divider" });
  if (can("cloudtrail:LookupEvents")) items.push({ type: "link", text: t("nav.audit"), href: "/audit" });
  items.push({ type: "link", text: t("nav.account"), href: "/account" });
  if (ownerOfAccounts()) items.push({ type: "link", text: t("nav.accounts"), href: "/accounts" });
  // One of a list is below its singular: /iam/user/bob is of /iam/users.
  const below = (href: string) => `${location.pathname}/`.startsWith(`${href}/`) || location.pathname.startsWith(`${href.replace(/s$/, "")}/`);
  const active = items.findLast((i) => i.type === "link" && below(i.href));
  return (
    <SideNavigation
      header={{ text: t("product"), href: "/storage" }}
      items={items}
      activeHref={active?.type === "link" ? active.href : undefined}
      onFollow={(e) => {
        if (!e.detail.external) {
          e.preventDefault();
          void go(e.detail.href);
        }
      }}
    />
  );
}

const modes: Choice[] = ["system", "light", "dark"];

function Top() {
  const go = useNavigate();
  const region = useRegion();
  const mode = useMode();
  const [all, setAll] = useState<string[]>([]);
  useEffect(() => {
    if (can("lightsail:GetRegions")) regions().then((r) => setAll(r.map((x) => x.name ?? "")), notifyError);
  }, []);
  const who = person();
  return (
    <TopNavigation
      identity={{
        title: t("product"),
        href: "/storage",
        onFollow: (e) => {
          e.preventDefault();
          void go("/storage");
        },
      }}
      i18nStrings={{ overflowMenuTriggerText: t("top.more"), overflowMenuTitleText: t("top.all") }}
      utilities={[
        {
          type: "menu-dropdown",
          text: region,
          title: t("top.region"),
          ariaLabel: `${t("top.region")}: ${region}`,
          items: (all.length ? all : [config().region]).map((id) => ({ id, text: id })),
          onItemClick: (e) => {
            chooseRegion(e.detail.id);
            void go("/storage");
          },
        },
        {
          type: "menu-dropdown",
          iconName: "settings",
          ariaLabel: t("top.appearance"),
          title: t("top.appearance"),
          items: modes.map((id) => ({ id, itemType: "checkbox" as const, checked: id === mode, text: t(`mode.${id}` as const) })),
          onItemClick: (e) => chooseMode(e.detail.id as Choice),
        },
        {
          type: "menu-dropdown",
          text: who?.name ?? "",
          description: t("top.account", { id: who?.account ?? "" }),
          iconName: "user-profile",
          ariaLabel: `${t("top.user")}: ${who?.name ?? ""}`,
          items: [
            { id: "account", text: t("account.title"), href: "/account" },
            { id: "out", text: t("sign-out") },
          ],
          onItemFollow: (e) => {
            e.preventDefault();
            void go(e.detail.href ?? "/account");
          },
          onItemClick: (e) => {
            if (e.detail.id === "out") signOut().then(() => go("/storage"), notifyError);
          },
        },
      ]}
    />
  );
}
