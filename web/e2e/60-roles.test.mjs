import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, Server, signIn, walk } from "./harness.mjs";

const server = new Server();
let browser, page, iam;

before(async () => {
  await server.start();
  browser = await openBrowser();
  page = await newPage(browser, server);
  const { IAMClient, ...all } = await import("@aws-sdk/client-iam");
  const c = new IAMClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: server.root.id, secretAccessKey: server.root.secret } });
  iam = (name, input = {}) => c.send(new all[name + "Command"](input));
  await signIn(page, server.root);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();

step("roles: one for the account, its trust policy, a policy of its own that the server checks", async () => {
  await page.goto("/iam/roles");
  await page.getByText("No roles yet").waitFor();
  await axe(page, "no roles");
  await page.getByRole("button", { name: "Create role" }).click();
  const form = prompt("Create role");
  await form.getByLabel("Role name").fill("deploy");
  await form.getByRole("radio", { name: "Web identity" }).check();
  await form.getByLabel("Audience").waitFor();
  assert(await form.getByRole("button", { name: "Create role" }).isDisabled());
  await axe(page, "a role being made");
  await form.getByRole("radio", { name: "An account" }).check();
  await form.getByRole("button", { name: "Create role" }).click();
  await page.getByRole("heading", { name: "deploy", level: 1 }).waitFor();
  await page.getByText('"sts:AssumeRole"').waitFor();
  await page.getByRole("button", { name: "Edit trust policy" }).click();
  const trust = prompt("Edit trust policy");
  const text = await trust.getByLabel("Trust policy").inputValue();
  await trust.getByLabel("Trust policy").fill(text.replace('"Effect": "Allow"', '"Sid": "Ours",\n      "Effect": "Allow"'));
  await trust.getByRole("button", { name: "Save" }).click();
  await flash("The trust policy is saved.");
  assert(decodeURIComponent((await iam("GetRole", { RoleName: "deploy" })).Role.AssumeRolePolicyDocument).includes('"Ours"'));
  await page.getByRole("button", { name: "Add inline policy" }).click();
  const own = prompt("Add inline policy");
  await own.getByLabel("Policy name").fill("read");
  const doc = own.getByLabel("Policy document (JSON)");
  await doc.fill('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}');
  await own.getByText("Policy statement must contain resources.").first().waitFor();
  assert(await own.getByRole("button", { name: "Save" }).isDisabled());
  await doc.fill('{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}]}');
  await own.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Edit read" }).or(page.getByText("read", { exact: true })).first().waitFor();
  await axe(page, "a role");
  assert.deepEqual((await iam("ListRolePolicies", { RoleName: "deploy" })).PolicyNames, ["read"]);
});

step("a decision is explained: allowed by a statement, denied for want of one", async () => {
  await page.goto("/iam/decisions");
  await page.getByRole("button", { name: /User or role/ }).click();
  await page.getByRole("option", { name: "deploy" }).click();
  await page.getByLabel("Resource").fill("arn:aws:s3:::photos/a");
  await page.getByRole("button", { name: "Ask" }).click();
  const row = (action) => page.getByRole("row").filter({ hasText: action });
  await row("s3:GetObject").getByText("Allowed", { exact: true }).waitFor();
  await row("s3:GetObject").getByText(/read .*line 1/).waitFor();
  await row("s3:PutObject").getByText("Denied: nothing allows it").waitFor();
  await axe(page, "decisions");
});

step("the audit log: everything, one event, its record", async () => {
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByText("CreateRole · iam").waitFor();
  await page.getByText("ConsoleLogin · signin").waitFor();
  await page.getByRole("button", { name: /^Look for/ }).click();
  await page.getByRole("option", { name: "Event name" }).click();
  await page.getByLabel("Value").fill("CreateRole");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText("ConsoleLogin · signin").waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Period/ }).click();
  await page.getByRole("option", { name: "The last hour" }).click();
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText(/--start-time \d+/).waitFor({ state: "attached" });
  await page.getByText("CreateRole · iam").waitFor();
  await axe(page, "the audit log");
  await page.getByRole("button", { name: "Record of CreateRole" }).click();
  await prompt("Record of CreateRole").getByText('"roleName": "deploy"').first().waitFor();
  await axe(page, "a record");
  await page.keyboard.press("Escape");
});

step("a decision depends on the context that is given", async () => {
  await page.goto("/iam/decisions");
  await page.getByRole("button", { name: /User or role/ }).click();
  await page.getByRole("option", { name: "deploy" }).click();
  const Statement = { Effect: "Allow", Action: "s3:PutObject", Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } };
  await iam("PutRolePolicy", { RoleName: "deploy", PolicyName: "office", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }) });
  await page.getByLabel("Context - optional").fill("no key");
  await page.getByText("Not a key and its value: no key").first().waitFor();
  assert(await page.getByRole("button", { name: "Ask" }).isDisabled());
  const row = page.getByRole("row").filter({ hasText: "s3:PutObject" });
  for (const [address, said] of [["192.0.2.7", "Allowed"], ["198.51.100.7", "Denied: nothing allows it"]]) {
    await page.getByLabel("Context - optional").fill(`aws:SourceIp = ${address}`);
    await page.getByRole("button", { name: "Ask" }).click();
    await row.getByText(said, { exact: true }).waitFor();
  }
});

step("a boundary holds back what policies allow, until it is removed", async () => {
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "s3:ListBucket", Resource: "*" } });
  const { Policy } = await iam("CreatePolicy", { PolicyName: "lists-only", PolicyDocument });
  await iam("CreateUser", { UserName: "ben" });
  for (const path of ["/iam/role/deploy", "/iam/user/ben"]) {
    await page.goto(path);
    await page.getByText("There is none: the policies alone decide.").waitFor();
    await page.getByRole("button", { name: "Set boundary" }).click();
    const form = prompt("Set boundary");
    await form.getByRole("button", { name: /^Policy/ }).click();
    await page.getByRole("option", { name: "lists-only" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText(Policy.Arn, { exact: true }).waitFor();
    await axe(page, "a boundary");
  }
  assert.equal((await iam("GetUser", { UserName: "ben" })).User.PermissionsBoundary.PermissionsBoundaryArn, Policy.Arn);
  await page.goto("/iam/decisions");
  await page.getByRole("button", { name: /User or role/ }).click();
  await page.getByRole("option", { name: "deploy" }).click();
  await page.getByLabel("Resource").fill("arn:aws:s3:::photos/a");
  await page.getByRole("button", { name: "Ask" }).click();
  await page.getByRole("row").filter({ hasText: "s3:GetObject" }).getByText("The permissions boundary does not allow it").waitFor();
  await page.goto("/iam/role/deploy");
  await page.getByRole("button", { name: "Remove boundary" }).click();
  await prompt("Remove boundary").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The permissions boundary is removed.");
  assert.equal((await iam("GetRole", { RoleName: "deploy" })).Role.PermissionsBoundary, undefined);
});

step("a role is deleted with its policies", async () => {
  await page.goto("/iam/role/deploy");
  await page.getByRole("button", { name: "Delete", exact: true }).first().click();
  await prompt("Delete role?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The role deploy is deleted.");
  assert.deepEqual((await iam("ListRoles")).Roles, []);
});
