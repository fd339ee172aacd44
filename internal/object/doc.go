// Package object is the service of objects: their versions, listings and
// multipart uploads. It owns the rules of S3's data plane; who may call it is
// decided before, and how the request looked on the wire is unknown here.
//
// Promises:
//
// O1. Nothing is answered before it is durable: the bytes first (a committed
// blob, or the data record in the same transaction), then the record that names
// them. The commit of the record is the linearization point. A crash between
// the two leaves a blob that nothing names, for sweep.
//
// O2. A read returns the bytes of one version, whole or not at all: data that is
// replaced or freed meanwhile is looked up again or held until the read ends.
//
// O3. Conditions are checked in the transaction that acts on them.
//
// O4. The cost of a request does not grow with the number of objects, versions
// or uploads, but for Complete (parts) and listings (what they return).
//
// It never calls a blob store inside a transaction, and never deletes a blob
// that a record may name: it records that one is no longer needed (meta M2), and
// sweep deletes. Only its own blob, whose record was refused, it takes back.
package object
