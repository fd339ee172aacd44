import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { axe, finish, newPage, openBrowser, sdk, Server, signIn, walk } from "./harness.mjs";

const server = new Server();
let browser, page, api;

before(async () => {
  await server.start();
  browser = await openBrowser();
  api = await sdk(server);
  page = await newPage(browser, server);
  for (const bucketName of ["photos", "other"]) await api.lightsail("CreateBucket", { bucketName, bundleId: "small_1_0" });
  await signIn(page, server.root);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const table = () => page.getByRole("table", { name: "Objects" });
const row = (name) => table().getByRole("row").filter({ hasText: name });
const tick = async (name) => page.getByRole("checkbox", { name: "Choose " + name, exact: true }).click();
const keys = async (bucket = "photos") => ((await api.s3("ListObjectsV2", { Bucket: bucket })).Contents ?? []).map((o) => o.Key);
const text = async (key, bucket = "photos") => (await api.s3("GetObject", { Bucket: bucket, Key: key })).Body.transformToString();
const more = async (item) => {
  await page.getByRole("button", { name: "More about the object" }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
};

step("OBJ-02 upload a file by the button and by drag and drop", async () => {
  await page.goto("/storage/photos");
  await page.getByText("No objects here").waitFor();
  await axe(page, "objects, empty");
  await page.getByTestId("files").setInputFiles({ name: "hello.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
  await flash("Upload successful");
  await row("hello.txt").waitFor();
  const data = await page.evaluateHandle(() => {
    const d = new DataTransfer();
    d.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
    return d;
  });
  await page.getByTestId("drop").dispatchEvent("drop", { dataTransfer: data });
  await row("dropped.txt").waitFor();
  assert.deepEqual(await keys(), ["dropped.txt", "hello.txt"]);
  assert.equal(await text("hello.txt"), "hello");
});

step("OBJ-03 upload a directory of 500 files", async () => {
  const dir = path.join(server.dir, "pictures");
  for (let i = 0; i < 500; i++) {
    const sub = path.join(dir, `album-${i % 5}`);
    mkdirSync(sub, { recursive: true });
    writeFileSync(path.join(sub, `${i}.txt`), `picture ${i}`);
  }
  await page.getByTestId("directory").setInputFiles(dir);
  await page.getByText(/of 502 files/).first().waitFor();
  await page.getByText("502 of 502 files").first().waitFor({ timeout: 60_000 });
  await row("pictures/").waitFor();
  const all = await api.s3("ListObjectsV2", { Bucket: "photos", Prefix: "pictures/" });
  assert.equal(all.KeyCount, 500);
  assert.equal(await text("pictures/album-2/317.txt"), "picture 317");
  await page.getByRole("button", { name: "Clear finished" }).click();
});

step("OBJ-04 create a folder, and walk folders", async () => {
  await page.getByRole("button", { name: "Create new folder" }).click();
  await page.getByLabel("Folder name").fill("reports");
  await prompt("Create new folder").getByRole("button", { name: "Create folder" }).click();
  await flash("The folder reports is there.");
  assert((await keys()).includes("reports/"));
  await row("pictures/").getByRole("link").click();
  await row("album-3/").getByRole("link").click();
  await row("103.txt").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("folder"), "pictures/album-3/");
  await page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name: "pictures" }).click();
  await row("album-0/").waitFor();
});

step("OBJ-11 filter by name within the folder", async () => {
  await page.getByPlaceholder("Filter by name").fill("album-2");
  await row("album-0/").waitFor({ state: "detached" });
  await row("album-2/").waitFor();
  await page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name: "photos" }).click();
  await row("hello.txt").waitFor();
});

step("OBJ-09 tick an object and see its details; several give their size", async () => {
  await tick("hello.txt");
  await page.getByText("s3://photos/hello.txt").waitFor();
  await page.getByText("text/plain").first().waitFor();
  await axe(page, "the object information pane");
  await tick("dropped.txt");
  await page.getByText("2 chosen, 12 B together").waitFor();
  await tick("dropped.txt");
});

step("OBJ-12 download, preview and share", async () => {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download", exact: true }).click()]);
  assert.equal(download.suggestedFilename(), "hello.txt");
  assert.equal(await readFile(await download.path(), "utf8"), "hello");
  await more("Preview");
  assert.equal(await page.getByTestId("text").textContent(), "hello");
  await page.keyboard.press("Escape");
  await more("Share by link");
  await page.getByRole("button", { name: "Make the link" }).click();
  const url = (await prompt("Share by link").locator("pre").first().textContent()).trim();
  assert.equal(await (await fetch(url)).text(), "hello");
  await axe(page, "share");
  await page.keyboard.press("Escape");
});

step("OBJ-12 download a folder as a .zip", async () => {
  // Without the dialog of the browser's own, which no test can answer.
  await page.evaluate(() => delete window.showSaveFilePicker);
  await tick("hello.txt");
  await tick("pictures/");
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 90_000 }), page.getByRole("button", { name: "Download as .zip" }).click()]);
  assert.equal(download.suggestedFilename(), "pictures.zip");
  const zip = await readFile(await download.path());
  // The end record of a zip counts its entries; names stand in it as they are.
  assert.equal(zip.readUInt32LE(zip.length - 22), 0x06054b50);
  assert.equal(zip.readUInt16LE(zip.length - 12), 500);
  assert(zip.includes("pictures/album-2/317.txt") && zip.includes("picture 317"));
  await tick("pictures/");
  await tick("hello.txt");
});

step("OBJ-21 object tags: add, edit, delete", async () => {
  await page.getByRole("button", { name: "Add: Object tags" }).click();
  await page.getByRole("button", { name: "Add a pair" }).click();
  await page.getByLabel("Key 1").fill("project");
  await page.getByLabel("Value 1").fill("apollo");
  await axe(page, "object tags");
  await prompt("Object tags").getByRole("button", { name: "Save" }).click();
  await flash("The tags are saved.");
  const tags = async () => (await api.s3("GetObjectTagging", { Bucket: "photos", Key: "hello.txt" })).TagSet;
  assert.deepEqual(await tags(), [{ Key: "project", Value: "apollo" }]);
  await page.getByRole("button", { name: "Edit: Object tags" }).click();
  await page.getByRole("button", { name: "Remove project" }).click();
  await prompt("Object tags").getByRole("button", { name: "Save" }).click();
  await prompt("Object tags").waitFor({ state: "detached" });
  assert.deepEqual(await tags(), []);
});

step("metadata: the content type and pairs of one's own", async () => {
  await page.getByRole("button", { name: "Edit: Metadata" }).click();
  await page.getByLabel("Content type").fill("text/markdown");
  await page.getByRole("button", { name: "Add a pair" }).click();
  await page.getByLabel("Key 1").fill("origin");
  await page.getByLabel("Value 1").fill("moon");
  await prompt("Metadata").getByRole("button", { name: "Save" }).click();
  await flash("The metadata is saved.");
  const head = await api.s3("HeadObject", { Bucket: "photos", Key: "hello.txt" });
  assert.equal(head.ContentType, "text/markdown");
  assert.deepEqual(head.Metadata, { origin: "moon" });
});

step("OBJ-15 copy to another bucket; move within this one", async () => {
  await tick("hello.txt");
  await more("Copy to");
  await page.getByLabel("Destination bucket").click();
  await page.getByRole("option", { name: "other" }).click();
  await page.getByLabel("Destination key").fill("copies/hello.txt");
  await prompt("Copy to").getByRole("button", { name: "Copy", exact: true }).last().click();
  await flash("Copied to s3://other/copies/hello.txt.");
  assert.equal(await text("copies/hello.txt", "other"), "hello");
  await tick("dropped.txt");
  await more("Move or rename");
  await page.getByLabel("Destination key").fill("reports/moved.txt");
  await prompt("Move or rename").getByRole("button", { name: "Move", exact: true }).click();
  await flash("Moved to s3://photos/reports/moved.txt.");
  assert.equal(await text("reports/moved.txt"), "dropped");
  assert(!(await keys()).includes("dropped.txt"));
});

step("OBJ-13 keys with dots as parts of their path are left to the API", async () => {
  for (const Key of ["odd/x", "odd/.."]) await api.s3("PutObject", { Bucket: "other", Key, Body: "x" });
  await page.goto("/storage/other/objects?folder=odd%2F");
  await row("x").waitFor();
  await tick("x");
  assert.notEqual(await page.getByRole("button", { name: "Download", exact: true }).getAttribute("aria-disabled"), "true");
  await tick("x");
  await tick("..");
  await page.getByText("s3://other/odd/..").waitFor();
  assert.equal(await page.getByRole("button", { name: "Download", exact: true }).getAttribute("aria-disabled"), "true");
  assert.equal(await text("odd/..", "other"), "x");
});

step("PERM-08 one object's permission cannot be edited in a private bucket", async () => {
  await page.goto("/storage/photos/objects");
  await row("hello.txt").waitFor();
  await tick("hello.txt");
  assert.equal(await page.getByRole("button", { name: "Edit: Permission" }).getAttribute("aria-disabled"), "true");
});

step("PERM-04 change the bucket's permission with Save and Yes, save", async () => {
  await page.getByRole("tab", { name: "Permissions", exact: true }).click();
  await page.getByRole("button", { name: "Change permission" }).click();
  await page.getByRole("radio", { name: "Individual objects can be made public (read-only)" }).click();
  await axe(page, "choice of the permission");
  await page.getByRole("button", { name: "Save" }).click();
  await prompt("Change bucket access permission?").getByRole("button", { name: "Yes, save" }).click();
  await flash("The permission is now: Individual objects can be made public (read-only).");
  const { buckets } = await api.lightsail("GetBuckets", { bucketName: "photos" });
  assert.deepEqual(buckets[0].accessRules, { getObject: "private", allowPublicOverrides: true });
});

step("PERM-07 make one object public, and private again", async () => {
  await page.getByRole("tab", { name: "Objects", exact: true }).click();
  await tick("hello.txt");
  const anonymous = async () => (await fetch(`${server.endpoint}/photos/hello.txt`)).status;
  for (const [label, status] of [["Public (read-only)", 200], ["Private", 403]]) {
    await page.getByRole("button", { name: "Edit: Permission" }).click();
    await prompt("Select a permission").getByRole("radio", { name: label }).click();
    await prompt("Select a permission").getByRole("button", { name: "Save" }).click();
    await prompt("Select a permission").waitFor({ state: "detached" });
    assert.equal(await anonymous(), status);
    await tick("hello.txt");
  }
});

step("VER-02 switch versioning on by the toggle", async () => {
  await page.getByRole("tab", { name: "Versioning", exact: true }).click();
  await axe(page, "versioning");
  await page.getByRole("switch", { name: "Versioning is off" }).or(page.getByRole("checkbox", { name: "Versioning is off" })).first().click();
  await prompt("Enable versioning?").getByRole("button", { name: "Yes, enable" }).click();
  await flash("Versioning is changed.");
  assert.equal((await api.lightsail("GetBuckets", { bucketName: "photos" })).buckets[0].objectVersioning, "Enabled");
});

step("many objects and folders are moved at once, and moved back", async () => {
  for (const Key of ["many/a/1", "many/a/2", "many/b"]) await api.s3("PutObject", { Bucket: "photos", Key, Body: Key });
  await page.goto("/storage/photos/objects?folder=many%2F");
  await page.getByRole("checkbox", { name: "Choose a/" }).click();
  await page.getByRole("checkbox", { name: "Choose b", exact: true }).click();
  await page.getByRole("button", { name: "Copy or move" }).click();
  const form = prompt("Copy or move");
  await form.getByLabel("Destination folder").fill("many/a/");
  await form.getByText("It must end with a slash").waitFor();
  assert(await form.getByRole("button", { name: "Move", exact: true }).last().isDisabled());
  await form.getByLabel("Destination folder").fill("gone/");
  await axe(page, "a move of many");
  await form.getByRole("button", { name: "Move", exact: true }).last().click();
  await flash("3 objects are moved to s3://photos/gone/.");
  const now = async () => (await keys()).filter((k) => k.startsWith("many/") || k.startsWith("gone/"));
  assert.deepEqual(await now(), ["gone/a/1", "gone/a/2", "gone/b"]);
  assert.equal(await text("gone/a/2"), "many/a/2");
  await page.getByRole("button", { name: "Undo" }).click();
  await flash("3 objects are back where they were.");
  assert.deepEqual(await now(), ["many/a/1", "many/a/2", "many/b"]);
  await page.goto("/storage/photos/versioning");
});

step("VER-08 restore a version", async () => {
  await api.s3("PutObject", { Bucket: "photos", Key: "hello.txt", Body: "second", ContentType: "text/plain" });
  await page.getByRole("tab", { name: "Objects", exact: true }).click();
  await tick("hello.txt");
  await page.getByRole("button", { name: "Manage: Versions" }).click();
  await page.getByRole("checkbox", { name: "Choose version null" }).click();
  await axe(page, "versions");
  await prompt("Versions of hello.txt").getByRole("button", { name: "Restore" }).click();
  await prompt("Restore").getByRole("button", { name: "Continue" }).click();
  await prompt("Restore this version?").getByRole("button", { name: "Yes, restore" }).click();
  await flash("The version is restored.");
  assert.equal(await text("hello.txt"), "hello");
});

step("VER-10 delete selected versions", async () => {
  const dialog = prompt("Versions of hello.txt");
  if (!(await dialog.isVisible())) {
    await tick("hello.txt");
    await page.getByRole("button", { name: "Manage: Versions" }).click();
  }
  await page.getByRole("checkbox", { name: "Choose version null" }).click();
  await dialog.getByRole("button", { name: "Delete selected" }).click();
  await prompt("Delete versions?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("One version is deleted.");
  const { Versions } = await api.s3("ListObjectVersions", { Bucket: "photos", Prefix: "hello.txt" });
  assert.equal(Versions.length, 2);
  assert(Versions.every((v) => v.VersionId !== "null"));
});

step("OBJ-18 delete an object, and undo it by its versions; delete a folder for ever", async () => {
  await page.goto("/storage/photos/objects");
  await tick("hello.txt");
  await more("Delete");
  await axe(page, "the prompt before objects are deleted");
  await prompt("Delete?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("Deleted: hello.txt.");
  await row("hello.txt").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await flash("Brought back: hello.txt.");
  assert.equal(await text("hello.txt"), "hello");
  await tick("pictures/");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await prompt("Delete?").getByRole("checkbox", { name: "Delete all stored versions too" }).click();
  await prompt("Delete?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("Deleted: pictures/.");
  const left = await api.s3("ListObjectVersions", { Bucket: "photos", Prefix: "pictures/" });
  assert.equal((left.Versions ?? []).length + (left.DeleteMarkers ?? []).length, 0);
});

step("S10 what somebody uploads runs nowhere near the console's session", async () => {
  const evil = `<!doctype html><title>evil</title><script>
    const opts = { method: "POST", credentials: "include", headers: { "Content-Type": "application/json" }, body: "{}" };
    fetch("${server.console}/console/credentials", opts).then((r) => r.text(), (e) => "refused " + e.name).then((t) => {
      document.title = document.cookie + "|" + t;
    });
  </script>`;
  for (const [key, type] of [["evil.html", "text/html"], ["evil.svg", "image/svg+xml"]]) {
    await api.s3("PutObject", { Bucket: "photos", Key: key, Body: key.endsWith("svg") ? `<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="svg ran"</script></svg>` : evil, ContentType: type });
  }
  await page.goto("/storage/photos/objects");
  await tick("evil.html");
  await more("Preview");
  assert((await page.getByTestId("text").textContent()).includes("<script>"), "HTML is shown as text");
  await page.keyboard.press("Escape");
  await tick("evil.html");
  await tick("evil.svg");
  await more("Preview");
  await page.getByRole("img", { name: "evil.svg" }).waitFor();
  assert.equal(await page.title(), "Keyhaven");
  await page.keyboard.press("Escape");
  // Opened by its own address, in the same browser, with the session's cookie there.
  await api.lightsail("UpdateBucket", { bucketName: "photos", accessRules: { getObject: "public", allowPublicOverrides: false } });
  const other = await page.context().newPage();
  await other.goto(`${server.endpoint}/photos/evil.html`);
  await other.waitForFunction(() => document.title !== "evil");
  assert.equal(await other.title(), "|refused TypeError");
  await other.close();
});

step("OBJ-05 a file of 300 MB goes up in parts, and survives a restart of the server and of the page", async () => {
  const file = path.join(server.dir, "large.bin");
  const fd = openSync(file, "w");
  const block = randomBytes(1 << 20);
  for (let i = 0; i < 300; i++) {
    block.writeUInt32BE(i);
    writeSync(fd, block);
  }
  await page.goto("/storage/photos/objects");
  await row("hello.txt").waitFor();
  await page.getByTestId("files").setInputFiles(file);
  const bar = page.getByRole("group", { name: "large.bin" });
  await bar.getByText(/^[1-9]\d?%$/).waitFor();
  await server.stop("SIGKILL");
  await server.start();
  await bar.getByText(/^[3-9]\d%$/).waitFor();
  await bar.getByRole("button", { name: "Pause large.bin" }).click();
  await bar.getByText("Paused").waitFor();
  await axe(page, "a paused upload");
  await page.reload();
  await bar.getByText("Interrupted when the page was closed").waitFor();
  const { Uploads } = await api.s3("ListMultipartUploads", { Bucket: "photos" });
  assert.equal(Uploads.length, 1);
  const before = (await api.s3("ListParts", { Bucket: "photos", Key: "large.bin", UploadId: Uploads[0].UploadId })).Parts.length;
  assert(before > 5, "parts from before the reload are kept");
  await bar.getByLabel("Choose the file again: large.bin").first().setInputFiles(file);
  await flash("Upload successful");
  await row("large.bin").waitFor();
  const head = await api.s3("HeadObject", { Bucket: "photos", Key: "large.bin", ChecksumMode: "ENABLED" });
  assert.equal(head.ContentLength, 300 << 20);
  assert(head.ChecksumCRC32, "the object has a checksum");
  const part = await api.s3("GetObject", { Bucket: "photos", Key: "large.bin", Range: "bytes=209715200-209715203" });
  assert.equal(Buffer.from(await part.Body.transformToByteArray()).readUInt32BE(), 200);
});
