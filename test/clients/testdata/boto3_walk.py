"""What an application does by boto3. Each failed expectation ends the script."""

import hashlib
import io
import os
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

ENDPOINT, BUCKET = os.environ["ENDPOINT"], os.environ["BUCKET"]


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, want {want!r}")


def expect_code(what, code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        expect(what, e.response["Error"]["Code"], code)
    else:
        sys.exit(f"{what}: no error, want {code}")


def objects(s3):
    put = s3.put_object(Bucket=BUCKET, Key="greeting", Body=b"hello", ContentType="text/plain", Metadata={"colour": "blue"})
    expect("put_object ETag", put["ETag"], '"5d41402abc4b2a76b9719d911017c592"')
    got = s3.get_object(Bucket=BUCKET, Key="greeting")
    expect("get_object", (got["Body"].read(), got["ContentType"], got["Metadata"]), (b"hello", "text/plain", {"colour": "blue"}))
    expect("head_object", s3.head_object(Bucket=BUCKET, Key="greeting")["ContentLength"], 5)
    expect("a range", s3.get_object(Bucket=BUCKET, Key="greeting", Range="bytes=1-3")["Body"].read(), b"ell")
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "greeting"})
    expect("copy_object", s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read(), b"hello")
    expect_code("a key that is not there", "NoSuchKey", s3.get_object, Bucket=BUCKET, Key="nope")
    expect_code("head of a key that is not there", "404", s3.head_object, Bucket=BUCKET, Key="nope")
    expect_code("another bucket", "AccessDenied", s3.list_objects_v2, Bucket=os.environ["OTHER"])
    expect_code("a bad part", "InvalidPart", s3.complete_multipart_upload, Bucket=BUCKET, Key="x",
                UploadId=s3.create_multipart_upload(Bucket=BUCKET, Key="x")["UploadId"],
                MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"5d41402abc4b2a76b9719d911017c592"'}]})


def listing(s3):
    keys = [f"many/{n:04}" for n in range(25)]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    for name in "list_objects_v2", "list_objects", "list_object_versions":
        pages = s3.get_paginator(name).paginate(Bucket=BUCKET, Prefix="many/", PaginationConfig={"PageSize": 7})
        found = [o["Key"] for page in pages for o in page.get("Contents", page.get("Versions", []))]
        expect(name, found, keys)
    deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": k} for k in keys]})
    expect("delete_objects", sorted(d["Key"] for d in deleted["Deleted"]), keys)
    expect("what is left", s3.list_objects_v2(Bucket=BUCKET, Prefix="many/")["KeyCount"], 0)


def transfers(s3):
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
    data = os.urandom((12 << 20) + 345)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "transfer", Config=config)
    expect("parts", s3.head_object(Bucket=BUCKET, Key="transfer")["ETag"].endswith('-3"'), True)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "transfer", back, Config=config)
    expect("download_fileobj", hashlib.sha256(back.getvalue()).digest(), hashlib.sha256(data).digest())
    s3.copy({"Bucket": BUCKET, "Key": "transfer"}, BUCKET, "transfer-copy", Config=config)
    copied = s3.get_object(Bucket=BUCKET, Key="transfer-copy")["Body"].read()
    expect("a copy by parts", hashlib.sha256(copied).digest(), hashlib.sha256(data).digest())


def presigned(s3):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "greeting"}, ExpiresIn=60)
    expect("a presigned GET", urllib.request.urlopen(url).read(), b"hello")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "by-url"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(url, data=b"put by url", method="PUT", headers={"Content-Type": ""}))
    expect("a presigned PUT", s3.get_object(Bucket=BUCKET, Key="by-url")["Body"].read(), b"put by url")
    try:
        urllib.request.urlopen(url.replace("by-url", "by-URL"))
    except urllib.error.HTTPError as e:
        expect("a presigned URL of another key", e.code, 403)
    else:
        sys.exit("a presigned URL opened another key")


def keys(root):
    made = root.create_bucket_access_key(bucketName=BUCKET)["accessKey"]
    expect("lastUsed of a new key", made.get("lastUsed"), None)
    listed = root.get_bucket_access_keys(bucketName=BUCKET)["accessKeys"]
    expect("the keys", {k["accessKeyId"] for k in listed} >= {made["accessKeyId"]}, True)
    expect("secrets in the list", [k for k in listed if "secretAccessKey" in k], [])
    expect("createdAt", made["createdAt"].tzinfo is not None, True)
    expect_code("the third key", "InvalidInputException", root.create_bucket_access_key, bucketName=BUCKET)
    root.delete_bucket_access_key(bucketName=BUCKET, accessKeyId=made["accessKeyId"])
    try:
        root.get_buckets(bucketName="no-such-bucket")
    except root.exceptions.NotFoundException as e:
        expect("the status of NotFoundException", e.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    else:
        sys.exit("get_buckets found a bucket that is not there")


def main():
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0})
    s3 = boto3.client("s3", endpoint_url=ENDPOINT, config=config)
    root = boto3.client("lightsail", endpoint_url=ENDPOINT, aws_access_key_id=os.environ["ROOT_ID"],
                        aws_secret_access_key=os.environ["ROOT_SECRET"])
    objects(s3)
    listing(s3)
    transfers(s3)
    presigned(s3)
    keys(root)
    print("boto3", boto3.__version__, "walked")


main()
