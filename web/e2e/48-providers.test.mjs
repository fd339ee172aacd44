import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, remember, sdk, Server, signIn, walk } from "./harness.mjs";

const server = new Server();
let browser, page, api;

before(async () => {
  await server.start();
  api = await sdk(server);
  browser = await openBrowser();
  page = await newPage(browser, server);
  await signIn(page, server.root);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();

step("identity providers: one is added, gets an audience more, loses one, opens a role, and goes", async () => {
  await page.getByRole("link", { name: "Identity providers" }).click();
  await flash("No identity providers yet");
  await axe(page, "no identity providers");
  await page.getByRole("button", { name: "Add provider" }).click();
  const form = prompt("Add provider");
  const add = form.getByRole("button", { name: "Add provider" });
  await form.getByLabel("Provider URL").fill("http://id.example.com");
  await form.getByText("The URL begins with https:// and has no query.").waitFor();
  await form.getByLabel("Audiences").fill("haven\n\n sts.amazonaws.com \nhaven");
  assert(await add.isDisabled());
  await form.getByLabel("Provider URL").fill("https://id.example.com/realms/acme");
  await form.getByText("The same on the command line").click();
  await form.getByText("iam create-open-id-connect-provider --url https://id.example.com/realms/acme --client-id-list haven sts.amazonaws.com").waitFor();
  await axe(page, "an identity provider being added");
  await add.click();
  await flash("The account trusts id.example.com/realms/acme now.");
  const arn = (await api.iam("ListOpenIDConnectProviders", {})).OpenIDConnectProviderList[0].Arn;
  const audiences = async () => (await api.iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: arn })).ClientIDList.sort();
  assert.deepEqual(await audiences(), ["haven", "sts.amazonaws.com"]);

  await page.getByRole("button", { name: "Add audience" }).click();
  await prompt("Add audience").getByLabel("Audience", { exact: true }).fill("build");
  await prompt("Add audience").getByRole("button", { name: "Add audience" }).click();
  await page.getByRole("button", { name: "Remove build" }).waitFor();
  assert.deepEqual(await audiences(), ["build", "haven", "sts.amazonaws.com"]);
  await axe(page, "an identity provider");
  await page.getByRole("button", { name: "Remove sts.amazonaws.com" }).click();
  await prompt("Remove audience?").getByRole("button", { name: "Yes, delete" }).click();
  await page.getByRole("button", { name: "Remove sts.amazonaws.com" }).waitFor({ state: "detached" });
  assert.deepEqual(await audiences(), ["build", "haven"]);

  await page.getByRole("link", { name: "Roles" }).click();
  await page.getByRole("button", { name: "Create role" }).click();
  const role = prompt("Create role");
  await role.getByLabel("Role name").fill("console-ops");
  await role.getByRole("radio", { name: "Web identity" }).check();
  await role.getByRole("button", { name: /Identity provider/ }).click();
  await page.getByRole("option", { name: "id.example.com/realms/acme" }).click();
  await role.getByLabel("Audience").fill("haven");
  await role.getByRole("button", { name: "Create role" }).click();
  await page.getByText('"id.example.com/realms/acme:aud"').waitFor();

  await page.getByRole("link", { name: "Identity providers" }).click();
  await page.getByRole("radio", { name: "Choose id.example.com/realms/acme" }).check();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  const prompted = prompt("Delete identity provider?");
  await prompted.getByText(/open no role any more/).waitFor();
  await prompted.getByRole("button", { name: "Yes, delete" }).click();
  await flash("No identity providers yet");
  assert.deepEqual((await api.iam("ListOpenIDConnectProviders", {})).OpenIDConnectProviderList, []);
});

step("IAM-10 IAM-11 a user's key is rotated: who still uses the old one is seen, it is made inactive, then deleted", async () => {
  await api.iam("CreateUser", { UserName: "bob" });
  await api.iam("PutUserPolicy", { UserName: "bob", PolicyName: "own", PolicyDocument: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}]}' });
  const { AccessKey } = await api.iam("CreateAccessKey", { UserName: "bob" });
  const old = { id: AccessKey.AccessKeyId, secret: AccessKey.SecretAccessKey };
  remember(old.secret);
  await page.goto("/iam/user/bob");
  await page.getByRole("tab", { name: "Security credentials" }).click();
  await page.getByRole("button", { name: "Rotate" }).click();
  const dialog = prompt("Rotate the access key");
  await dialog.getByText("Never used.").waitFor();
  await dialog.getByRole("button", { name: "Create the second key" }).click();
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  const lines = await dialog.locator("pre").allTextContents();
  const fresh = { id: lines[0].trim(), secret: lines[1].trim() };
  remember(fresh.secret);
  assert.notEqual(fresh.id, old.id);
  await axe(page, "the rotation of a user's key");
  await api.iam("GetUser", {}, old);
  await dialog.getByText(/^Something still used it while you watched/).waitFor();
  await dialog.getByText(/aws-sdk-js.*127\.0\.0\.1/).waitFor();
  await api.iam("GetUser", {}, fresh);
  await dialog.getByText(/^The new key was used .* for iam\.$/).waitFor();
  await dialog.getByRole("button", { name: "Make the old key inactive" }).click();
  await dialog.getByText(/^Inactive: who still uses it is refused/).waitFor();
  await assert.rejects(api.iam("GetUser", {}, old), { name: "InvalidClientTokenId" });
  await dialog.getByRole("button", { name: "Delete the old key all the same" }).click();
  await flash("Rotated: the access key " + old.id + " is deleted.");
  const left = (await api.iam("ListAccessKeys", { UserName: "bob" })).AccessKeyMetadata;
  assert.deepEqual(left.map((k) => k.AccessKeyId), [fresh.id]);
  await api.iam("GetUser", {}, fresh);
});
