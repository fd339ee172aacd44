import { Sha256Js } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import { config, credentials } from "../session";

/** What an API of JSON answered instead of what was asked for. */
export class APIError extends Error {
  readonly $metadata: { requestId: string };

  constructor(name: string, message: string, requestId: string) {
    super(message);
    this.name = name;
    this.$metadata = { requestId };
  }
}

/** Calls an operation of an API of JSON 1.1 that the SDK has no client for. */
export async function json<T>(service: string, target: string, region: string, input: object): Promise<T> {
  const url = new URL(config().endpoint);
  const body = JSON.stringify(input);
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256Js });
  const request = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port ? Number(url.port) : undefined,
    path: "/",
    query: {},
    headers: { host: url.host, "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body,
  });
  const { host: _, ...headers } = request.headers; // the browser's own
  const res = await fetch(url, { method: "POST", headers, body });
  const out = JSON.parse((await res.text()) || "{}") as { __type?: string; message?: string };
  if (!res.ok) throw new APIError(out.__type ?? "Error", out.message ?? res.statusText, res.headers.get("x-amzn-requestid") ?? "");
  return out as T;
}
