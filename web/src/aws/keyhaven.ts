import { config } from "../session";
import { json } from "./json";

export interface Scope {
  readOnly: boolean;
  prefixes: string[];
  networks: string[];
}

/** A key as Keyhaven's own API tells of it. Times are seconds since 1970. */
export interface KeyOfOurs {
  accessKeyId: string;
  status: "Active" | "Inactive";
  name?: string;
  note?: string;
  expiresAt?: number;
  expired?: boolean;
  warnedAt?: number;
  scope?: Scope;
  imported?: boolean;
}

export interface Activity {
  firstUsedDate?: number;
  lastUsedDate?: number;
  action?: string;
  sourceAddress?: string;
  userAgent?: string;
  requestCount: number;
}

export interface UpdateKey {
  accessKeyId: string;
  name?: string;
  note?: string;
  expiresAt?: number;
  status?: "Active" | "Inactive";
  scope?: Scope;
}

const call = <T>(name: string, input: object) => json<T>("keyhaven", "Keyhaven_20261201." + name, config().region, input);

export const getKey = async (accessKeyId: string) => (await call<{ accessKey: KeyOfOurs }>("GetAccessKey", { accessKeyId })).accessKey;
export const getActivity = async (accessKeyId: string) => (await call<{ activity: Activity }>("GetAccessKeyActivity", { accessKeyId })).activity;
export const updateKey = async (input: UpdateKey) => (await call<{ accessKey: KeyOfOurs }>("UpdateAccessKey", input)).accessKey;

/** An account of the installation. Times are seconds since 1970. */
export interface AccountOfOurs {
  accountId: string;
  name?: string;
  alias?: string;
  state: "Open" | "Closed";
  /** The one that the installation began with. */
  first: boolean;
  createdAt: number;
  closedAt?: number;
  /** While its root has not accepted the invitation. */
  invitedUntil?: number;
}

export type Contents = Record<"buckets" | "users" | "groups" | "roles" | "policies" | "instances", number>;

export interface Invitation {
  signInLink: string;
  expiresAt: number;
}

export async function allAccounts(): Promise<AccountOfOurs[]> {
  const all: AccountOfOurs[] = [];
  for (let nextToken: string | undefined; ; ) {
    const page = await call<{ accounts: AccountOfOurs[]; nextToken?: string }>("ListAccounts", { maxResults: 1000, nextToken });
    all.push(...page.accounts);
    nextToken = page.nextToken;
    if (!nextToken) return all;
  }
}

export const createAccount = (name: string) => call<{ account: AccountOfOurs; invitation: Invitation }>("CreateAccount", { name });
export const createInvitation = async (accountId: string) => (await call<{ invitation: Invitation }>("CreateAccountInvitation", { accountId })).invitation;
export const getContents = async (accountId: string) => (await call<{ contents: Contents }>("GetAccount", { accountId })).contents;
export const closeAccount = (accountId: string) => call<object>("CloseAccount", { accountId });
