// Stores an object and reads it back, by the AWS SDK for JavaScript v3.
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

// The key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
const s3 = new S3Client({ endpoint: process.env.ENDPOINT, region: "us-east-1", forcePathStyle: true });
const object = { Bucket: process.env.BUCKET, Key: "hello.txt" };
await s3.send(new PutObjectCommand({ ...object, Body: "hello from JavaScript" }));
const { Body } = await s3.send(new GetObjectCommand(object));
console.log(await Body.transformToString());
