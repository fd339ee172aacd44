// Every action shows the line of aws-cli that does the same: this watches that it
// stands on the page when the person acts, or the page calls.

/** Collects in page.unsaid the calls that change something and whose line the page does not show. */
export async function watchLines(context, page, server) {
  page.unsaid = new Set();
  await context.exposeFunction("keyhavenUnsaid", (name) => page.unsaid.add(name));
  await context.addInitScript(watch, server.endpoint);
}

/** Runs in the page, before its own scripts. */
function watch(endpoint) {
  const kebab = (s) => s.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2").toLowerCase();
  const verbs = { PUT: "Put", POST: "Post", DELETE: "Delete" };
  const parts = {
    tagging: "Tagging",
    acl: "Acl",
    versioning: "Versioning",
    cors: "Cors",
    policy: "Policy",
    logging: "Logging",
    encryption: "Encryption",
    lifecycle: "Lifecycle",
    retention: "Retention",
    "legal-hold": "LegalHold",
  };
  /** The operation of S3 that a request is for. */
  const s3 = (method, url) => {
    const q = url.searchParams;
    if (q.has("uploadId") || q.has("uploads")) return "Upload"; // in parts
    if (q.has("delete")) return "DeleteObjects";
    if (q.has("object-lock")) return "PutObjectLockConfiguration";
    const part = Object.keys(parts).find((k) => q.has(k));
    const noun = url.pathname.split("/").filter(Boolean).length > 1 ? "Object" : "Bucket";
    if (part) return verbs[method] + noun + parts[part];
    return q.get("x-id") ?? verbs[method] + noun;
  };
  // The commands of aws s3 do several things, and so do their lines.
  const high = { Upload: "s3 cp|s3 sync", PutObject: "s3 cp|s3 sync", CopyObject: "s3 cp|s3 mv|s3 sync", DeleteObject: "s3 rm|s3 mv", DeleteObjects: "s3 rm|s3 mv|delete-object" };
  const lines = () => [...document.querySelectorAll("pre")].map((p) => p.textContent).filter((l) => l.includes("aws "));
  // What stood there when the person acted: the prompt may have closed since.
  let acted = [];
  for (const gesture of ["click", "keydown", "drop"]) addEventListener(gesture, () => (acted = lines()), true);
  const bodies = new WeakMap();
  window.Request = class extends Request {
    constructor(input, init) {
      super(input, init);
      bodies.set(this, init?.body);
    }
  };
  const ask = window.fetch;
  window.fetch = (input, init) => {
    const url = new URL(input.url ?? input, location.href);
    const method = input.method ?? init?.method ?? "GET";
    if (url.origin === endpoint && method in verbs) {
      const body = bodies.get(input) ?? init?.body;
      const target = new Headers(input.headers ?? init?.headers).get("x-amz-target");
      const action = /(?:^|&)Action=(\w+)/.exec(body instanceof Uint8Array ? new TextDecoder().decode(body.subarray(0, 4096)) : typeof body === "string" ? body : "");
      const name = target?.split(".").pop() || (url.pathname === "/" && action?.[1]) || s3(method, url);
      const said = [...acted, ...lines()];
      const shown = [kebab(name), ...(high[name]?.split("|") ?? [])].some((word) => said.some((l) => l.includes(word)));
      if (!shown && !/^(Get|List|Lookup|Simulate)/.test(name)) void window.keyhavenUnsaid(`${name} on ${location.pathname}`);
    }
    return ask(input, init);
  };
}
