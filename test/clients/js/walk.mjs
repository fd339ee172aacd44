// What an application does by the AWS SDK for JavaScript v3.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  CreateBucketAccessKeyCommand,
  DeleteBucketAccessKeyCommand,
  GetBucketAccessKeysCommand,
  LightsailClient,
} from "@aws-sdk/client-lightsail";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const { ENDPOINT, BUCKET, KEY_ID, KEY_SECRET, ROOT_ID, ROOT_SECRET } = process.env;
const common = { endpoint: ENDPOINT, region: "us-east-1", maxAttempts: 1 };
const s3 = new S3Client({
  ...common,
  forcePathStyle: true,
  credentials: { accessKeyId: KEY_ID, secretAccessKey: KEY_SECRET },
});
const root = new LightsailClient({
  ...common,
  credentials: { accessKeyId: ROOT_ID, secretAccessKey: ROOT_SECRET },
});
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const read = async (Key) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return Buffer.from(await Body.transformToByteArray());
};

// One object.
const put = await s3.send(
  new PutObjectCommand({ Bucket: BUCKET, Key: "greeting ü+&", Body: "hello", Metadata: { colour: "blue" } }),
);
assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
assert.equal((await read("greeting ü+&")).toString(), "hello");
const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: "greeting ü+&" }));
assert.deepEqual([head.ContentLength, head.Metadata], [5, { colour: "blue" }]);
await assert.rejects(read("nope"), { name: "NoSuchKey" });

// A stream of unknown length, in parts.
const large = randomBytes(12 * 1024 * 1024 + 99);
const pieces = function* () {
  for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
};
await new Upload({
  client: s3,
  params: { Bucket: BUCKET, Key: "stream", Body: Readable.from(pieces()) },
  partSize: 5 * 1024 * 1024,
}).done();
assert.equal(sha256(await read("stream")), sha256(large));

// Pages of keys, and their end.
for (let n = 0; n < 12; n++) {
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `many/${n}`, Body: `${n}` }));
}
const keys = [];
for await (const page of paginateListObjectsV2({ client: s3, pageSize: 5 }, { Bucket: BUCKET, Prefix: "many/" })) {
  keys.push(...page.Contents.map((o) => o.Key));
}
assert.equal(keys.length, 12);
const deleted = await s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
assert.equal(deleted.Deleted.length, 12);

// URLs that need no key.
const params = { Bucket: BUCKET, Key: "by-url" };
const sent = await fetch(await getSignedUrl(s3, new PutObjectCommand(params), { expiresIn: 60 }), { method: "PUT", body: "put by url" });
assert.equal(sent.status, 200, await sent.text());
const got = await fetch(await getSignedUrl(s3, new GetObjectCommand(params), { expiresIn: 60 }));
assert.equal(await got.text(), "put by url");

// A second key for the bucket, used and deleted.
const { accessKey } = await root.send(new CreateBucketAccessKeyCommand({ bucketName: BUCKET }));
const second = new S3Client({
  ...common,
  forcePathStyle: true,
  credentials: { accessKeyId: accessKey.accessKeyId, secretAccessKey: accessKey.secretAccessKey },
});
await second.send(new DeleteObjectCommand(params));
const listed = await root.send(new GetBucketAccessKeysCommand({ bucketName: BUCKET }));
assert.equal(listed.accessKeys.find((k) => k.accessKeyId === accessKey.accessKeyId).lastUsed.serviceName, "s3");
await root.send(new DeleteBucketAccessKeyCommand({ bucketName: BUCKET, accessKeyId: accessKey.accessKeyId }));
await assert.rejects(second.send(new ListObjectsV2Command({ Bucket: BUCKET })), { name: "InvalidAccessKeyId" });
await assert.rejects(root.send(new GetBucketAccessKeysCommand({ bucketName: "no-such-bucket" })), { name: "NotFoundException" });

console.log("walked");
