// The console under test: the real binary over a new data directory, and
// Debian's Chromium.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Sha256Js } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import { chromium } from "playwright-core";
import { watchLines } from "./lines.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
export const binary = path.resolve(process.env.KEYHAVEN_BIN ?? path.join(here, "../../bin/keyhaven"));
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Values that must be in no log, address or storage of the browser. */
const secrets = new Set();
export const remember = (secret) => secrets.add(secret);

export class Server {
  constructor(...args) {
    this.args = args; // after serve
    this.dir = mkdtempSync(path.join(tmpdir(), "keyhaven-console-"));
    this.data = path.join(this.dir, "data");
    this.listen = "127.0.0.1:0";
    this.consoleListen = "127.0.0.1:0";
    this.root = {};
    this.env = {}; // beside that of this process
  }

  async start() {
    const args = ["serve", "--data", this.data, "--listen", this.listen, "--console-listen", this.consoleListen, ...this.args];
    this.process = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.env } });
    this.process.stderr.pipe(createWriteStream(path.join(this.dir, "log"), { flags: "a" }));
    this.exited = new Promise((done) => this.process.once("exit", done));
    await new Promise((ready, failed) => {
      this.process.once("exit", (code) => failed(new Error(`the server ended with ${code}\n${this.log()}`)));
      createInterface({ input: this.process.stdout }).on("line", (line) => {
        const [, label, value] = /^\s*(.*?)\s{2,}(\S.*)$/.exec(line) ?? [];
        if (label === "Endpoint") this.endpoint = value;
        if (label === "Console") this.console = value;
        if (label === "First sign-in") this.firstStart = value;
        if (label === "Access key id") this.root.id = value;
        if (label === "Secret access key") remember((this.root.secret = value));
        if (label === "Region") ready();
      });
    });
    this.listen = new URL(this.endpoint).host;
    this.consoleListen = new URL(this.console).host;
    for (let i = 0; ; i++) {
      const up = await fetch(this.endpoint + "/-/health/ready").then((r) => r.ok, () => false);
      if (up) return;
      assert(i < 500, "the server never became ready");
      await new Promise((r) => setTimeout(r, 20));
    }
  }

  /** Runs a command of the binary on the server's data. */
  async run(...args) {
    return (await promisify(execFile)(binary, [...args, "--data", this.data])).stdout;
  }

  async stop(signal = "SIGTERM") {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.removeAllListeners("exit");
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill(signal);
    await ended;
  }

  log() {
    return readFileSync(path.join(this.dir, "log"), "utf8");
  }

  async close() {
    await this.stop();
    const log = this.log();
    rmSync(this.dir, { recursive: true, force: true });
    for (const s of secrets) assert(!log.includes(s), "S9: the server's log holds a secret");
    assert(!/level=ERROR|^panic:/m.test(log), "the server logged an error:\n" + log.slice(-2000));
  }
}

/** A mail server that takes everything: its port, and the mails. */
export async function startMail() {
  const mails = [];
  const server = createServer((socket) => {
    let data;
    socket.write("220 mail.test\r\n");
    createInterface({ input: socket }).on("line", (line) => {
      if (data) {
        if (line !== ".") return data.push(line);
        mails.push(data.join("\n").replaceAll("=\n", "").replaceAll("=3D", "="));
        data = undefined;
      } else if (/^DATA/i.test(line)) {
        data = [];
        return socket.write("354 go on\r\n");
      } else if (/^QUIT/i.test(line)) return socket.end("221 bye\r\n");
      socket.write("250 OK\r\n");
    });
    socket.on("error", () => undefined);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { port: server.address().port, mails, close: () => server.close() };
}

export async function openBrowser() {
  return chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
}

/** A browser of its own, that fails the test at errors of scripts and refusals of the policy. */
export async function newPage(browser, server, options = {}) {
  const context = await browser.newContext({ baseURL: server.console, viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await watchLines(context, page, server);
  page.problems = [];
  page.foreign = [];
  page.on("pageerror", (e) => page.problems.push(String(e)));
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of (4|5)\d\d|net::ERR_(CONNECTION_|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/.test(m.text())) page.problems.push(m.text());
  });
  page.on("request", (r) => {
    const origin = new URL(r.url()).origin;
    if (r.url().startsWith("http") && origin !== server.console && origin !== server.endpoint) page.foreign.push(r.url());
    for (const s of secrets) if (r.url().includes(s)) page.problems.push("a secret is in the address " + r.url());
  });
  return page;
}

/** Ends a page: what it did wrong on the way fails the test. */
export async function endPage(page) {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  for (const s of secrets) assert(!stored.includes(s), "a secret is in the storage of the browser");
  await page.context().close();
  assert.deepEqual([...page.unsaid], [], "calls that change something, without their line of aws-cli on the page");
  assert.deepEqual(page.problems, [], "errors in the page");
  assert.deepEqual(page.foreign, [], "requests to third parties");
}

/** Ends a walk. Whatever its page did wrong, the browser and the server end, so that the run does. */
export async function finish(server, browser, page) {
  try {
    if (page) await endPage(page);
  } finally {
    await browser?.close();
    await server.close();
  }
}

export async function signIn(page, key) {
  await page.goto("/");
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor();
  const radio = page.getByRole("radio", { name: "Access key" });
  if (await radio.count()) await radio.check();
  await page.getByLabel("Access key ID").fill(key.id);
  await page.getByLabel("Secret access key").fill(key.secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: /^Storage/ }).waitFor();
}

/** Presses Tab until the element that has the focus is the one. */
export async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true });
  await wanted.first().waitFor();
  for (let i = 0; i < 60; i++) {
    if (await wanted.evaluateAll((all) => all.includes(document.activeElement))) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`no Tab reaches the ${role} ${name}`);
}

/** Fails when axe finds a violation on the page as it is now. */
export async function axe(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300)) }));
  });
  assert.deepEqual(found, [], "axe: " + what);
}

/** The SDK of the console, in this process, for what a test sets up. */
export async function sdk(server) {
  const { LightsailClient, ...lightsail } = await import("@aws-sdk/client-lightsail");
  const { S3Client, ...s3 } = await import("@aws-sdk/client-s3");
  const { IAMClient, ...iam } = await import("@aws-sdk/client-iam");
  const credentials = (key) => ({ accessKeyId: key.id, secretAccessKey: key.secret });
  const common = { endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1 };
  return {
    lightsail: (name, input, key = server.root) => new LightsailClient({ ...common, credentials: credentials(key) }).send(new lightsail[name + "Command"](input)),
    iam: (name, input, key = server.root) => new IAMClient({ ...common, credentials: credentials(key) }).send(new iam[name + "Command"](input)),
    s3: (name, input, key = server.root) => new S3Client({ ...common, forcePathStyle: true, credentials: credentials(key) }).send(new s3[name + "Command"](input)),
  };
}

/** What an API of JSON answers, for what the SDK has no client for. */
export async function json(server, service, target, input, key = server.root) {
  const url = new URL(server.endpoint);
  const body = JSON.stringify(input);
  const signer = new SignatureV4({ service, region: "us-east-1", sha256: Sha256Js, credentials: { accessKeyId: key.id, secretAccessKey: key.secret } });
  const request = { method: "POST", protocol: url.protocol, hostname: url.hostname, port: Number(url.port), path: "/", query: {}, body };
  const { headers } = await signer.sign({ ...request, headers: { host: url.host, "content-type": "application/x-amz-json-1.1", "x-amz-target": target } });
  delete headers.host; // fetch has its own
  return (await fetch(url, { method: "POST", headers, body })).json();
}

/**
 * Steps of one walk: once one has failed, the others fail at once, as they go on
 * from where it stood. With KEYHAVEN_SHOTS a picture of the failure is kept there.
 */
export function walk(test, pageOf) {
  let broken;
  return (name, fn) =>
    test(name, async () => {
      assert(!broken, `after the failure of "${broken}"`);
      try {
        await fn();
      } catch (err) {
        broken = name;
        if (process.env.KEYHAVEN_SHOTS) await pageOf()?.screenshot({ path: path.join(process.env.KEYHAVEN_SHOTS, "failure.png") }).catch(() => undefined);
        throw err;
      }
    });
}
