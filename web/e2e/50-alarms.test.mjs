import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, sdk, Server, signIn, startMail, walk } from "./harness.mjs";

const mail = await startMail();
const server = new Server("--smtp-server", `smtp://127.0.0.1:${mail.port}`, "--smtp-from", "haven@haven.test");
let browser, page, api;

before(async () => {
  await server.start();
  browser = await openBrowser();
  api = await sdk(server);
  page = await newPage(browser, server);
  await api.lightsail("CreateBucket", { bucketName: "photos", bundleId: "small_1_0" });
  await signIn(page, server.root);
});

after(async () => {
  await finish(server, browser, page);
  mail.close();
});

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const alarms = async () => (await api.lightsail("GetAlarms", { monitoredResourceName: "photos" })).alarms;
const more = async (name, item) => {
  await page.getByRole("button", { name: `Actions for ${name}`, exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
};

step("ALM-01 Metrics → Add alarm → Create; two for a metric", async () => {
  await page.goto("/storage/photos/metrics");
  await page.getByText("No alarm yet.").waitFor();
  await page.getByRole("button", { name: "Add alarm" }).click();
  const form = prompt("Add alarm");
  assert.equal(await form.getByLabel("Threshold in GB").inputValue(), "75");
  await form.getByLabel("Threshold in GB").fill("x");
  await form.getByText("A number, 0 or more.").waitFor();
  assert(await form.getByRole("button", { name: "Create" }).isDisabled());
  await form.getByLabel("Threshold in GB").fill("20");
  await form.getByLabel("Of the last (five minutes each)").fill("3");
  await form.getByLabel("Data points", { exact: true }).fill("2");
  await form.getByRole("button", { name: "Advanced settings" }).click();
  await form.getByRole("radio", { name: "within the threshold" }).check();
  await axe(page, "an alarm being made");
  await form.getByRole("button", { name: "Create" }).click();
  await flash("The alarm photos-BucketSizeBytes is made.");
  await page.getByText("greater than or equal to 20 GiB, 2 of 3 times in 15 minutes").waitFor();
  const [a] = await alarms();
  assert.deepEqual(
    [a.threshold, a.comparisonOperator, a.evaluationPeriods, a.datapointsToAlarm, a.treatMissingData, a.notificationTriggers],
    [20 * 2 ** 30, "GreaterThanOrEqualToThreshold", 3, 2, "notBreaching", ["ALARM"]],
  );
  await page.getByRole("button", { name: "Add alarm" }).click();
  await prompt("Add alarm").getByRole("button", { name: "Create" }).click();
  await flash("The alarm photos-BucketSizeBytes-2 is made.");
  await page.locator("button[aria-disabled=true]", { hasText: "Add alarm" }).waitFor();
  await axe(page, "alarms");
});

step("ALM-07 ALM-06 a test of the alarm shows its state and the banner", async () => {
  await more("photos-BucketSizeBytes", "Test alarm notification");
  await flash("The test is sent.");
  const banner = page.getByText("Alarm: photos-BucketSizeBytes", { exact: true });
  await banner.waitFor();
  await page.getByText("Bucket size of the bucket photos is greater than or equal to 20 GiB.").waitFor();
  await axe(page, "the banner of an alarm");
  await page.getByRole("button", { name: "Dismiss", exact: true }).last().click();
  await banner.waitFor({ state: "detached" });
});

step("ALM-08 edit, turn off and on, delete", async () => {
  await more("photos-BucketSizeBytes", "Edit alarm");
  const form = prompt("Edit alarm");
  await form.getByLabel("Threshold in GB").fill("30");
  await form.getByRole("button", { name: "Save" }).click();
  await flash("The alarm photos-BucketSizeBytes is saved.");
  const first = async () => (await alarms()).find((a) => a.name === "photos-BucketSizeBytes");
  assert.equal((await first()).threshold, 30 * 2 ** 30);
  const toggle = page.getByRole("checkbox", { name: "photos-BucketSizeBytes is on", exact: true });
  await toggle.click({ force: true });
  await flash("The alarm photos-BucketSizeBytes is off");
  assert.equal((await first()).notificationEnabled, false);
  await toggle.click({ force: true });
  await flash("The alarm photos-BucketSizeBytes is on.");
  assert.equal((await first()).notificationEnabled, true);
  await more("photos-BucketSizeBytes-2", "Delete");
  await prompt("Delete alarm?").getByRole("button", { name: "Delete", exact: true }).click();
  await flash("The alarm photos-BucketSizeBytes-2 is deleted.");
  assert.deepEqual((await alarms()).map((a) => a.name), ["photos-BucketSizeBytes"]);
});

step("NOT-05 contacts: add an address, resend, verify by the link of the mail, replace, delete", async () => {
  await page.goto("/account");
  await page.getByText("Nobody is told yet.").waitFor();
  const add = async (address) => {
    await page.getByRole("button", { name: "Add email address" }).click();
    const form = prompt("Add email address");
    await form.getByLabel("Email address").fill("nobody");
    assert(await form.getByRole("button", { name: "Add contact" }).isDisabled());
    await form.getByLabel("Email address").fill(address);
    await form.getByRole("button", { name: "Add contact" }).click();
    await prompt("Verify the address").getByText(`A mail with a link goes to ${address}.`).waitFor();
  };
  const sent = async (n) => {
    for (let i = 0; mail.mails.length < n; i++) {
      assert(i < 1000, "no mail comes");
      await new Promise((r) => setTimeout(r, 20));
    }
    return /http\S+\/-\/contacts\/verify\S+/.exec(mail.mails[n - 1])[0];
  };
  await add("ann@example.test");
  await axe(page, "a contact being added");
  await prompt("Verify the address").getByRole("button", { name: "I understand" }).click();
  await flash("The link is on its way to ann@example.test.");
  await page.getByText("Not yet verified").waitFor();
  const first = await sent(1);
  await page.getByRole("button", { name: "Resend verification to ann@example.test" }).click();
  await prompt("Resend verification to ann@example.test").getByRole("button", { name: "I understand" }).click();
  await flash("Another link is on its way");
  const second = await sent(2);
  assert.equal((await fetch(first)).status, 403);
  assert.equal((await fetch(second)).status, 200);
  await page.reload();
  await page.getByText("Verified", { exact: true }).waitFor();
  await axe(page, "contacts");
  await add("bob@example.test");
  await prompt("Verify the address").getByText("This replaces ann@example.test").waitFor();
  await prompt("Verify the address").getByRole("button", { name: "I understand" }).click();
  await page.getByRole("button", { name: "Delete bob@example.test" }).click();
  await prompt("Delete contact?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The contact is deleted.");
  assert.deepEqual((await api.lightsail("GetContactMethods", {})).contactMethods, []);
});

step("RES-05 Permissions → Resource access → Attach instance → Attach, and detach", async () => {
  await page.goto("/storage/photos/permissions");
  await page.getByText("No instance is attached").waitFor();
  await page.getByRole("button", { name: "Attach instance" }).click();
  await prompt("Attach instance").getByText("No other instance is registered").first().waitFor();
  await prompt("Attach instance").getByRole("button", { name: "Cancel" }).click();
  await server.run("instance", "register", "web-1");
  await page.getByRole("button", { name: "Attach instance" }).click();
  await prompt("Attach instance").getByRole("button", { name: /Instance/ }).first().click();
  await page.getByRole("option", { name: "web-1" }).click();
  await axe(page, "an instance being attached");
  await prompt("Attach instance").getByRole("button", { name: "Attach", exact: true }).click();
  await flash("The instance web-1 is attached.");
  const attached = async () => (await api.lightsail("GetBuckets", { bucketName: "photos", includeConnectedResources: true })).buckets[0].resourcesReceivingAccess;
  assert.deepEqual((await attached()).map((r) => r.name), ["web-1"]);
  await axe(page, "resource access");
  await page.getByRole("button", { name: "Detach web-1" }).click();
  await prompt("Detach instance?").getByRole("button", { name: "Yes, detach" }).click();
  await flash("The instance web-1 is detached.");
  assert.deepEqual(await attached(), []);
});
