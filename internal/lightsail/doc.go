// Package lightsail is the door for Amazon Lightsail's bucket API: AWS JSON 1.1
// on POST /, the operation named by the X-Amz-Target header
// (Lightsail API Reference; the wire is in docs/compatibility.md).
//
// Every request takes the same six steps, which serve shows in order: route,
// authenticate, decode, authorize, handle, encode. An operation is one row in
// operations.go and one file named after it; its types are the AWS SDK's own.
//
// The door checks what a request looks like: required members, patterns and
// lengths. What may be done is the services' to say; their errors are turned
// into Lightsail's in errors.go, and an error that has no row there is answered
// as our fault without its detail and logged with it.
//
// A request speaks for the region in its signature. A bucket of another region
// or another account does not exist for it.
//
// It never stores anything, never opens a connection and never answers a secret
// but in CreateBucketAccessKey.
package lightsail
