// An OpenID Connect provider for the walks, over https on a loopback address.
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { remember } from "./harness.mjs";

const base64 = (v) => Buffer.from(v).toString("base64url");

/** Starts a provider; its certificate is made by the binary. Authority is the file that vouches for it. */
export async function startIdentityProvider(binary) {
  const dir = mkdtempSync(path.join(tmpdir(), "keyhaven-idp-"));
  execFileSync(binary, ["tls", "dev", "--dir", dir]);
  const read = (name) => readFileSync(path.join(dir, name));
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const idp = { secret: randomBytes(16).toString("hex"), authority: path.join(dir, "ca.pem"), person: {}, codes: new Map() };
  remember(idp.secret);

  const token = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    const head = base64(JSON.stringify({ alg: "RS256", kid: "1" })) + "." + base64(JSON.stringify({ iss: idp.url, iat: now, exp: now + 60, ...claims }));
    const whole = head + "." + base64(sign("sha256", Buffer.from(head), privateKey));
    remember(whole);
    return whole;
  };
  const json = (res, doc, status = 200) => res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(doc));
  const back = (res, asked, answer) => {
    const to = new URL(asked.get("redirect_uri"));
    for (const [k, v] of Object.entries({ state: asked.get("state"), ...answer })) to.searchParams.set(k, v);
    res.writeHead(302, { Location: to.href }).end();
  };
  const exchange = (req, res, body) => {
    const form = new URLSearchParams(body);
    const asked = idp.codes.get(form.get("code"));
    idp.codes.delete(form.get("code"));
    const basic = "Basic " + Buffer.from(`${asked?.get("client_id")}:${idp.secret}`).toString("base64");
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (!asked || req.headers.authorization !== basic || challenge !== asked.get("code_challenge") || form.get("redirect_uri") !== asked.get("redirect_uri")) {
      return json(res, { error: "invalid_grant" }, 400);
    }
    json(res, { access_token: "none", token_type: "Bearer", id_token: token({ aud: asked.get("client_id"), nonce: asked.get("nonce"), ...idp.person }) });
  };
  const pages = {
    "/.well-known/openid-configuration": (url, res) =>
      json(res, {
        issuer: idp.url,
        jwks_uri: idp.url + "/keys",
        authorization_endpoint: idp.url + "/authorize",
        token_endpoint: idp.url + "/token",
        id_token_signing_alg_values_supported: ["RS256"],
      }),
    "/keys": (url, res) => json(res, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", use: "sig", alg: "RS256" }] }),
    "/authorize": (url, res) =>
      res.writeHead(200, { "Content-Type": "text/html" }).end(`<h1>Acme ID</h1><a href="/yes?${url.searchParams}">Continue</a> <a href="/no?${url.searchParams}">Cancel</a>`),
    "/yes": (url, res) => {
      const code = randomBytes(16).toString("hex");
      idp.codes.set(code, url.searchParams);
      back(res, url.searchParams, { code });
    },
    "/no": (url, res) => back(res, url.searchParams, { error: "access_denied" }),
  };
  const server = createServer({ key: read("key.pem"), cert: read("cert.pem") }, (req, res) => {
    const url = new URL(req.url, idp.url);
    if (url.pathname === "/token") {
      let body = "";
      req.on("data", (chunk) => (body += chunk)).on("end", () => exchange(req, res, body));
    } else if (pages[url.pathname]) pages[url.pathname](url, res);
    else res.writeHead(404).end();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  idp.url = `https://localhost:${server.address().port}`;
  idp.close = () => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  };
  return idp;
}
