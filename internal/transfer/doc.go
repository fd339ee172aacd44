// Package transfer moves buckets between S3 endpoints and directories: import
// from any S3 server, export to a plain tree with a manifest.
//
// It speaks S3 alone, on both sides. What is there already is not copied again,
// so a transfer that was interrupted is just begun again. What it says is done
// has been verified: the MD5 of the bytes that were read is the entity tag that
// the other side answered, and the source's where that is one.
package transfer
