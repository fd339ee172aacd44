import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { finish, newPage, openBrowser, sdk, Server, signIn, walk } from "./harness.mjs";

// What a view of a large bucket takes is counted, not timed: requests, and rows in
// the page. make console-million times a million objects.
const many = 3000;
const server = new Server();
let browser, page, api;
const asked = [];

before(async () => {
  await server.start();
  api = await sdk(server);
  await api.lightsail("CreateBucket", { bucketName: "many", bundleId: "small_1_0" });
  const names = Array.from({ length: many }, (_, i) => `k${String(i).padStart(4, "0")}`);
  const put = async () => {
    for (let name = names.pop(); name; name = names.pop()) await api.s3("PutObject", { Bucket: "many", Key: name, Body: "" });
  };
  await Promise.all(Array.from({ length: 16 }, put));
  browser = await openBrowser();
  page = await newPage(browser, server);
  await signIn(page, server.root);
  page.on("request", (r) => {
    const url = new URL(r.url());
    if (url.origin === server.endpoint && url.pathname.startsWith("/many") && r.method() === "GET") asked.push(url.searchParams);
  });
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);

/** What a view asked for since the last, and the rows that it shows. */
async function cost(first) {
  await page.getByText(first, { exact: true }).first().waitFor();
  await page.waitForLoadState("networkidle");
  const lists = asked.splice(0).filter((q) => q.has("list-type"));
  return { lists: lists.length, most: Math.max(...lists.map((q) => Number(q.get("max-keys")))), rows: await page.getByRole("row").count() };
}

step("a view of a bucket costs the same however many objects it has", async () => {
  await page.goto("/storage/many/objects");
  const first = await cost("k0000");
  assert(first.rows > 10 && first.rows <= 101, `the first page has ${first.rows} rows`);
  assert.deepEqual([first.lists, first.most], [1, first.rows - 1]);
  const next = String(first.rows - 1).padStart(4, "0");
  await page.getByRole("button", { name: "Next page" }).click();
  assert.deepEqual(await cost(`k${next}`), first);
  await page.getByPlaceholder("Filter by name").fill("k29");
  const found = await cost("k2900");
  assert.equal(found.rows, first.rows);
  assert(found.lists <= 3, `typing three letters lists ${found.lists} times`); // one for each at most
  await page.getByPlaceholder("Filter by name").fill("k2999");
  assert.equal((await cost("k2999")).rows, 2);
});
