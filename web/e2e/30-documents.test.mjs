import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, endPage, finish, newPage, openBrowser, sdk, Server, signIn, walk } from "./harness.mjs";

const server = new Server();
let browser, page, api;

before(async () => {
  await server.start();
  browser = await openBrowser();
  api = await sdk(server);
  page = await newPage(browser, server);
  await api.lightsail("CreateBucket", { bucketName: "photos", bundleId: "small_1_0" });
  await signIn(page, server.root);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const tab = (name) => page.getByRole("tab", { name, exact: true }).click();

step("CORS: add by the example, refuse what is no JSON, edit, delete", async () => {
  await page.goto("/storage/photos/cors");
  await page.getByText("There is none.").waitFor();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const json = page.getByLabel("JSON, in the form of aws-cli");
  await json.fill("{");
  assert(await page.getByRole("button", { name: "Save" }).isDisabled());
  const rules = [{ AllowedOrigins: ["https://a.example"], AllowedMethods: ["GET"] }];
  await json.fill(JSON.stringify({ CORSRules: rules }));
  await axe(page, "a document being edited");
  await page.getByRole("button", { name: "Save" }).click();
  await prompt("Save?").getByRole("button", { name: "Yes, save" }).click();
  await flash("Saved.");
  assert.deepEqual((await api.s3("GetBucketCors", { Bucket: "photos" })).CORSRules, rules);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await prompt("Delete?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("Deleted.");
  await assert.rejects(api.s3("GetBucketCors", { Bucket: "photos" }), { name: "NoSuchCORSConfiguration" });
});

step("every document that the server has built is saved from its example", async () => {
  const settings = await page.evaluate(() => fetch("/console/settings").then((r) => r.json()));
  const built = (op) => settings.operations.includes("s3:" + op);
  const all = [
    ["Lifecycle", "PutBucketLifecycleConfiguration", "GetBucketLifecycleConfiguration"],
    ["Policy", "PutBucketPolicy", "GetBucketPolicy"],
    ["Logging", "PutBucketLogging", "GetBucketLogging"],
  ].filter(([, put]) => built(put));
  assert(all.length >= 2, "the documents of the server");
  for (const [name, , get] of all) {
    await tab(name);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await prompt("Save?").getByRole("button", { name: "Yes, save" }).click();
    await prompt("Save?").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    await axe(page, name);
    assert(await api.s3(get, { Bucket: "photos" }), name);
  }
});

step("XACC-04 add and remove another account's access", async () => {
  await tab("Permissions");
  await page.getByRole("button", { name: "Add cross-account access" }).click();
  const dialog = prompt("Add cross-account access");
  await dialog.getByLabel("Account ID").fill("12345");
  assert(await dialog.getByRole("button", { name: "Save" }).isDisabled());
  await dialog.getByLabel("Account ID").fill("444455556666");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Remove 444455556666" }).waitFor();
  const readers = async () => (await api.lightsail("GetBuckets", { bucketName: "photos" })).buckets[0].readonlyAccessAccounts;
  assert.deepEqual(await readers(), ["444455556666"]);
  await axe(page, "cross-account access");
  await page.getByRole("button", { name: "Remove 444455556666" }).click();
  await prompt("Remove cross-account access?").getByRole("button", { name: "Yes, delete" }).click();
  await page.getByText("No other account").waitFor();
  assert.deepEqual(await readers(), []);
});

step("TAG-05 tags: key and value, key alone, edit, delete with a prompt", async () => {
  await tab("Tags");
  for (const [key, value] of [["team", "web"], ["plain", ""]]) {
    await page.getByRole("button", { name: "Add tag" }).click();
    await prompt("Add tag").getByLabel("Key", { exact: true }).fill(key);
    await prompt("Add tag").getByLabel("Value (may be empty)").fill(value);
    await prompt("Add tag").getByRole("button", { name: "Save" }).click();
    await flash(`The tag ${key} is saved.`);
  }
  await page.getByText("key only").waitFor();
  await page.getByRole("button", { name: "Edit tag team" }).click();
  await prompt("Edit tag team").getByLabel("Value (may be empty)").fill("ops");
  await prompt("Edit tag team").getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "ops" }).waitFor();
  await page.getByRole("button", { name: "Delete tag plain" }).click();
  await prompt("Delete tag?").getByRole("button", { name: "No, cancel" }).click();
  await page.getByRole("button", { name: "Delete tag plain" }).click();
  await prompt("Delete tag?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The tag plain is deleted.");
  await axe(page, "tags");
  const { buckets } = await api.lightsail("GetBuckets", { bucketName: "photos" });
  assert.deepEqual(buckets[0].tags, [{ key: "team", value: "ops" }]);
});

step("TAG-06 search the buckets by tag", async () => {
  await api.lightsail("CreateBucket", { bucketName: "other", bundleId: "small_1_0" });
  await page.goto("/storage");
  await page.getByRole("link", { name: "other", exact: true }).waitFor();
  await page.getByPlaceholder("Find buckets by name or tag").fill("ops");
  await page.getByRole("link", { name: "other", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "photos", exact: true }).waitFor();
});

step("PLAN-05 change the plan: Yes, change; Select plan; Yes, apply; once a month", async () => {
  await page.getByRole("link", { name: "photos", exact: true }).click();
  await tab("Metrics");
  await page.getByText("Use above the quota is never blocked.").waitFor();
  await page.getByRole("button", { name: "Change storage plan" }).click();
  await prompt("Change storage plan").getByRole("button", { name: "No, cancel" }).click();
  await page.getByRole("button", { name: "Change storage plan" }).click();
  await prompt("Change storage plan").getByRole("button", { name: "Yes, change" }).click();
  await prompt("Choose a storage plan").getByRole("radio", { name: /100GB/ }).click();
  await axe(page, "choice of the plan");
  await prompt("Choose a storage plan").getByRole("button", { name: "Select plan" }).click();
  await prompt("Apply the plan").getByRole("button", { name: "Yes, apply" }).click();
  await flash("The plan is changed.");
  await page.locator("button[aria-disabled=true]", { hasText: "Change storage plan" }).waitFor();
  await axe(page, "the plan");
  const { buckets } = await api.lightsail("GetBuckets", { bucketName: "photos" });
  assert.deepEqual([buckets[0].bundleId, buckets[0].ableToUpdateBundle], ["medium_1_0", false]);
});

step("PLAN-06 the quota of the plan is shown, against the use and the forecast of the month", async () => {
  await page.getByText("100 GB", { exact: true }).first().waitFor();
  await api.s3("PutObject", { Bucket: "photos", Key: "used", Body: Buffer.alloc(3 << 20) });
  const got = await api.s3("GetObject", { Bucket: "photos", Key: "used" });
  assert.equal((await got.Body.transformToByteArray()).length, 3 << 20);
  await page.reload();
  await page.getByRole("heading", { name: "Use of the plan this month" }).waitFor();
  await page.getByText("3.0 MiB of 100 GiB", { exact: true }).waitFor();
  await page.getByText("3.0 MiB of 250 GiB", { exact: true }).waitFor();
  await page.getByText("3.0 MiB: within the quota", { exact: true }).waitFor();
  await page.getByText("Transfer above the quotas of this month").waitFor();
  assert.equal(await page.getByText(/: (within|above) the quota$/).count(), 2);
  await axe(page, "the use of the plan");
  await api.s3("DeleteObject", { Bucket: "photos", Key: "used" });
});

step("MET-03 graphs from an hour to two weeks, of size and of number", async () => {
  const asked = async (act) => {
    const [response] = await Promise.all([page.waitForResponse((r) => r.request().headers()["x-amz-target"]?.endsWith(".GetBucketMetricData")), act()]);
    assert.equal(response.status(), 200);
    return response.request().postDataJSON();
  };
  for (const [span, seconds] of [["1 hour", 3600], ["6 hours", 21_600], ["1 week", 604_800], ["2 weeks", 1_209_600], ["1 day", 86_400]]) {
    const q = await asked(() => page.getByRole("button", { name: span, exact: true }).click());
    assert.equal(Math.round(q.endTime - q.startTime), seconds);
    assert.equal(q.metricName, "BucketSizeBytes");
  }
  const q = await asked(async () => {
    await page.getByRole("button", { name: /^Metric / }).click();
    await page.getByRole("option", { name: "Number of objects" }).click();
  });
  assert.deepEqual([q.metricName, q.unit, q.statistics], ["NumberOfObjects", "Count", ["Average"]]);
  await axe(page, "metrics");
});

step("MET-03 a point of the graph tells its value and the quota, whose line is drawn", async () => {
  // A bucket that fills three quarters of its plan, which no test can afford.
  const GiB = 2 ** 30;
  const at = (hours, size) => ({ timestamp: Date.now() / 1000 - hours * 3600, maximum: size * GiB, unit: "Bytes" });
  const answer = { metricName: "BucketSizeBytes", metricData: [at(20, 60), at(10, 70), at(1, 75)] };
  const ofGraph = (r) => r.headers()["x-amz-target"]?.endsWith(".GetBucketMetricData") && r.postDataJSON().metricName === "BucketSizeBytes" && r.postDataJSON().statistics[0] === "Maximum";
  const full = (route) => (ofGraph(route.request()) ? route.fulfill({ json: answer, headers: { "Access-Control-Allow-Origin": server.console } }) : route.fallback());
  await page.route(server.endpoint + "/**", full);
  await page.reload();
  const graph = page.getByRole("application", { name: "Bucket size" });
  await graph.waitFor();
  await page.getByText("Quota of the plan", { exact: true }).first().waitFor();
  await graph.scrollIntoViewIfNeeded();
  const quota = await graph.locator("line[stroke*=threshold]").boundingBox();
  const plot = await graph.boundingBox();
  assert(quota.height <= 3 && quota.width > plot.width / 2 && quota.y >= plot.y - 2 && quota.y < plot.y + plot.height / 2, "the quota's line is level, in the upper half: " + JSON.stringify([quota, plot]));
  await page.mouse.move(plot.x + plot.width * 0.95, plot.y + plot.height / 2);
  const told = page.getByRole("dialog").or(page.locator("[class*=popover]")).filter({ hasText: "Bucket size" }).first();
  await told.getByText("75 GiB").waitFor();
  await told.getByText("100 GiB").waitFor();
  await page.unroute(server.endpoint + "/**", full);
});

step("on a phone the pages fit, in the dark too", async () => {
  const phone = await newPage(browser, server, { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
  await signIn(phone, server.root);
  assert(await phone.evaluate(() => document.body.classList.contains("awsui-dark-mode")));
  for (const path of ["/storage", "/storage/create", "/storage/photos/permissions", "/storage/photos/objects", "/account"]) {
    await phone.goto(path);
    await phone.getByRole("heading", { level: 1 }).first().waitFor();
    await phone.waitForLoadState("networkidle");
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert(wide <= 0, `${path} is ${wide} pixels too wide for a phone`);
    await axe(phone, path + " on a phone, dark");
  }
  await endPage(phone);
});
