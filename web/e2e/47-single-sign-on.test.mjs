import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, binary, finish, newPage, openBrowser, sdk, Server, walk } from "./harness.mjs";
import { startIdentityProvider } from "./identity-provider.mjs";

let browser, page, server, idp;

before(async () => {
  idp = await startIdentityProvider(binary);
  server = new Server("--oidc-issuer", idp.url, "--oidc-client-id", "haven", "--oidc-name", "Acme ID", "--oidc-roles", "console-admins,console-ops", "--oidc-private");
  server.env = { SSL_CERT_FILE: idp.authority, KEYHAVEN_OIDC_CLIENT_SECRET: idp.secret };
  await server.start();
  const { iam, lightsail } = await sdk(server);
  const provider = await iam("CreateOpenIDConnectProvider", { Url: idp.url, ClientIDList: ["haven"] });
  const host = idp.url.slice("https://".length);
  const trust = (condition) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Federated: provider.OpenIDConnectProviderArn }, Action: "sts:AssumeRoleWithWebIdentity", Condition: condition }],
    });
  await iam("CreateRole", { RoleName: "console-admins", AssumeRolePolicyDocument: trust({ StringEquals: { [host + ":sub"]: "1" } }) });
  await iam("CreateRole", { RoleName: "console-ops", AssumeRolePolicyDocument: trust({ "ForAnyValue:StringEquals": { [host + ":groups"]: "ops" } }) });
  await iam("PutRolePolicy", {
    RoleName: "console-ops",
    PolicyName: "look",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["lightsail:Get*", "s3:List*", "s3:Get*"], Resource: "*" }] }),
  });
  await lightsail("CreateBucket", { bucketName: "press-kit", bundleId: "small_1_0" });
  browser = await openBrowser();
  page = await newPage(browser, server, { ignoreHTTPSErrors: true });
});

after(async () => {
  // The page itself asks nobody else: the browser goes to the provider.
  if (page) page.foreign = page.foreign.filter((url) => !url.startsWith(idp.url + "/"));
  await finish(server, browser, page);
  idp.close();
});

const step = walk(test, () => page);
const button = () => page.getByRole("button", { name: "Sign in with Acme ID" });
const failed = (text) => page.getByTestId("error").getByText(text).waitFor();

async function visit(choice) {
  await button().click();
  await page.getByRole("heading", { name: "Acme ID" }).waitFor();
  await page.getByRole("link", { name: choice }).click();
  await page.waitForURL((url) => url.origin === server.console && !url.pathname.startsWith("/console/"));
}

step("a person signs in by the identity provider with the keyboard alone, and comes to the page they wanted", async () => {
  idp.person = { sub: "7", email: "ann@acme.test", email_verified: true, groups: ["staff", "ops"] };
  await page.goto("/storage/press-kit/objects");
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor();
  await axe(page, "the sign-in page with an identity provider");
  for (let i = 0; !(await button().evaluate((b) => b === document.activeElement)); i++) {
    assert(i < 20, "the button is not reached by Tab");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Acme ID" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "press-kit" }).first().waitFor();
  assert.equal(new URL(page.url()).pathname, "/storage/press-kit/objects");
  await page.getByRole("button", { name: "Signed-in person: ann@acme.test" }).waitFor();
});

step("S10: the session is the role's: it outlives a reload, may do what the role may, and has no password", async () => {
  await page.reload();
  await page.getByRole("heading", { name: "press-kit" }).first().waitFor();
  await page.goto("/account");
  await page.getByText(/^arn:aws:sts::\d{12}:assumed-role\/console-ops\/ann@acme\.test$/).waitFor();
  assert.equal(await page.getByText("Current password").count(), 0);
  await axe(page, "the account page of a role");
  await page.goto("/iam/users");
  await page.getByText(/is not authorized to perform: iam:ListUsers/).first().waitFor();
});

step("S11: signing out ends it here and on every page", async () => {
  const other = await page.context().newPage();
  await other.goto("/storage");
  await other.getByRole("heading", { name: /^Storage/ }).waitFor();
  await page.getByRole("button", { name: "Signed-in person: ann@acme.test" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await button().waitFor();
  await other.reload();
  await other.getByRole("button", { name: "Sign in with Acme ID" }).waitFor();
  await other.close();
});

step("what goes wrong is said where the person looks, with the id of the request", async () => {
  await visit("Cancel");
  await failed("The identity provider did not sign you in.");
  await failed(/SignInCancelled · .*[0-9a-f]{8}-/);
  assert.equal(new URL(page.url()).search, "");
  await axe(page, "a sign-in that failed");
  idp.person = { sub: "8", groups: ["staff"] };
  await visit("Continue");
  await failed("no role here admits you");
  idp.person = { sub: "1", aud: "another" };
  await visit("Continue");
  await failed("is not accepted here");
  assert.match(server.log(), /sign-in by the identity provider failed.*Incorrect token audience/);
});

step("the first role that admits a person is theirs", async () => {
  idp.person = { sub: "1", preferred_username: "The Boss", groups: ["ops"] };
  await visit("Continue");
  await page.getByRole("button", { name: "Signed-in person: The-Boss" }).waitFor();
  await page.goto("/account");
  await page.getByText(/assumed-role\/console-admins\/The-Boss$/).waitFor();
});
