// Prints who calls and what is in the bucket chains, with credentials that the
// AWS SDK for JavaScript v3 finds by itself.
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const { Arn } = await new STSClient().send(new GetCallerIdentityCommand());
const { Contents } = await new S3Client({ forcePathStyle: true }).send(new ListObjectsV2Command({ Bucket: "chains" }));
console.log(Arn, ...Contents.map((o) => o.Key));
