// Package bucket is the service of buckets and of the records of what was done
// to them: creating, changing, tagging and deleting buckets, plans, and
// Lightsail's operations. Every change writes its operation record in its own
// transaction, so that what an answer names can be found.
//
// Buckets made by the Lightsail API keep Lightsail's rules and caps, those made
// by S3 keep S3's. Deleting a bucket takes its name away at once; what was in it
// is freed in the background, under an id that no new bucket shares.
package bucket
