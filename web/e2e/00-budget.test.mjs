import assert from "node:assert/strict";
import { test } from "node:test";
import { endPage, newPage, openBrowser, Server, signIn } from "./harness.mjs";

const budget = 500_000; // bytes over the wire until the first page stands

test("the initial load stays within 500 kB, compressed", async () => {
  const server = new Server();
  await server.start();
  const browser = await openBrowser();
  const page = await newPage(browser, server);
  const sizes = [];
  page.on("requestfinished", (request) => {
    if (request.url().startsWith(server.console)) sizes.push(request.sizes().then((s) => s.responseBodySize));
  });
  await signIn(page, server.root);
  await page.waitForLoadState("networkidle");
  const total = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  await endPage(page);
  await browser.close();
  await server.close();
  assert(total > 50_000, "nothing was measured");
  assert(total <= budget, `the initial load takes ${total} bytes`);
  console.log(`initial load: ${total} bytes`);
});
