// Package keycare is the door of Keyhaven's own API (JSON 1.1, target
// Keyhaven_20261201): what there is to know and to do about access keys beyond
// AWS, and the accounts of the installation, which are its owner's. Its IAM actions are keyhaven:<operation>; a key of a bucket is authorized
// on the bucket's ARN, that of a user on the user's. The model for aws-cli is
// docs/keyhaven-api/service-2.json, and a test holds the two together.
package keycare
