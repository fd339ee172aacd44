// Package s3target keeps backups in a bucket of any server that speaks S3.
//
// Files larger than a part go up as multipart uploads, which appear when they
// are complete; a download that breaks off goes on where it was. Beyond plain
// PUT, GET, LIST and DELETE it asks for conditional writes (If-None-Match and
// If-Match of PutObject), which the lock is made of: the object "lock", renewed
// while it is held, and up for whoever comes when it was not renewed for five
// minutes by the server's own clock. A server that ignores conditions gives no
// lock: see to it there that backup and prune do not run at the same time.
//
// Credentials are in the client alone, and in no error.
package s3target
