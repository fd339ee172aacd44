// Package sweep does what no request waits for: it frees the blobs, parts and
// buckets that the outbox names, ends what falls due (unfinished uploads, old
// operation records), and after a start deletes blobs that a crash left without
// a record.
//
// S1. It deletes a blob only when no reference to it exists and none can come:
// references are made from references, in one transaction (meta M2).
//
// S2. It deletes nothing that the running process may be about to name: left-
// overs are looked for only among the blobs of earlier sessions.
//
// S3. Every step may be cut off by a crash and is done again after it: the
// outbox entry goes last.
package sweep
