import assert from "node:assert/strict";
import { test } from "node:test";
import { endPage, newPage, openBrowser, Server, signIn } from "./harness.mjs";

const budget = 500_000; // bytes over the wire until the first page stands

test("the initial load stays within 500 kB, compressed", async () => {
  const server = new Server();
  await server.start();
  const browser = await openBrowser();
  const page = await newPage(browser, server);
  let total = 0;
  page.on("requestfinished", async (request) => {
    if (request.url().startsWith(server.console)) total += (await request.sizes()).responseBodySize;
  });
  await signIn(page, server.root);
  await page.waitForLoadState("networkidle");
  await endPage(page);
  await browser.close();
  await server.close();
  assert(total > 50_000, "nothing was measured");
  assert(total <= budget, `the initial load takes ${total} bytes`);
  console.log(`initial load: ${total} bytes`);
});
