// Package sigv4 verifies AWS Signature Version 4 on the server's side, for the
// S3, Lightsail, IAM and STS doors. It owns the reading of a signature (header
// and presigned form), the canonical request, the derivation of signing keys,
// and the decoding of aws-chunked bodies.
//
// The use of it, in order:
//
//	sig, err := sigv4.Parse(r)            // who claims to have signed, and how
//	key := sigv4.DeriveKey(secret, sig.Scope) // may be cached by (id, scope)
//	err = sig.Verify(r, key, now, bodyHash)
//	body := sigv4.NewHashedReader(r.Body, sig.PayloadHash)   // PayloadSigned
//	opt, err := sig.ChunkOptions(r, key)                     // streaming kinds
//	body := sigv4.NewChunkedReader(r.Body, opt)
//
// It promises:
//
//	V1  Verify returns nil only when the signature was made with the key over
//	    this request's method, path, query, every x-amz-* header, the host and
//	    the payload hash, within its time.
//	V2  Bytes from a HashedReader or ChunkedReader are to be trusted only after
//	    a clean io.EOF. They are handed out as they come; an error then comes in
//	    the place of EOF. Callers commit nothing before EOF.
//	V3  No input makes it panic or hold more than the request's own headers and
//	    a few KiB of a body. A decoded body is never longer than announced.
//	V4  Errors carry the canonical request and the string to sign, so that a
//	    client can see which line differs; never a secret, a session token, a
//	    customer's encryption key or the signature that would have been right.
//
// It never looks up keys or principals, never decides permissions, never checks
// that the scope names the service of the door (the door does), and never
// believes a forwarding header.
//
// S3 and the others differ (the SigV4 page of the IAM user guide says so): for
// service "s3" the path is decoded and encoded once, not normalised, and the
// payload hash is the X-Amz-Content-Sha256 header; for the others the path is
// normalised and encoded twice, and the hash is that of the body received.
//
// A '+' in a query is a space, as S3 and url.ParseQuery take it: clients that
// sign "%20" and send "+" work, and what is verified is what the door decodes.
// A '+' in a path is a plus.
package sigv4
