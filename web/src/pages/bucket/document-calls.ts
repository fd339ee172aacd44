import type { Call } from "../../aws/cli";
import { s3, type S3Input, type S3Name } from "../../aws/s3";
import { person } from "../../session";
import type { DocumentKind } from "./documents";

/** How one document is read, put and taken away, and what one looks like. */
export interface DocumentCalls {
  get: (region: string, bucket: string) => Promise<unknown>;
  put: (bucket: string, doc: unknown) => { name: S3Name; input: object };
  remove?: (bucket: string) => { name: S3Name; input: object };
  example: (bucket: string) => unknown;
  /** Codes of errors that mean that there is no document. */
  none: string[];
}

export const calls: Record<DocumentKind, DocumentCalls> = {
  cors: {
    get: async (region, Bucket) => {
      const { CORSRules } = await s3(region, "GetBucketCors", { Bucket });
      return { CORSRules };
    },
    put: (Bucket, doc) => ({ name: "PutBucketCors", input: { Bucket, CORSConfiguration: doc } }),
    remove: (Bucket) => ({ name: "DeleteBucketCors", input: { Bucket } }),
    example: () => ({
      CORSRules: [{ AllowedOrigins: ["https://www.example.com"], AllowedMethods: ["GET", "PUT"], AllowedHeaders: ["*"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 3000 }],
    }),
    none: ["NoSuchCORSConfiguration"],
  },
  lifecycle: {
    get: async (region, Bucket) => {
      const { Rules } = await s3(region, "GetBucketLifecycleConfiguration", { Bucket });
      return { Rules };
    },
    put: (Bucket, doc) => ({ name: "PutBucketLifecycleConfiguration", input: { Bucket, LifecycleConfiguration: doc } }),
    remove: (Bucket) => ({ name: "DeleteBucketLifecycle", input: { Bucket } }),
    example: () => ({
      Rules: [
        { ID: "old-logs", Status: "Enabled", Filter: { Prefix: "logs/" }, Expiration: { Days: 30 }, NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
        { ID: "left-uploads", Status: "Enabled", Filter: { Prefix: "" }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ],
    }),
    none: ["NoSuchLifecycleConfiguration"],
  },
  policy: {
    get: async (region, Bucket) => JSON.parse((await s3(region, "GetBucketPolicy", { Bucket })).Policy ?? "null") as unknown,
    put: (Bucket, doc) => ({ name: "PutBucketPolicy", input: { Bucket, Policy: JSON.stringify(doc) } }),
    remove: (Bucket) => ({ name: "DeleteBucketPolicy", input: { Bucket } }),
    example: (bucket) => ({
      Version: "2012-10-17",
      Statement: [{ Sid: "Readers", Effect: "Allow", Principal: { AWS: `arn:aws:iam::${person()?.account}:root` }, Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/shared/*` }],
    }),
    none: ["NoSuchBucketPolicy"],
  },
  logging: {
    get: async (region, Bucket) => {
      const { LoggingEnabled } = await s3(region, "GetBucketLogging", { Bucket });
      return LoggingEnabled ? { LoggingEnabled } : undefined;
    },
    put: (Bucket, doc) => ({ name: "PutBucketLogging", input: { Bucket, BucketLoggingStatus: doc } }),
    remove: (Bucket) => ({ name: "PutBucketLogging", input: { Bucket, BucketLoggingStatus: {} } }),
    example: (bucket) => ({ LoggingEnabled: { TargetBucket: bucket, TargetPrefix: "logs/" } }),
    none: [],
  },
  encryption: {
    get: async (region, Bucket) => (await s3(region, "GetBucketEncryption", { Bucket })).ServerSideEncryptionConfiguration,
    put: (Bucket, doc) => ({ name: "PutBucketEncryption", input: { Bucket, ServerSideEncryptionConfiguration: doc } }),
    example: () => ({ Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] }),
    none: ["ServerSideEncryptionConfigurationNotFoundError"],
  },
  lock: {
    get: async (region, Bucket) => (await s3(region, "GetObjectLockConfiguration", { Bucket })).ObjectLockConfiguration,
    put: (Bucket, doc) => ({ name: "PutObjectLockConfiguration", input: { Bucket, ObjectLockConfiguration: doc } }),
    example: () => ({ ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 30 } } }),
    none: ["ObjectLockConfigurationNotFoundError"],
  },
};

/** Makes a call that was described. */
export function perform(region: string, call: { name: S3Name; input: object }): Promise<unknown> {
  return s3(region, call.name, call.input as S3Input<S3Name>);
}

export const described = (region: string, call: { name: S3Name; input: object }): Call => ({ service: "s3", region, ...call });
