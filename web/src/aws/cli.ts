import { config } from "../session";

/** One call of an API, as an action of a page makes it. */
export interface Call {
  service: "lightsail" | "s3" | "iam" | "sts" | "keyhaven" | "cloudtrail";
  name: string;
  region?: string;
  input: object;
}

const kebab = (s: string) => s.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2").toLowerCase();

export function quote(s: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", `'\\''`)}'`;
}

function flag(name: string, value: unknown): string[] {
  const option = "--" + kebab(name);
  if (value === undefined) return [];
  if (typeof value === "boolean") return [value ? option : "--no-" + kebab(name)];
  if (value instanceof Date) return [option, value.toISOString()];
  if (Array.isArray(value) && value.every((v) => typeof v === "string")) return [option, ...value.map(quote)];
  if (typeof value === "object") return [option, quote(JSON.stringify(value))];
  return [option, quote(String(value))];
}

/** The line of aws-cli that makes the same call. */
export function cliLine(call: Call): string {
  const c = config();
  const words = ["aws", "--endpoint-url", quote(c.endpoint), "--region", quote(call.region ?? c.region)];
  words.push(call.service === "s3" ? "s3api" : call.service, kebab(call.name));
  for (const [name, value] of Object.entries(call.input)) words.push(...flag(name, value));
  return words.join(" ");
}
