import * as S from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { config, credentials } from "../session";

export type { _Object as S3Object, ObjectVersion, DeleteMarkerEntry, HeadObjectCommandOutput, CompletedPart, Part, CORSRule, LifecycleRule } from "@aws-sdk/client-s3";

const clients = new Map<string, S.S3Client>();

function client(region: string): S.S3Client {
  let c = clients.get(region);
  if (!c) {
    c = new S.S3Client({ endpoint: config().endpoint, region, credentials, forcePathStyle: true, maxAttempts: 2 });
    clients.set(region, c);
  }
  return c;
}

// The commands in use: naming them keeps the rest out of the bundle.
const commands = {
  AbortMultipartUpload: S.AbortMultipartUploadCommand,
  CompleteMultipartUpload: S.CompleteMultipartUploadCommand,
  CopyObject: S.CopyObjectCommand,
  CreateMultipartUpload: S.CreateMultipartUploadCommand,
  DeleteBucketCors: S.DeleteBucketCorsCommand,
  DeleteBucketLifecycle: S.DeleteBucketLifecycleCommand,
  DeleteBucketPolicy: S.DeleteBucketPolicyCommand,
  DeleteObject: S.DeleteObjectCommand,
  DeleteObjects: S.DeleteObjectsCommand,
  DeleteObjectTagging: S.DeleteObjectTaggingCommand,
  GetBucketCors: S.GetBucketCorsCommand,
  GetBucketEncryption: S.GetBucketEncryptionCommand,
  GetBucketLifecycleConfiguration: S.GetBucketLifecycleConfigurationCommand,
  GetBucketLogging: S.GetBucketLoggingCommand,
  GetBucketPolicy: S.GetBucketPolicyCommand,
  GetObject: S.GetObjectCommand,
  GetObjectAcl: S.GetObjectAclCommand,
  GetObjectLockConfiguration: S.GetObjectLockConfigurationCommand,
  GetObjectTagging: S.GetObjectTaggingCommand,
  HeadObject: S.HeadObjectCommand,
  ListMultipartUploads: S.ListMultipartUploadsCommand,
  ListObjectsV2: S.ListObjectsV2Command,
  ListObjectVersions: S.ListObjectVersionsCommand,
  ListParts: S.ListPartsCommand,
  PutBucketCors: S.PutBucketCorsCommand,
  PutBucketEncryption: S.PutBucketEncryptionCommand,
  PutBucketLifecycleConfiguration: S.PutBucketLifecycleConfigurationCommand,
  PutBucketLogging: S.PutBucketLoggingCommand,
  PutBucketPolicy: S.PutBucketPolicyCommand,
  PutObject: S.PutObjectCommand,
  PutObjectAcl: S.PutObjectAclCommand,
  PutObjectLockConfiguration: S.PutObjectLockConfigurationCommand,
  PutObjectTagging: S.PutObjectTaggingCommand,
  UploadPart: S.UploadPartCommand,
};

type Commands = typeof commands;
export type S3Name = keyof Commands;
export type S3Input<N extends S3Name> = ConstructorParameters<Commands[N]>[0];
type Output<N extends S3Name> = InstanceType<Commands[N]> extends { resolveMiddleware: (...a: never[]) => (i: never) => Promise<{ output: infer O }> } ? O : never;

/** Calls an operation of S3 in the region. */
export async function s3<N extends S3Name>(region: string, name: N, input: S3Input<N>, abortSignal?: AbortSignal): Promise<Output<N>> {
  const make = commands[name] as unknown as new (i: unknown) => S.HeadBucketCommand;
  return (await client(region).send(new make(input), { abortSignal })) as unknown as Output<N>;
}

export interface LinkOptions {
  versionId?: string;
  /** Name under which a browser saves it; none to show it. */
  saveAs?: string;
  contentType?: string;
  seconds: number;
}

/** An address that reads the object without a key, until it expires. */
export function link(region: string, bucket: string, key: string, o: LinkOptions): Promise<string> {
  const command = new S.GetObjectCommand({
    Bucket: bucket,
    Key: key,
    VersionId: o.versionId,
    ResponseContentType: o.contentType,
    ResponseContentDisposition: o.saveAs === undefined ? undefined : `attachment; filename*=UTF-8''${encodeURIComponent(o.saveAs).replaceAll("'", "%27")}`,
  });
  return getSignedUrl(client(region), command, { expiresIn: o.seconds });
}

/** The source of a copy, as the header wants it. */
export function copySource(bucket: string, key: string, versionId?: string): string {
  const path = [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
  return versionId ? `${path}?versionId=${encodeURIComponent(versionId)}` : path;
}

/** Whether a browser can fetch the key by its address: it would follow its dots. */
export function addressable(key: string): boolean {
  return !key.split("/").some((s) => s === "." || s === "..");
}
