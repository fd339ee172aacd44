import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, endPage, finish, json, newPage, openBrowser, remember, sdk, Server, tabTo, walk } from "./harness.mjs";

const server = new Server();
let browser, page, api;

before(async () => {
  await server.start();
  browser = await openBrowser();
  page = await newPage(browser, server);
  api = await sdk(server);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const row = (name) => page.getByRole("table", { name: "Accounts" }).getByRole("row").filter({ hasText: name });
const password = "Correct-horse-1";
const theirs = "Battery-staple-2";
remember(password);
remember(theirs);

const keyhaven = (name, input, key) => json(server, "keyhaven", "Keyhaven_20261201." + name, input, key);

/** Sets the password of a new root by the link, in a browser of its own. */
async function accept(link, secret) {
  const other = await newPage(browser, server);
  await other.goto(link.replace(server.console, ""));
  await other.getByLabel("Password of the root").fill(secret);
  await other.getByLabel("The same password again").fill(secret);
  await other.getByRole("button", { name: "Set the password and sign in" }).click();
  return other;
}

async function signInRoot(on, account, secret) {
  await on.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor();
  await on.getByRole("radio", { name: "Root" }).check();
  await on.getByLabel("Account ID").fill(account);
  await on.getByLabel("Password").fill(secret);
  await on.getByRole("button", { name: "Sign in" }).click();
}

step("the owner finds the page of the accounts, with its own alone", async () => {
  await page.goto(server.firstStart.replace(server.console, ""));
  await page.getByLabel("Password of the root").fill(password);
  await page.getByLabel("The same password again").fill(password);
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  await page.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await page.getByRole("link", { name: "Account", exact: true }).click();
  await page.getByRole("heading", { name: "Account", level: 1 }).waitFor();
  assert.equal(await page.locator('nav [aria-current="page"]').textContent(), "Account");
  await page.getByRole("button", { name: "Manage accounts" }).click();
  await page.getByRole("heading", { name: "Accounts (1)", level: 1 }).waitFor();
  assert.equal(await page.locator('nav [aria-current="page"]').textContent(), "Accounts");
  await page.getByText("No other account yet.").waitFor();
  await row("Open, yours").waitFor();
  assert.equal(await page.getByRole("table").getByRole("button", { name: /^Close / }).count(), 0, "the first account can be closed");
  await axe(page, "accounts, no other");
});

let id, link;

step("it makes an account by the keyboard alone, and copies the link", async () => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.console });
  await tabTo(page, "button", "Create account");
  await page.keyboard.press("Enter");
  await prompt("Create account").waitFor();
  await tabTo(page, "textbox", "Account name");
  await page.keyboard.type("x".repeat(52));
  await page.getByText("The name has 2 characters too many.").waitFor();
  const create = prompt("Create account").getByRole("button", { name: "Create account" });
  assert(await create.isDisabled());
  await axe(page, "a name that is too long");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("Team Blue");
  await page.getByText("1 to 50 characters. 41 are left.").waitFor();
  await tabTo(page, "button", "The same on the command line");
  await page.keyboard.press("Enter");
  await page.getByText(/keyhaven create-account --name 'Team Blue'$/).waitFor();
  await axe(page, "create an account");
  await tabTo(page, "button", "Create account");
  await page.keyboard.press("Enter");
  const ready = prompt("The account is ready");
  await ready.waitFor();
  await axe(page, "the link of the new root");
  id = (await ready.locator("pre").first().textContent()).trim();
  link = (await ready.locator("pre").nth(1).textContent()).trim();
  assert.match(id, /^\d{12}$/);
  assert(link.startsWith(`${server.console}/start#${id}.`), "the link leads elsewhere");
  remember(link.split(".").at(-1));
  await tabTo(page, "button", "Copy the link");
  await page.keyboard.press("Enter");
  await page.getByText("Copied").first().waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  await tabTo(page, "button", "Continue");
  await page.keyboard.press("Enter");
  await ready.waitFor({ state: "detached" });
  await row("Team Blue").getByText(/^Invited until/).waitFor();
  assert(!(await page.content()).includes(link.split("#")[1]), "the link is still on the page");
  await axe(page, "accounts");
});

let other, key;

step("its root sets a password by the link, once, and sees an empty account", async () => {
  other = await accept(link, theirs);
  await other.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await other.getByText("No buckets").first().waitFor();
  assert.equal(await other.getByRole("link", { name: "Accounts", exact: true }).count(), 0, "the accounts are shown to another root");
  await other.goto("/accounts");
  await other.getByRole("heading", { name: /^Storage/ }).waitFor();
  await other.goto("/account");
  await other.getByText(id, { exact: true }).first().waitFor();
  assert.equal(await other.getByRole("button", { name: "Manage accounts" }).count(), 0);
  await other.getByRole("button", { name: "Create New Access Key" }).click();
  const dialog = other.getByRole("dialog", { name: "Your access key is ready" });
  const keyId = (await dialog.locator("pre").first().textContent()).trim();
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  key = { id: keyId, secret: (await dialog.locator("pre").nth(1).textContent()).trim() };
  remember(key.secret);
  await dialog.getByRole("button", { name: "Continue" }).click();
  for (const [name, input] of [["ListAccounts", {}], ["GetAccount", { accountId: id }], ["CreateAccount", { name: "x" }], ["CreateAccountInvitation", { accountId: id }], ["CloseAccount", { accountId: id }]]) {
    assert.equal((await keyhaven(name, input, key)).__type, "AccessDeniedException", name);
  }
  const late = await accept(link, password);
  await late.getByText("This link has been used or has expired.").waitFor();
  await endPage(late);
});

step("it signs in by its account and password, with the old password to change it", async () => {
  await other.getByRole("button", { name: /Signed-in person/ }).click();
  await other.getByRole("menuitem", { name: "Sign out" }).click();
  await signInRoot(other, "", theirs);
  await other.getByText("do not belong together").waitFor();
  await axe(other, "sign-in of a root");
  await signInRoot(other, id, theirs);
  await other.getByRole("heading", { name: /^Storage/ }).waitFor();
  await other.goto("/account");
  await other.getByLabel("Password now").waitFor();
});

step("a link that was lost is replaced, until its root has begun", async () => {
  await page.reload();
  await row("Team Blue").getByText("Open", { exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "New link for Team Blue" }).count(), 0);
  const made = await keyhaven("CreateAccount", { name: "Team Red" });
  await page.reload();
  await page.getByRole("button", { name: "New link for Team Red" }).click();
  await axe(page, "a new link");
  await prompt("Make a new link?").getByRole("button", { name: "Yes, make it" }).click();
  const second = (await prompt("The account is ready").locator("pre").nth(1).textContent()).trim();
  remember(second.split(".").at(-1));
  await prompt("The account is ready").getByRole("button", { name: "Continue" }).click();
  const late = await accept("/start" + new URL(made.invitation.signInLink).hash, theirs);
  await late.getByText("This link has been used or has expired.").waitFor();
  await endPage(late);
  const red = await accept(second, theirs);
  await red.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await endPage(red);
});

step("the owner closes the account: what holds it back, what is lost, its name typed", async () => {
  const { IAMClient, CreateUserCommand } = await import("@aws-sdk/client-iam");
  const iam = new IAMClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: key.id, secretAccessKey: key.secret } });
  await iam.send(new CreateUserCommand({ UserName: "bob" }));
  await api.lightsail("CreateBucket", { bucketName: "blue", bundleId: "small_1_0" }, key);
  await page.getByRole("button", { name: "Close Team Blue" }).click();
  const dialog = prompt("Close account?");
  await dialog.getByText("The account has 1 bucket.").waitFor();
  await axe(page, "an account with a bucket");
  assert(await dialog.getByRole("button", { name: "Yes, close the account" }).isDisabled());
  await dialog.getByRole("button", { name: "No, cancel" }).click();
  await api.lightsail("DeleteBucket", { bucketName: "blue" }, key);

  await page.getByRole("button", { name: "Close Team Blue" }).click();
  await dialog.getByText("1 user, with its access keys and password").waitFor();
  await dialog.getByLabel("Type Team Blue to close the account").fill("team blue");
  assert(await dialog.getByRole("button", { name: "Yes, close the account" }).isDisabled());
  await dialog.getByLabel("Type Team Blue to close the account").fill("Team Blue");
  await axe(page, "close an account");
  await api.lightsail("CreateBucket", { bucketName: "blue", bundleId: "small_1_0" }, key); // while the dialog is open
  await dialog.getByRole("button", { name: "Yes, close the account" }).click();
  const error = dialog.getByTestId("error");
  await error.getByText("The account has buckets. Delete them first.").waitFor();
  assert.match(await error.textContent(), /ConflictException · .*[0-9a-f]{8}-/);
  await api.lightsail("DeleteBucket", { bucketName: "blue" }, key);
  await dialog.getByRole("button", { name: "Yes, close the account" }).click();
  await flash("The account Team Blue is closed.");
  await row("Team Blue").getByText(/^Closed/).waitFor();
  assert.equal(await page.getByRole("button", { name: "Close Team Blue" }).count(), 0);
});

step("nobody of the closed account gets in any more", async () => {
  await assert.rejects(api.s3("ListBuckets", {}, key), { name: "InvalidAccessKeyId" });
  await other.reload();
  await signInRoot(other, id, theirs);
  await other.getByText("do not belong together").waitFor();
  await endPage(other);
});

step("the audit log has it all, and no link or password", async () => {
  const { Events } = await json(server, "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", { MaxResults: 50 });
  const records = Events.map((e) => JSON.parse(e.CloudTrailEvent)).filter((e) => e.eventSource === "keyhaven.amazonaws.com");
  for (const name of ["CreateAccount", "CreateAccountInvitation", "CloseAccount", "GetAccount", "ListAccounts"]) assert(records.some((e) => e.eventName === name), name);
  const made = records.find((e) => e.eventName === "CreateAccount" && e.requestParameters.name === "Team Blue");
  assert.equal(made.responseElements.account.accountId, id);
  assert.equal(made.responseElements.invitation.signInLink, "HIDDEN_DUE_TO_SECURITY_REASONS");
  assert.equal(made.userIdentity.type, "Root");
  assert(!JSON.stringify(Events).includes(link.split(".").at(-1)));
});
