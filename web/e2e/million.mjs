// What a page costs a browser over a bucket of a million objects:
// node e2e/million.mjs DIR, after go run ./test/bench -fill 1000000 -buckets 100 -dir DIR
import { newPage, openBrowser, Server, signIn } from "./harness.mjs";

const limit = 200; // milliseconds of scripting for a view
const server = new Server();
server.data = `${process.argv[2]}/data`;
const made = await server.run("root", "create-access-key");
[, server.root.id] = /Access key id\s+(\S+)/.exec(made);
[, server.root.secret] = /Secret access key\s+(\S+)/.exec(made);
await server.start();
const browser = await openBrowser();
const page = await newPage(browser, server);
const cdp = await page.context().newCDPSession(page);
await cdp.send("Performance.enable");
const scripting = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "ScriptDuration").value * 1000;
await signIn(page, server.root);
const bucket = "bench-bucket";
let over = 0;
const view = async (name, act, seen) => {
  const before = await scripting();
  await act();
  await seen();
  await page.waitForLoadState("networkidle");
  const took = (await scripting()) - before;
  if (took > limit) over++;
  console.log(`${name.padEnd(34)} ${took.toFixed(0).padStart(5)} ms of scripting`);
};
const row = (name) => page.getByText(name, { exact: true }).first().waitFor();
// The scripts of the page are loaded once; the first view is by the address, the others within the page.
await page.goto(`/storage/${bucket}/objects`);
await row("d0000000/");
await page.waitForLoadState("networkidle");
await view("a bucket's objects", () => page.getByRole("button", { name: "Refresh" }).click(), () => row("d0000000/"));
await view("the next page", () => page.getByRole("button", { name: "Next page" }).click(), () => row("d0000050/"));
await view("a folder", () => page.getByRole("link", { name: "d0000050/" }).click(), () => row("k00"));
await view("filter by name", () => page.getByPlaceholder("Filter by name").fill("k5"), () => row("k59"));
await view("the metrics", () => page.getByRole("tab", { name: "Metrics" }).click(), () => page.getByText("Use above the quota").waitFor());
await view("the permissions", () => page.getByRole("tab", { name: "Permissions" }).click(), () => page.getByRole("heading", { name: /^Access keys/ }).waitFor());
await view("all buckets", () => page.getByRole("link", { name: "Storage", exact: true }).first().click(), () => page.getByRole("heading", { name: /^Storage/ }).waitFor());
await browser.close();
await server.run("root", "list-access-keys").catch(() => undefined);
await server.stop();
process.exitCode = over ? 1 : 0;
