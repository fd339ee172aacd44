"""Prints who calls and what is in the bucket chains, with credentials that boto3
finds by itself."""
import os

import boto3

endpoint = os.environ["ENDPOINT"]  # Debian's boto3 knows no AWS_ENDPOINT_URL
who = boto3.client("sts", endpoint_url=endpoint).get_caller_identity()["Arn"]
names = [o["Key"] for o in boto3.client("s3", endpoint_url=endpoint).list_objects_v2(Bucket="chains")["Contents"]]
print(who, *names)
