import * as L from "@aws-sdk/client-lightsail";
import { config, credentials } from "../session";

export type { Bucket, AccessKey, BucketBundle, Alarm, ContactMethod, Instance, Region, Tag } from "@aws-sdk/client-lightsail";

const clients = new Map<string, L.LightsailClient>();

function client(region: string): L.LightsailClient {
  let c = clients.get(region);
  if (!c) {
    c = new L.LightsailClient({ endpoint: config().endpoint, region, credentials, maxAttempts: 2 });
    clients.set(region, c);
  }
  return c;
}

// The commands in use: naming them keeps the rest out of the bundle.
const commands = {
  CreateBucket: L.CreateBucketCommand,
  CreateBucketAccessKey: L.CreateBucketAccessKeyCommand,
  CreateContactMethod: L.CreateContactMethodCommand,
  DeleteAlarm: L.DeleteAlarmCommand,
  DeleteBucket: L.DeleteBucketCommand,
  DeleteBucketAccessKey: L.DeleteBucketAccessKeyCommand,
  DeleteContactMethod: L.DeleteContactMethodCommand,
  GetAlarms: L.GetAlarmsCommand,
  GetBucketAccessKeys: L.GetBucketAccessKeysCommand,
  GetBucketBundles: L.GetBucketBundlesCommand,
  GetBucketMetricData: L.GetBucketMetricDataCommand,
  GetBuckets: L.GetBucketsCommand,
  GetContactMethods: L.GetContactMethodsCommand,
  GetInstances: L.GetInstancesCommand,
  GetRegions: L.GetRegionsCommand,
  PutAlarm: L.PutAlarmCommand,
  SendContactMethodVerification: L.SendContactMethodVerificationCommand,
  SetResourceAccessForBucket: L.SetResourceAccessForBucketCommand,
  TagResource: L.TagResourceCommand,
  TestAlarm: L.TestAlarmCommand,
  UntagResource: L.UntagResourceCommand,
  UpdateBucket: L.UpdateBucketCommand,
  UpdateBucketBundle: L.UpdateBucketBundleCommand,
};

type Commands = typeof commands;
export type LightsailName = keyof Commands;
export type LightsailInput<N extends LightsailName> = ConstructorParameters<Commands[N]>[0];
type Command<N extends LightsailName> = InstanceType<Commands[N]>;
type Output<N extends LightsailName> = Command<N> extends { resolveMiddleware: (...a: never[]) => (i: never) => Promise<{ output: infer O }> } ? O : never;

/** Calls an operation of the Lightsail API in the region. */
export async function lightsail<N extends LightsailName>(region: string, name: N, input: LightsailInput<N>): Promise<Output<N>> {
  const make = commands[name] as unknown as new (i: unknown) => L.GetBucketsCommand;
  return (await client(region).send(new make(input))) as unknown as Output<N>;
}
