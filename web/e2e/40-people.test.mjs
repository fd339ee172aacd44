import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe, endPage, finish, newPage, openBrowser, remember, Server, walk } from "./harness.mjs";

const server = new Server();
let browser, page;

before(async () => {
  await server.start();
  browser = await openBrowser();
  page = await newPage(browser, server);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const password = "Correct-horse-1";
remember(password);

async function client(key) {
  const { IAMClient, ...all } = await import("@aws-sdk/client-iam");
  const c = new IAMClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: key.id, secretAccessKey: key.secret } });
  return (name, input = {}) => c.send(new all[name + "Command"](input));
}

const saved = async (button) => {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
};

step("first start: the printed link sets the root's password, once, and begins a tour", async () => {
  assert(server.firstStart.startsWith(server.console + "/start#"));
  await page.goto(server.firstStart.replace(server.console, ""));
  await page.getByRole("heading", { name: "Welcome to Keyhaven" }).waitFor();
  await axe(page, "first start");
  await page.getByLabel("Password of the root").fill("short");
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  await page.getByText("The password needs at least 8 characters.").waitFor();
  await page.getByLabel("Password of the root").fill(password);
  await page.getByLabel("The same password again").fill(password);
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  await page.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await axe(page, "the tour");
  await page.getByRole("button", { name: "Make a bucket" }).click();
  await page.getByLabel("Name", { exact: true }).fill("first");
  await page.getByRole("button", { name: "Create bucket" }).click();
  await page.getByRole("heading", { name: "first", level: 1 }).waitFor();
  await page.goto("/storage");
  await page.getByRole("button", { name: "Make an access key" }).click();
  await page.getByRole("heading", { name: /^Access keys/ }).waitFor();

  const other = await newPage(browser, server);
  await other.goto(server.firstStart.replace(server.console, ""));
  await other.getByLabel("Password of the root").fill(password);
  await other.getByLabel("The same password again").fill(password);
  await other.getByRole("button", { name: "Set the password and sign in" }).click();
  await other.getByText("This link has been used or has expired.").waitFor();
  await endPage(other);
});

step("the root signs in with the password", async () => {
  await page.getByRole("button", { name: /Signed-in person/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Password").fill("Wrong-horse-1");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("do not belong together").waitFor();
  await axe(page, "sign-in with choices");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: /^Storage/ }).waitFor();
});

step("ACC-01 the root makes a key of its own and downloads its file", async () => {
  await page.goto("/account");
  // The first start made one key already; this is the second of two.
  await page.getByRole("button", { name: "Create New Access Key" }).click();
  const dialog = prompt("Your access key is ready");
  const id = (await dialog.locator("pre").first().textContent()).trim();
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  const secret = (await dialog.locator("pre").nth(1).textContent()).trim();
  remember(secret);
  const file = await saved(dialog.getByRole("button", { name: "Download Key File" }));
  assert.equal(file.name, "rootkey.csv");
  assert.equal(file.text, `Access key ID,Secret access key\r\n${id},${secret}\r\n`);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await page.locator("button[aria-disabled=true]", { hasText: "Create New Access Key" }).waitFor();
  await axe(page, "account");
  const iam = await client({ id, secret });
  assert.match((await iam("GetUser")).User.Arn, /:root$/);
});

step("IAM-22 a new user by the wizard, with a .csv on its last page", async () => {
  await page.goto("/iam/users");
  await page.getByText("No users").waitFor();
  await axe(page, "users, empty");
  await page.getByRole("button", { name: "Create user" }).click();
  await page.getByLabel("User name").fill("bob");
  await page.getByRole("checkbox", { name: "Password for this console" }).check();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await axe(page, "create user");
  await page.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("heading", { name: "The user is ready" }).waitFor();
  await page.getByRole("button", { name: "Show secret access key" }).click();
  const id = (await page.locator("main pre, pre").first().textContent()).trim();
  const secret = (await page.locator("pre").nth(1).textContent()).trim();
  remember(secret);
  const file = await saved(page.getByRole("button", { name: "Download .csv" }));
  assert.equal(file.text, `User name,Password,Access key ID,Secret access key,Console login link\r\nbob,${password},${id},${secret},${server.console}/\r\n`);
  await axe(page, "the user is ready");
  await page.getByRole("button", { name: "Continue" }).click();
});

step("IAM-01 list the users and open one", async () => {
  await page.goto("/iam/users");
  await page.getByRole("link", { name: "bob" }).click();
  await page.getByRole("heading", { name: "bob", level: 1 }).waitFor();
  await page.getByText(/:user\/bob/).waitFor();
});

let second;

step("IAM-02 Security credentials shows keys, status and last use", async () => {
  await page.getByRole("tab", { name: "Security credentials" }).click();
  const table = page.getByRole("table", { name: "Access keys" });
  await table.getByRole("cell", { name: "N/A" }).waitFor();
  await table.getByText("Active", { exact: true }).waitFor();
  await axe(page, "security credentials");
});

step("IAM-03 IAM-04 IAM-05 create a key, show and hide its secret, Download Key File", async () => {
  await page.getByRole("button", { name: "Create access key" }).click();
  const dialog = prompt("Your access key is ready");
  const id = (await dialog.locator("pre").first().textContent()).trim();
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  const secret = (await dialog.locator("pre").nth(1).textContent()).trim();
  remember(secret);
  await dialog.getByRole("button", { name: "Hide secret access key" }).click();
  assert(!(await dialog.textContent()).includes(secret));
  const file = await saved(dialog.getByRole("button", { name: "Download Key File" }));
  assert.equal(file.name, "bob_accessKeys.csv");
  assert.equal(file.text, `Access key ID,Secret access key\r\n${id},${secret}\r\n`);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await page.locator("button[aria-disabled=true]", { hasText: "Create access key" }).waitFor();
  second = { id, secret };
});

step("policies: one of one's own, attached, and what it allows works; an inactive key is refused", async () => {
  await page.goto("/iam/policies");
  await page.getByRole("button", { name: "Create policy" }).click();
  await prompt("Create policy").getByLabel("Policy name").fill("LightsailFullAccessPolicy");
  await prompt("Create policy").getByLabel("Policy document (JSON)").fill("{");
  assert(await prompt("Create policy").getByRole("button", { name: "Create policy" }).isDisabled());
  const doc = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "lightsail:*", Resource: "*" }] };
  await prompt("Create policy").getByLabel("Policy document (JSON)").fill(JSON.stringify(doc));
  await axe(page, "create policy");
  await prompt("Create policy").getByRole("button", { name: "Create policy" }).click();
  await flash("The policy is saved.");
  const { LightsailClient, GetBucketsCommand } = await import("@aws-sdk/client-lightsail");
  const lightsail = new LightsailClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: second.id, secretAccessKey: second.secret } });
  await assert.rejects(lightsail.send(new GetBucketsCommand({})), { name: "AccessDeniedException" });
  await page.goto("/iam/user/bob");
  await page.getByRole("button", { name: "Attach policy" }).click();
  await prompt("Attach policy").getByRole("button", { name: /^Policy/ }).click();
  await page.getByRole("option", { name: /LightsailFullAccessPolicy/ }).click();
  await prompt("Attach policy").getByRole("button", { name: "Attach policy" }).click();
  await page.getByRole("table", { name: "Attached policies" }).getByText("LightsailFullAccessPolicy", { exact: true }).waitFor();
  await axe(page, "policies of a user");
  assert.equal((await lightsail.send(new GetBucketsCommand({}))).buckets.length, 1);

  await page.getByRole("tab", { name: "Security credentials" }).click();
  await page.getByRole("button", { name: `Make inactive: ${second.id}` }).click();
  await prompt("Make inactive").getByRole("button", { name: "Make inactive" }).click();
  await flash(`The key ${second.id} is now Inactive.`);
  await assert.rejects(lightsail.send(new GetBucketsCommand({})), /security token/i);
  await page.getByRole("button", { name: `Delete ${second.id}` }).click();
  await prompt("Delete access key?").getByRole("button", { name: "Yes, delete" }).click();
  await flash(`The access key ${second.id} is deleted.`);
});

step("groups: make one, add the user and a policy, take them away", async () => {
  await page.goto("/iam/groups");
  await page.getByText("No groups").waitFor();
  await page.getByRole("button", { name: "Create group" }).click();
  await prompt("Create group").getByLabel("Group name").fill("readers");
  await prompt("Create group").getByRole("button", { name: "Create group" }).click();
  await page.getByRole("table", { name: "Members of readers" }).waitFor();
  for (const [button, label, option] of [["Add user", /^User name/, "bob"], ["Attach policy", /^Policy name/, "AmazonS3ReadOnlyAccess"]]) {
    await page.getByRole("button", { name: button }).click();
    await prompt(button).getByRole("button", { name: label }).click();
    await page.getByRole("option", { name: option }).click();
    await prompt(button).getByRole("button", { name: button }).click();
    await page.getByRole("button", { name: "Remove " + option }).waitFor();
  }
  await axe(page, "groups");
  const iam = await client(server.root);
  assert.equal((await iam("GetGroup", { GroupName: "readers" })).Users[0].UserName, "bob");
  assert.equal((await iam("ListAttachedGroupPolicies", { GroupName: "readers" })).AttachedPolicies[0].PolicyName, "AmazonS3ReadOnlyAccess");
  await page.getByRole("button", { name: "Remove bob" }).click();
  await prompt("Remove bob").getByRole("button", { name: "Yes, delete" }).click();
  await page.getByRole("button", { name: "Remove bob" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await prompt("Delete group").getByRole("button", { name: "Yes, delete" }).click();
  await page.getByText("No groups").waitFor();
});

step("IAM-15 the user signs in with the password, and does what its policies allow", async () => {
  const bob = await newPage(browser, server);
  await bob.goto("/");
  await bob.getByRole("radio", { name: "IAM user" }).click();
  await bob.getByLabel("User name").fill("bob");
  await bob.getByLabel("Password").fill(password);
  await bob.getByRole("button", { name: "Sign in" }).click();
  await bob.getByRole("link", { name: "first", exact: true }).waitFor();
  await bob.getByRole("button", { name: "Signed-in person: bob" }).waitFor();
  await bob.goto("/storage/first/objects");
  await bob.getByTestId("error").getByText("AccessDenied").waitFor();
  await axe(bob, "a denial");
  await endPage(bob);
});

step("delete the user with all it has", async () => {
  await page.goto("/iam/user/bob");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await prompt("Delete user").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The user bob is deleted.");
  await page.getByText("No users").waitFor();
});
