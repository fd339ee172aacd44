# Prints who calls and what is in the bucket chains, with credentials that the
# AWS CLI finds by itself.
set -eu
aws --endpoint-url "$ENDPOINT" sts get-caller-identity --query Arn --output text
aws --endpoint-url "$ENDPOINT" s3 ls s3://chains
