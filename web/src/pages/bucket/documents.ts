import type { MessageId } from "../../i18n";

export type DocumentKind = "cors" | "lifecycle" | "policy" | "logging" | "encryption" | "lock";

/** A tab that shows one configuration document of the bucket. */
export interface DocumentInfo {
  id: DocumentKind;
  title: MessageId;
  /** What the server must have built for the tab to be offered. */
  operations: string[];
}

export const documents: DocumentInfo[] = [
  { id: "cors", title: "tab.cors", operations: ["s3:GetBucketCors", "s3:PutBucketCors", "s3:DeleteBucketCors"] },
  { id: "lifecycle", title: "tab.lifecycle", operations: ["s3:GetBucketLifecycleConfiguration", "s3:PutBucketLifecycleConfiguration", "s3:DeleteBucketLifecycle"] },
  { id: "policy", title: "tab.policy", operations: ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"] },
  { id: "logging", title: "tab.logging", operations: ["s3:GetBucketLogging", "s3:PutBucketLogging"] },
  { id: "encryption", title: "tab.encryption", operations: ["s3:GetBucketEncryption", "s3:PutBucketEncryption"] },
  { id: "lock", title: "tab.lock", operations: ["s3:GetObjectLockConfiguration", "s3:PutObjectLockConfiguration"] },
];
