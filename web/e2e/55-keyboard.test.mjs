import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, remember, sdk, Server, signIn, tabTo, walk } from "./harness.mjs";

/** A webhook that keeps what it is sent. */
const messages = [];
const hook = createServer((req, res) => {
  let body = "";
  req.on("data", (chunk) => (body += chunk)).on("end", () => {
    messages.push({ signature: req.headers["webhook-signature"], ...JSON.parse(body) });
    res.end();
  });
});
const server = new Server("--webhook-allow", "127.0.0.0/8");
let browser, page, api;

before(async () => {
  await new Promise((done) => hook.listen(0, "127.0.0.1", done));
  server.env.KEYHAVEN_WEBHOOK_SECRET = randomBytes(16).toString("hex");
  remember(server.env.KEYHAVEN_WEBHOOK_SECRET);
  await server.start();
  api = await sdk(server);
  await api.lightsail("CreateBucket", { bucketName: "photos", bundleId: "small_1_0" });
  browser = await openBrowser();
  page = await newPage(browser, server);
  await signIn(page, server.root);
});

after(async () => {
  await finish(server, browser, page);
  hook.close();
  hook.closeAllConnections();
});

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const press = async (role, name) => {
  await tabTo(page, role, name);
  await page.keyboard.press("Enter");
};
const type = async (name, text) => {
  await tabTo(page, "textbox", name);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
};

step("a keyboard alone makes an alarm", async () => {
  await page.goto("/storage/photos/metrics");
  await page.getByText("No alarm yet.").waitFor();
  await press("button", "Add alarm");
  await prompt("Add alarm").waitFor();
  await type("Threshold in GB", "12");
  await press("button", "Create");
  await flash("The alarm photos-BucketSizeBytes is made.");
  const [alarm] = (await api.lightsail("GetAlarms", {})).alarms;
  assert.equal(alarm.threshold, 12 * 2 ** 30);
});

step("NOT-05 a keyboard alone makes a contact: a webhook, which gets the alarm that is tested", async () => {
  const url = `http://127.0.0.1:${hook.address().port}/alarms`;
  await page.goto("/account");
  await page.getByText("Nobody is told yet.").waitFor();
  await press("button", "Add webhook");
  await prompt("Add webhook").waitFor();
  await type("Address of the webhook", "ftp://x");
  assert(await prompt("Add webhook").getByRole("button", { name: "Add contact" }).isDisabled());
  await type("Address of the webhook", url);
  await press("button", "Add contact");
  await prompt("Send to this webhook?").getByText(`Alarms go to ${url} from now on`).waitFor();
  await axe(page, "a webhook being added");
  await press("button", "I understand");
  await flash(`The webhook ${url} is told from now on.`);
  await page.getByText("Verified", { exact: true }).waitFor();
  const [alarm] = (await api.lightsail("GetAlarms", {})).alarms;
  await api.lightsail("PutAlarm", {
    alarmName: alarm.name,
    metricName: alarm.metricName,
    monitoredResourceName: "photos",
    comparisonOperator: alarm.comparisonOperator,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.evaluationPeriods,
    contactProtocols: ["Webhook"],
    notificationTriggers: ["ALARM"],
    notificationEnabled: true,
  });
  await api.lightsail("TestAlarm", { alarmName: alarm.name, state: "ALARM" });
  for (let i = 0; messages.length === 0; i++) {
    assert(i < 1000, "no message comes");
    await new Promise((r) => setTimeout(r, 20));
  }
  assert(messages[0].signature, "the message is signed");
  assert(JSON.stringify(messages[0]).includes(alarm.name));
  await press("button", `Delete ${url}`);
  await prompt("Delete contact?").waitFor();
  await press("button", "Yes, delete");
  await flash("The contact is deleted.");
  assert.deepEqual((await api.lightsail("GetContactMethods", {})).contactMethods, []);
});

step("a keyboard alone makes a role", async () => {
  await page.goto("/iam/roles");
  await page.getByText("No roles yet").waitFor();
  await press("button", "Create role");
  await prompt("Create role").waitFor();
  await type("Role name", "deploy");
  await press("button", "Create role");
  await page.getByRole("heading", { name: "deploy", level: 1 }).waitFor();
  assert.equal((await api.iam("GetRole", { RoleName: "deploy" })).Role.RoleName, "deploy");
});

step("SEC-02 the audit log is read page by page", async () => {
  // More than the fifty events of a page.
  for (let i = 0; i < 30; i++) {
    await api.iam("CreateUser", { UserName: `user-${i}` });
    await api.iam("DeleteUser", { UserName: `user-${i}` });
  }
  await page.goto("/audit");
  const rows = page.getByRole("table", { name: "Audit log" }).getByRole("row");
  await page.getByText("DeleteUser · iam").first().waitFor();
  assert.equal(await rows.count(), 51); // with the head
  const more = page.getByRole("button", { name: "Load more" });
  for (let shown = 51; await more.count(); ) {
    await more.click();
    await page.waitForFunction((n) => document.querySelectorAll("tr").length > n, shown);
    shown = await rows.count();
    assert(shown < 1000, "the log never ends");
  }
  await page.getByText("CreateBucket · lightsail").waitFor();
  assert.equal(await page.getByRole("row").filter({ hasText: "CreateUser · iam" }).count(), 30);
  await axe(page, "the audit log, all of it");
});
