/**
 * The console's own door: sign-in, sign-out and the temporary credentials of
 * the signed-in person. The credentials live in this module's memory only; the
 * cookie that renews them is not readable from a page.
 */
export interface Person {
  account: string;
  arn: string;
  /** root, or the name of an IAM user. */
  name: string;
  root: boolean;
  /** The root of the installation's first account, who manages the accounts. */
  owner: boolean;
  /** Of a root: whether it has a password. */
  password?: boolean;
  /** Whether this is a session of a role, whose name is the session's. */
  role: boolean;
}

export interface Settings {
  /** Address of every API. */
  endpoint: string;
  region: string;
  version: string;
  /** What the server has built, as "s3:PutObject". */
  operations: string[];
  /** Whether IAM users can sign in. */
  users: boolean;
  /** Whether the root can sign in with a password. */
  rootPassword: boolean;
  /** The name of the identity provider that people can sign in by; null for none. */
  singleSignOn: string | null;
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: string;
}

interface Answer {
  person: Person;
  credentials: Credentials;
}

export class ConsoleError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
  ) {
    super(message);
  }
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const res = await fetch(path, {
    method,
    credentials: "same-origin",
    cache: "no-store",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await res.text();
  if (!res.ok) {
    let code = "InternalError";
    let message = res.statusText;
    try {
      ({ code, message } = JSON.parse(text) as { code: string; message: string });
    } catch {
      // not our own answer: a proxy's, of which the status line says enough
    }
    throw new ConsoleError(res.status, code, message, res.headers.get("X-Request-Id") ?? "");
  }
  return (text ? JSON.parse(text) : undefined) as T;
}

let current: Answer | undefined;
let settings: Settings | undefined;
const watchers = new Set<() => void>();

function change(next: Answer | undefined): void {
  current = next;
  for (const w of watchers) w();
}

export function watch(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}

export const person = (): Person | undefined => current?.person;

export function config(): Settings {
  if (!settings) throw new Error("the settings are not loaded yet");
  return settings;
}

/** Whether the server has built the operation, as in can("s3:PutBucketCors"). */
export function can(...operations: string[]): boolean {
  return operations.every((o) => settings?.operations.includes(o));
}

/** Loads the settings, and the person when a session is still open. */
export async function start(): Promise<void> {
  settings = await ask<Settings>("GET", "/console/settings");
  try {
    change(await ask<Answer>("POST", "/console/credentials", {}));
  } catch (err) {
    if (!(err instanceof ConsoleError) || err.status !== 401) throw err;
  }
}

export type SignIn = { mfaCode?: string } & (
  | { kind: "root"; account: string; password: string }
  | { kind: "user"; account: string; userName: string; password: string; newPassword?: string }
  | { kind: "key"; accessKeyId: string; secretAccessKey: string }
);

export async function signIn(with_: SignIn): Promise<void> {
  change(await ask<Answer>("POST", "/console/sign-in", with_));
}

/** Goes to the identity provider, which sends the browser back to the page. */
export async function singleSignOn(page: string): Promise<void> {
  const { url } = await ask<{ url: string }>("POST", "/console/oidc", { page });
  window.location.assign(url);
}

export async function signOut(): Promise<void> {
  try {
    await ask("POST", "/console/sign-out", {});
  } finally {
    change(undefined);
  }
}

/** The sign-in page remembers that the first root has a password now. */
function remember(): void {
  if (settings && current?.person.owner) settings = { ...settings, rootPassword: true };
}

/** Sets a root's password by a link that works once, and signs in. */
export async function firstStart(token: string, password: string): Promise<void> {
  change(await ask<Answer>("POST", "/console/first-start", { token, password }));
  remember();
}

/** Changes the password of the root, who stays signed in here and nowhere else. */
export async function changePassword(oldPassword: string, newPassword: string): Promise<void> {
  change(await ask<Answer>("POST", "/console/password", { oldPassword, newPassword }));
  remember();
}

let renewing: Promise<Answer> | undefined;

/** The credentials for the SDK, renewed when they are about to expire. */
export async function credentials(): Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}> {
  const soon = Date.now() + 5 * 60_000;
  if (!current || new Date(current.credentials.expiration).getTime() < soon) {
    renewing ??= ask<Answer>("POST", "/console/credentials", {}).finally(() => (renewing = undefined));
    try {
      change(await renewing);
    } catch (err) {
      if (err instanceof ConsoleError && err.status === 401) change(undefined);
      throw err;
    }
  }
  if (!current) throw new ConsoleError(401, "SignedOut", "You are signed out.", "");
  const c = current.credentials;
  return { ...c, expiration: new Date(c.expiration) };
}
