"""Stores an object and reads it back, by boto3."""

import os

import boto3
from botocore.client import Config

# boto3 signs URLs by version 2 in us-east-1 unless it is told to use version 4.
s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1",
                  config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
bucket = os.environ["BUCKET"]
s3.put_object(Bucket=bucket, Key="hello.txt", Body=b"hello from Python")
print(s3.get_object(Bucket=bucket, Key="hello.txt")["Body"].read().decode())
print(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "hello.txt"}, ExpiresIn=3600))
