import { config } from "../session";

export const snippetKinds = ["aws-cli", "env", "rclone", "restic", "s3cmd", "boto3", "js", "go", "wordpress", "terraform"] as const;
export type SnippetKind = (typeof snippetKinds)[number];

export interface SnippetValues {
  id: string;
  secret: string;
  bucket: string;
  region: string;
}

/** What to paste into a client so that it works with the key. */
export function snippet(kind: SnippetKind, v: SnippetValues): string {
  return snippets[kind]({ ...v, endpoint: config().endpoint });
}

type Fill = (v: SnippetValues & { endpoint: string }) => string;

const snippets: Record<SnippetKind, Fill> = {
  "aws-cli": (v) => `# ~/.aws/credentials
[${v.bucket}]
aws_access_key_id = ${v.id}
aws_secret_access_key = ${v.secret}

# ~/.aws/config
[profile ${v.bucket}]
region = ${v.region}
endpoint_url = ${v.endpoint}
s3 =
  addressing_style = path

# then: aws --profile ${v.bucket} s3 ls s3://${v.bucket}`,
  env: (v) => `export AWS_ACCESS_KEY_ID=${v.id}
export AWS_SECRET_ACCESS_KEY=${v.secret}
export AWS_REGION=${v.region}
export AWS_DEFAULT_REGION=${v.region}
export AWS_ENDPOINT_URL=${v.endpoint}`,
  rclone: (v) => `# ~/.config/rclone/rclone.conf
[${v.bucket}]
type = s3
provider = Other
access_key_id = ${v.id}
secret_access_key = ${v.secret}
endpoint = ${v.endpoint}
region = ${v.region}
force_path_style = true
no_check_bucket = true

# then: rclone ls ${v.bucket}:${v.bucket}`,
  restic: (v) => `export AWS_ACCESS_KEY_ID=${v.id}
export AWS_SECRET_ACCESS_KEY=${v.secret}
export RESTIC_REPOSITORY=s3:${v.endpoint}/${v.bucket}/restic

restic -o s3.bucket-lookup=path -o s3.region=${v.region} init`,
  s3cmd: (v) => {
    const url = new URL(v.endpoint);
    return `# ~/.s3cfg
[default]
access_key = ${v.id}
secret_key = ${v.secret}
host_base = ${url.host}
host_bucket = ${url.host}
bucket_location = ${v.region}
use_https = ${url.protocol === "https:" ? "True" : "False"}

# then: s3cmd ls s3://${v.bucket}`;
  },
  boto3: (v) => `import boto3
from botocore.config import Config

s3 = boto3.client(
    "s3",
    endpoint_url="${v.endpoint}",
    region_name="${v.region}",
    aws_access_key_id="${v.id}",
    aws_secret_access_key="${v.secret}",
    config=Config(s3={"addressing_style": "path"}),
)
s3.upload_file("file.txt", "${v.bucket}", "file.txt")`,
  js: (v) => `import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const s3 = new S3Client({
  endpoint: "${v.endpoint}",
  region: "${v.region}",
  forcePathStyle: true,
  credentials: {
    accessKeyId: "${v.id}",
    secretAccessKey: "${v.secret}",
  },
});
await s3.send(new PutObjectCommand({ Bucket: "${v.bucket}", Key: "file.txt", Body: "hello" }));`,
  go: (v) => `cfg, err := config.LoadDefaultConfig(ctx,
	config.WithRegion("${v.region}"),
	config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
		"${v.id}", "${v.secret}", "")),
)
if err != nil {
	return err
}
client := s3.NewFromConfig(cfg, func(o *s3.Options) {
	o.BaseEndpoint = aws.String("${v.endpoint}")
	o.UsePathStyle = true
})
_, err = client.PutObject(ctx, &s3.PutObjectInput{
	Bucket: aws.String("${v.bucket}"), Key: aws.String("file.txt"), Body: strings.NewReader("hello"),
})`,
  wordpress: (v) => `// wp-config.php, above "That's all, stop editing!"
define( 'AS3CF_SETTINGS', serialize( array(
    'provider'          => 'aws',
    'access-key-id'     => '${v.id}',
    'secret-access-key' => '${v.secret}',
    'bucket'            => '${v.bucket}',
    'region'            => '${v.region}',
) ) );

// wp-content/mu-plugins/keyhaven.php
add_filter( 'as3cf_aws_s3_client_args', function ( $args ) {
    $args['endpoint']                = '${v.endpoint}';
    $args['use_path_style_endpoint'] = true;
    return $args;
} );`,
  terraform: (v) => `provider "aws" {
  region                      = "${v.region}"
  access_key                  = "${v.id}"
  secret_key                  = "${v.secret}"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true

  endpoints {
    s3        = "${v.endpoint}"
    lightsail = "${v.endpoint}"
  }
}`,
};
