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
