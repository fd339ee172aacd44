// Package blob is the seam under the objects' bytes: immutable blobs with
// opaque names. Engines implement Store; internal/blob/blobtest is the contract
// as a test suite, and every engine passes it.
//
// # What a caller may rely on
//
// B1. A blob is invisible before Commit returns nil: Open and List do not show
// it. Afterwards it is durable (bytes and directory entry survive the loss of
// power) and never changes.
//
// B2. Refs are random. Nothing that a client chose is part of one, and one is
// never given out twice.
//
// B3. A read returns the bytes that were written or ErrCorrupt, never a wrong
// byte.
//
// B4. Delete is idempotent, and durable when it returns. A Reader that was open
// before Delete keeps working until it is closed.
//
// B5. Every Writer ends in exactly one Commit or Abort; Abort after Commit does
// nothing, so it can be deferred.
//
// B6. A Ref carries the session of the Store that wrote it: Session returns the
// session of this opening. Refs of other sessions that nothing refers to are
// left-overs of a crash and may be deleted.
package blob
