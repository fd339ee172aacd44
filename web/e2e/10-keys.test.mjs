import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, remember, sdk, Server, signIn, walk } from "./harness.mjs";

const server = new Server();
let browser, page, api;

before(async () => {
  await server.start();
  browser = await openBrowser();
  api = await sdk(server);
  page = await newPage(browser, server);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();

step("sign-in refuses a wrong secret, and takes the root's key pair", async () => {
  await page.goto("/");
  await page.getByLabel("Access key ID").fill(server.root.id);
  await page.getByLabel("Secret access key").fill("x".repeat(40));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("do not belong together").waitFor();
  await axe(page, "sign-in");
  await signIn(page, server.root);
  await page.getByText("No buckets in us-east-1").waitFor();
  await axe(page, "storage, empty");
});

step("BKT-01 create a bucket: region, plan, name with its rules while typing, tags", async () => {
  await page.getByRole("button", { name: "Create bucket" }).first().click();
  await page.getByRole("heading", { name: "Create bucket", level: 1 }).waitFor();
  await page.getByRole("radio", { name: /250GB · \$5.00 a month/ }).first().waitFor();
  const name = page.getByLabel("Name", { exact: true });
  for (const [bad, problem] of [
    ["ab", "A name has 3 to 54 characters."],
    ["Photos", "A name has only lowercase letters, digits and hyphens."],
    ["-photos", "A name neither begins nor ends with a hyphen."],
    ["pho--tos", "A name has no two hyphens in a row."],
  ]) {
    await name.fill(bad);
    await page.getByText(problem).waitFor();
  }
  await name.fill("photos");
  await page.getByRole("button", { name: "Add new tag" }).click();
  await page.getByPlaceholder("Enter key").fill("team");
  await page.getByPlaceholder("Enter value").fill("web");
  await axe(page, "create bucket");
  await page.getByRole("button", { name: "Create bucket" }).click();
  await page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  const { buckets } = await api.lightsail("GetBuckets", { bucketName: "photos" });
  assert.equal(buckets[0].name, "photos");
  assert.deepEqual(buckets[0].tags, [{ key: "team", value: "web" }]);
});

step("BKT-15 the management page has its tabs", async () => {
  for (const tab of ["Metrics", "Versioning", "Tags", "Permissions"]) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await page.getByRole("tab", { name: tab, exact: true, selected: true }).waitFor();
    await page.waitForURL(new RegExp("/storage/photos/" + tab.toLowerCase()));
  }
});

step("KEY-01 Permissions shows the access keys", async () => {
  await page.getByRole("tab", { name: "Permissions", exact: true }).click();
  await page.getByRole("heading", { name: /^Access keys/ }).waitFor();
  await page.getByText("No access keys").waitFor();
  await axe(page, "permissions");
});

step("KEY-02 No, cancel leaves nothing; Yes, create makes a key", async () => {
  await page.getByRole("button", { name: "Create access key" }).click();
  await prompt("Create access key?").getByText("aws --endpoint-url").waitFor({ state: "attached" });
  await prompt("Create access key?").getByRole("button", { name: "No, cancel" }).click();
  await prompt("Create access key?").waitFor({ state: "hidden" });
  assert.equal((await api.lightsail("GetBucketAccessKeys", { bucketName: "photos" })).accessKeys.length, 0);
  await page.getByRole("button", { name: "Create access key" }).click();
  await axe(page, "the prompt before a key");
  await prompt("Create access key?").getByRole("button", { name: "Yes, create" }).click();
  await prompt("Your access key is ready").waitFor();
  assert.equal((await api.lightsail("GetBucketAccessKeys", { bucketName: "photos" })).accessKeys.length, 1);
});

const key = {};

step("KEY-04 the success prompt shows the id, and the secret when asked", async () => {
  const dialog = prompt("Your access key is ready");
  key.id = (await dialog.locator("pre").first().textContent()).trim();
  assert.match(key.id, /^AKIA[A-Z0-9]{16}$/);
  assert(await dialog.getByText("••••").isVisible());
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  key.secret = (await dialog.locator("pre").nth(1).textContent()).trim();
  assert.match(key.secret, /^[A-Za-z0-9/+]{40}$/);
  remember(key.secret);
  assert((await dialog.locator("pre").last().textContent()).includes(key.secret), "the snippet holds the secret once it is shown");
  await axe(page, "the prompt with a new key");
});

step("the prompt hands out a .csv and a snippet for every client", async () => {
  const dialog = prompt("Your access key is ready");
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download .csv" }).click()]);
  assert.equal(await readFile(await download.path(), "utf8"), `Access key ID,Secret access key\r\n${key.id},${key.secret}\r\n`);
  for (const client of ["rclone", "restic", "s3cmd", "Python (boto3)", "JavaScript (AWS SDK)", "Go (AWS SDK)", "WordPress (WP Offload Media)", "Terraform", "Environment variables"]) {
    await dialog.getByRole("button", { name: /Ready to paste/ }).click();
    await dialog.getByRole("option", { name: client }).click();
    const text = await dialog.locator("pre").last().textContent();
    for (const part of [key.id, key.secret]) assert(text.includes(part), client + " lacks " + part);
    if (client !== "WordPress (WP Offload Media)" && client !== "s3cmd") assert(text.includes(server.endpoint), client + " lacks the endpoint");
  }
});

step("KEY-05 after Continue the secret is seen nowhere", async () => {
  await page.getByRole("button", { name: "Continue" }).click();
  await prompt("Your access key is ready").waitFor({ state: "hidden" });
  assert(!(await page.content()).includes(key.secret));
  await page.reload();
  await page.getByText(key.id).first().waitFor();
  assert(!(await page.content()).includes(key.secret));
});

step("KEY-11 last used is a dash until first use, then opens to service and region", async () => {
  const row = page.getByRole("group", { name: key.id });
  await row.getByText("Last used –").waitFor();
  await api.s3("PutObject", { Bucket: "photos", Key: "hello.txt", Body: "hello" }, key);
  await page.getByRole("button", { name: "Refresh" }).click();
  await row.getByText(/Last used \w+ \d/).waitFor();
  await row.getByRole("button", { name: new RegExp(key.id) }).first().click();
  await row.getByText("s3 · us-east-1").waitFor();
  for (const seen of ["s3:PutObject", "127.0.0.1", /aws-sdk-js/]) await row.getByText(seen).first().waitFor();
  await axe(page, "a key, opened");
});

step("a key has a name, an end, a narrower reach, and is disabled and enabled", async () => {
  const row = page.getByRole("group", { name: key.id });
  await row.getByRole("button", { name: "Edit details of " + key.id }).click();
  const form = prompt("Edit details of " + key.id);
  await form.getByLabel("Name", { exact: true }).fill("nightly");
  await form.getByLabel("Expires").fill("2001-01-01");
  await form.getByText("This is no date in the future.").waitFor();
  assert(await form.getByRole("button", { name: "Save" }).isDisabled());
  await form.getByLabel("Expires").fill("2099-12-31");
  await form.getByLabel("Only objects that begin with").fill("in/\nout/");
  await axe(page, "the details of a key being edited");
  await form.getByRole("button", { name: "Save" }).click();
  await flash("The details of the access key " + key.id + " are saved.");
  await row.getByText("Only below in/, out/").waitFor();
  await row.getByText("nightly", { exact: true }).waitFor();
  await api.s3("PutObject", { Bucket: "photos", Key: "in/1", Body: "x" }, key);
  await assert.rejects(api.s3("PutObject", { Bucket: "photos", Key: "other", Body: "x" }, key), { name: "AccessDenied" });
  await row.getByRole("button", { name: "Disable", exact: true }).click();
  await prompt("Disable access key?").getByRole("button", { name: "Yes, disable" }).click();
  await flash("The access key " + key.id + " is disabled.");
  await assert.rejects(api.s3("PutObject", { Bucket: "photos", Key: "in/1", Body: "x" }, key), { name: "InvalidAccessKeyId" });
  await row.getByRole("button", { name: "Enable", exact: true }).click();
  await prompt("Enable access key?").getByRole("button", { name: "Yes, enable" }).click();
  await flash("The access key " + key.id + " is enabled.");
  await row.getByRole("button", { name: "Edit details of " + key.id }).click();
  await prompt("Edit details of " + key.id).getByLabel("Only objects that begin with").fill("");
  await prompt("Edit details of " + key.id).getByRole("button", { name: "Save" }).click();
  await row.getByText("All that a key of its kind may").waitFor();
  await api.s3("PutObject", { Bucket: "photos", Key: "other", Body: "x" }, key);
});

step("rotation shows live which key is still used, then deletes the old one", async () => {
  await page.getByRole("button", { name: "Rotate" }).click();
  const dialog = prompt("Rotate the access key");
  await dialog.getByRole("button", { name: "Create the second key" }).click();
  await dialog.getByText("This page looks every few seconds").waitFor();
  await dialog.getByRole("button", { name: "Show secret access key" }).click();
  const second = { id: (await dialog.locator("pre").first().textContent()).trim(), secret: (await dialog.locator("pre").nth(1).textContent()).trim() };
  remember(second.secret);
  await api.s3("PutObject", { Bucket: "photos", Key: "second.txt", Body: "hello" }, second);
  await dialog.getByText(/The new key was used .* for s3/).waitFor();
  await dialog.getByText(/^Last used by .*aws-sdk-js.* at 127.0.0.1 for s3:PutObject$/).waitFor();
  await axe(page, "rotation");
  await dialog.getByRole("button", { name: "Delete the old key" }).click();
  await flash("Rotated: the access key " + key.id + " is deleted.");
  await assert.rejects(api.s3("ListObjectsV2", { Bucket: "photos" }, key), { name: "InvalidAccessKeyId" });
  await api.s3("ListObjectsV2", { Bucket: "photos" }, second);
  Object.assign(key, second);
});

step("with two keys the console explains that a third is refused", async () => {
  await api.lightsail("CreateBucketAccessKey", { bucketName: "photos" });
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.locator("button[aria-disabled=true]", { hasText: "Create access key" }).waitFor();
  await page.getByText("A bucket can have two access keys at most").last().waitFor();
  await axe(page, "two keys");
});

step("KEY-13 delete by the trash icon; the key is refused at once (S11)", async () => {
  await page.getByRole("button", { name: "Delete access key " + key.id }).click();
  await prompt("Delete access key?").getByText("It cannot be brought back").waitFor();
  await axe(page, "the prompt before a key is deleted");
  await prompt("Delete access key?").getByRole("button", { name: "Yes, delete" }).click();
  await flash(`The access key ${key.id} is deleted.`);
  await assert.rejects(api.s3("ListObjectsV2", { Bucket: "photos" }, key), { name: "InvalidAccessKeyId" });
});

step("a keyboard alone makes a key", async () => {
  await page.reload();
  const create = page.getByRole("button", { name: "Create access key" });
  await create.waitFor();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    if (await create.evaluate((b) => b === document.activeElement)) break;
  }
  assert(await create.evaluate((b) => b === document.activeElement), "the Tab key reaches the button");
  await page.keyboard.press("Enter");
  const yes = prompt("Create access key?").getByRole("button", { name: "Yes, create" });
  await yes.waitFor();
  for (let i = 0; i < 10 && !(await yes.evaluate((b) => b === document.activeElement)); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await prompt("Your access key is ready").waitFor();
  const last = page.getByRole("button", { name: "Continue" });
  for (let i = 0; i < 20 && !(await last.evaluate((b) => b === document.activeElement)); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await prompt("Your access key is ready").waitFor({ state: "hidden" });
});

step("BKT-13 delete in the console: No, cancel; Yes, delete; Force delete", async () => {
  const open = async () => {
    await page.getByRole("button", { name: "More about the bucket" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
  };
  await open();
  await prompt("Delete bucket").getByRole("button", { name: "No, cancel" }).click();
  await open();
  await prompt("Delete bucket").getByRole("button", { name: "Yes, delete" }).click();
  await prompt("Delete bucket").getByText("Force delete deletes the bucket all the same").waitFor();
  await axe(page, "a bucket in use");
  await prompt("Delete bucket").getByRole("button", { name: "Force delete" }).click();
  await flash("The bucket photos is deleted.");
  await assert.rejects(api.lightsail("GetBuckets", { bucketName: "photos" }), { name: "NotFoundException" });
});

step("S11 signing out ends the cookie and the credentials of the page", async () => {
  const answer = await page.evaluate(() => fetch("/console/credentials", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).then((r) => r.json()));
  remember(answer.credentials.secretAccessKey);
  const { LightsailClient, GetBucketsCommand } = await import("@aws-sdk/client-lightsail");
  const client = new LightsailClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { ...answer.credentials, expiration: undefined } });
  await client.send(new GetBucketsCommand({}));
  await page.getByRole("button", { name: /Signed-in person/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor();
  await assert.rejects(client.send(new GetBucketsCommand({})), { name: "UnrecognizedClientException" });
  const after = await page.evaluate(() => fetch("/console/credentials", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).then((r) => r.status));
  assert.equal(after, 401);
});
