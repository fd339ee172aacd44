import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { axe, endPage, finish, newPage, openBrowser, remember, Server, walk } from "./harness.mjs";

const server = new Server();
let browser, page;

before(async () => {
  await server.start();
  browser = await openBrowser();
  page = await newPage(browser, server);
});

after(() => finish(server, browser, page));

const step = walk(test, () => page);
const prompt = (name) => page.getByRole("dialog", { name });
const flash = (text) => page.getByText(text).first().waitFor();
const password = "Correct-horse-1";
remember(password);

/** An authenticator app (RFC 6238) whose clock is ten minutes behind at first, so that no test waits for the next code. */
class Phone {
  constructor(seed) {
    remember(seed);
    let bits = "";
    for (const c of seed) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0");
    this.key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
    this.drift = -20; // in time steps
    this.step = 0; // of the last code
  }

  now() {
    return Math.floor(Date.now() / 30_000);
  }

  /** The code of its present, or the next when that was shown. */
  code() {
    this.step = Math.max(this.step + 1, this.now() + this.drift);
    return this.show();
  }

  /** Two codes in a row, by which the server learns how far the clock is off. */
  pair() {
    const first = this.code();
    this.step++;
    this.drift = this.step - this.now();
    return [first, this.show()];
  }

  show() {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.step));
    const mac = createHmac("sha1", this.key).update(counter).digest();
    return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
  }
}

async function iam(name, input) {
  const { IAMClient, ...all } = await import("@aws-sdk/client-iam");
  const c = new IAMClient({ endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: server.root.id, secretAccessKey: server.root.secret } });
  return c.send(new all[name + "Command"](input));
}

/** Assigns a device on the page as it is, and returns the app. */
async function assign(name) {
  await page.getByRole("button", { name: "Assign MFA device" }).click();
  assert.equal(await prompt("Assign MFA device").getByLabel("Device name").inputValue(), name);
  await prompt("Assign MFA device").getByRole("button", { name: "Next" }).click();
  const dialog = prompt("Set up the app");
  const picture = dialog.getByRole("img", { name: "QR code of the device's secret key" });
  await picture.waitFor();
  assert.equal(await picture.evaluate((i) => i.decode().then(() => i.naturalWidth)), 298);
  await dialog.getByRole("button", { name: "Show secret key" }).click();
  const phone = new Phone((await dialog.locator("pre").first().textContent()).trim());
  await dialog.getByRole("button", { name: "Hide secret key" }).click();
  await axe(page, "set up the app");
  await dialog.getByLabel("MFA code 1").fill(phone.code());
  await dialog.getByLabel("MFA code 2").fill("12345");
  assert(await dialog.getByRole("button", { name: "Assign MFA device" }).isDisabled());
  const wrong = phone.code() === "000000" ? "111111" : "000000";
  await dialog.getByLabel("MFA code 2").fill(wrong);
  await dialog.getByRole("button", { name: "Assign MFA device" }).click();
  await dialog.getByText("Authentication code for device is not valid.").waitFor();
  const [first, second] = phone.pair();
  await dialog.getByLabel("MFA code 1").fill(first);
  await dialog.getByLabel("MFA code 2").fill(second);
  await dialog.getByRole("button", { name: "Assign MFA device" }).click();
  await flash(`The device ${name} is assigned.`);
  await page.getByRole("table", { name: "MFA devices" }).getByText(`mfa/${name}`).waitFor();
  return phone;
}

let root;

step("the root assigns a device to itself", async () => {
  await page.goto(server.firstStart.replace(server.console, ""));
  await page.getByLabel("Password of the root").fill(password);
  await page.getByLabel("The same password again").fill(password);
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  await page.getByRole("heading", { name: "Three steps to your first file" }).waitFor();
  await page.goto("/account");
  await page.getByText("No MFA devices").waitFor();
  root = await assign("root-account-mfa-device");
  await axe(page, "account with a device");
  assert.equal((await iam("GetAccountSummary", {})).SummaryMap.AccountMFAEnabled, 1);
});

step("the sign-in asks the root for the code, and takes each once", async () => {
  await page.getByRole("button", { name: /Signed-in person/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor(); // the account page has passwords too
  await page.getByLabel("Password").fill("Wrong-horse-1");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("do not belong together").waitFor();
  assert.equal(await page.getByLabel("MFA code").count(), 0, "a wrong password learns that there is a device");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("MFA code").waitFor();
  await axe(page, "sign-in with a device");
  await page.getByLabel("MFA code").fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The code is not the one that your MFA device shows now").waitFor();
  const code = root.code();
  await page.getByLabel("MFA code").fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: /^Storage/ }).waitFor();

  const other = await newPage(browser, server);
  await other.goto("/");
  await other.getByRole("radio", { name: "Access key" }).click();
  await other.getByLabel("Access key ID").fill(server.root.id);
  await other.getByLabel("Secret access key").fill(server.root.secret);
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByLabel("MFA code").fill(code);
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByText("has been used").waitFor();
  await endPage(other);
});

step("a user's device: assigned by an administrator, asked for at the sign-in, wanted by a policy", async () => {
  await iam("CreateUser", { UserName: "bob" });
  await iam("CreateLoginProfile", { UserName: "bob", Password: password });
  const statement = { Effect: "Allow", Action: ["iam:ListUsers", "iam:ListMFADevices"], Resource: "*", Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } };
  await iam("PutUserPolicy", { UserName: "bob", PolicyName: "p", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) });
  await page.goto("/iam/user/bob");
  await page.getByRole("tab", { name: "Security credentials" }).click();
  const phone = await assign("bob");
  await axe(page, "security credentials with a device");

  const bob = await newPage(browser, server);
  await bob.goto("/");
  await bob.getByRole("radio", { name: "IAM user" }).click();
  await bob.getByLabel("User name").fill("bob");
  await bob.getByLabel("Password").fill(password);
  await bob.getByRole("button", { name: "Sign in" }).click();
  await bob.getByLabel("MFA code").fill(phone.code());
  await bob.getByRole("button", { name: "Sign in" }).click();
  await bob.getByRole("button", { name: "Signed-in person: bob" }).waitFor();
  await bob.goto("/iam/users");
  await bob.getByRole("link", { name: "bob" }).waitFor();
  await bob.goto("/account");
  await bob.getByRole("table", { name: "MFA devices" }).getByText("mfa/bob").waitFor();
  await endPage(bob);
});

step("a device that was not set up leaves nothing behind; one that is removed is asked for no more", async () => {
  await page.goto("/iam/user/bob");
  await page.getByRole("tab", { name: "Security credentials" }).click();
  await page.getByRole("button", { name: "Assign MFA device" }).click();
  await prompt("Assign MFA device").getByLabel("Device name").fill("second");
  await prompt("Assign MFA device").getByRole("button", { name: "Next" }).click();
  const gone = page.waitForResponse((r) => r.request().postData()?.includes("Action=DeleteVirtualMFADevice") ?? false);
  await prompt("Set up the app").getByRole("button", { name: "Cancel" }).click();
  assert.equal((await gone).status(), 200);
  await page.getByRole("button", { name: "Remove bob" }).click();
  await prompt("Remove MFA device?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The device bob is removed.");
  assert.deepEqual((await iam("ListVirtualMFADevices", {})).VirtualMFADevices.map((d) => d.SerialNumber.split("/").at(-1)), ["root-account-mfa-device"]);
  await page.goto("/account");
  await page.getByRole("button", { name: "Remove root-account-mfa-device" }).click();
  await prompt("Remove MFA device?").getByRole("button", { name: "Yes, delete" }).click();
  await flash("The device root-account-mfa-device is removed.");
  await page.getByRole("button", { name: /Signed-in person/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Keyhaven" }).waitFor(); // the account page has passwords too
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: /^Storage/ }).waitFor();
});
