// Pictures of the pages for docs/console: node e2e/shots.mjs DIR
import { mkdirSync } from "node:fs";
import path from "node:path";
import { json, newPage, openBrowser, sdk, Server, signIn } from "./harness.mjs";

const dir = process.argv[2];
mkdirSync(dir, { recursive: true });
const server = new Server();
await server.start();
const browser = await openBrowser();
const api = await sdk(server);
for (const [bucketName, tags] of [["photos", [{ key: "team", value: "web" }]], ["backups", [{ key: "team", value: "ops" }]], ["site-assets", []]]) {
  await api.lightsail("CreateBucket", { bucketName, bundleId: "small_1_0", tags });
}
await api.lightsail("UpdateBucket", { bucketName: "photos", versioning: "Enabled" });
const { accessKey } = await api.lightsail("CreateBucketAccessKey", { bucketName: "photos" });
const key = { id: accessKey.accessKeyId, secret: accessKey.secretAccessKey };
for (const Key of ["albums/alps/1.jpg", "albums/coast/2.jpg", "reports/2026.pdf", "readme.txt", "logo.svg"]) {
  await api.s3("PutObject", { Bucket: "photos", Key, Body: "x".repeat(20000), ContentType: "text/plain", Tagging: "project=apollo" }, key);
}
const { IAMClient, CreateGroupCommand, CreateRoleCommand, CreateUserCommand } = await import("@aws-sdk/client-iam");
const iam = new IAMClient({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: server.root.id, secretAccessKey: server.root.secret } });
for (const UserName of ["bob", "carla"]) await iam.send(new CreateUserCommand({ UserName }));

await iam.send(new CreateRoleCommand({ RoleName: "deploy", AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }] }) }));
await api.iam("CreateOpenIDConnectProvider", { Url: "https://id.example.com", ClientIDList: ["haven"] });
await iam.send(new CreateGroupCommand({ GroupName: "editors" }));
await api.lightsail("PutAlarm", { alarmName: "nearly-full", metricName: "BucketSizeBytes", monitoredResourceName: "photos", comparisonOperator: "GreaterThanOrEqualToThreshold", threshold: 4e9, evaluationPeriods: 3 });
await server.run("instance", "register", "web-1");
await server.run("account", "create", "team blue");
await json(server, "keyhaven", "Keyhaven_20261201.CreateAccount", { name: "customer 7" });
await api.lightsail("SetResourceAccessForBucket", { bucketName: "photos", resourceName: "web-1", access: "allow" });

const wide = { width: 1180, height: 760 };
const phone = { width: 390, height: 780 };
const shapes = {
  wide: { viewport: wide },
  dark: { viewport: wide, colorScheme: "dark" },
  phone: { viewport: phone },
  "phone-dark": { viewport: phone, colorScheme: "dark" },
};
const pages = {
  storage: "/storage",
  create: "/storage/create",
  objects: "/storage/photos/objects",
  permissions: "/storage/photos/permissions",
  metrics: "/storage/photos/metrics",
  versioning: "/storage/photos/versioning",
  tags: "/storage/photos/tags",
  cors: "/storage/photos/cors",
  lifecycle: "/storage/photos/lifecycle",
  policy: "/storage/photos/policy",
  logging: "/storage/photos/logging",
  encryption: "/storage/photos/encryption",
  lock: "/storage/photos/lock",
  users: "/iam/users",
  user: "/iam/user/bob",
  "create-user": "/iam/users/create",
  groups: "/iam/groups",
  roles: "/iam/roles",
  role: "/iam/role/deploy",
  policies: "/iam/policies",
  providers: "/iam/providers",
  decisions: "/iam/decisions",
  audit: "/audit",
  account: "/account",
  accounts: "/accounts",
};

/** The prompts that show something once, or live. */
async function prompts(page, shot) {
  const dialog = page.getByRole("dialog");
  await page.goto("/storage/photos/permissions");
  await page.getByRole("button", { name: "Create access key" }).click();
  await page.getByRole("button", { name: "Yes, create" }).click();
  await page.getByRole("button", { name: "Continue" }).waitFor();
  await shot("new-key");
  const id = (await dialog.locator("pre").first().textContent()).trim();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Rotate" }).click();
  await dialog.getByText("The old key falls silent").waitFor();
  await api.s3("GetObject", { Bucket: "photos", Key: "readme.txt" }, key);
  await dialog.getByText(/Something still used it/).waitFor();
  await dialog.getByText(/^Last used by/).waitFor();
  await shot("rotation");
  await api.lightsail("DeleteBucketAccessKey", { bucketName: "photos", accessKeyId: id });
  await page.goto("/account");
  await page.getByRole("button", { name: "Assign MFA device" }).click();
  await dialog.getByRole("button", { name: "Next" }).click();
  const code = dialog.getByRole("img", { name: "QR code of the device's secret key" });
  await code.waitFor();
  await shot("mfa", [code]); // no secret in a picture, of a test's device neither
  await dialog.getByRole("button", { name: "Cancel" }).click();
}

for (const [shape, options] of Object.entries(shapes)) {
  const page = await newPage(browser, server, options);
  const shot = async (name, mask) => page.screenshot({ path: path.join(dir, `${name}-${shape}.jpg`), type: "jpeg", quality: 40, mask, maskColor: "#888" });
  await page.goto("/");
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor();
  await shot("sign-in");
  await signIn(page, server.root);
  for (const [name, address] of Object.entries(pages)) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForLoadState("networkidle");
    if (name === "objects" && !shape.startsWith("phone")) {
      await page.getByRole("checkbox", { name: "Choose readme.txt" }).click();
      await page.getByText("s3://photos/readme.txt").waitFor();
      await page.waitForLoadState("networkidle");
    }
    await shot(name);
  }
  if (!shape.startsWith("phone")) await prompts(page, shot);
  await page.context().close();
}
await server.close();

const sso = new Server("--oidc-issuer", "https://id.example.com", "--oidc-client-id", "haven", "--oidc-name", "Acme ID", "--oidc-roles", "console-ops");
await sso.start();
for (const [shape, options] of Object.entries(shapes)) {
  const page = await newPage(browser, sso, options);
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in with Acme ID" }).waitFor();
  const shot = async (name, mask) => page.screenshot({ path: path.join(dir, `${name}-${shape}.jpg`), type: "jpeg", quality: 40, mask, maskColor: "#888" });
  await shot("single-sign-on");
  await page.goto(sso.firstStart.replace(sso.console, ""));
  await page.getByRole("heading", { name: "Welcome to Keyhaven" }).waitFor();
  await shot("first-start");
  await page.evaluate(() => sessionStorage.setItem("keyhaven.tour", "1"));
  await page.goto("/");
  await page.getByRole("radio", { name: "Access key" }).check();
  await page.getByLabel("Access key ID").fill(sso.root.id);
  await page.getByLabel("Secret access key").fill(sso.root.secret);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await shot("tour");
  await page.context().close();
}
await sso.close();
await browser.close();
