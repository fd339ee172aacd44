// Package kv is the seam under the metadata: an ordered, transactional
// key-value store. Engines implement Store; internal/kv/kvtest is the contract
// as a test suite, and every engine passes it.
//
// # What a caller may rely on
//
// K1. Keys are ordered bytewise. A key is 1 to MaxKey bytes, a value 0 to
// MaxValue bytes.
//
// K2. View sees one consistent snapshot. Update is serializable: the outcome is
// that of some order of the updates, one after another, and that order agrees
// with real time.
//
// K3. Update may run its function more than once. The function has no effect
// but through the Txn, and an error that it returns makes the update vanish and
// is returned unwrapped.
//
// K4. When Update returns nil the change is durable: it survives the loss of
// power. When it returns an error wrapping ErrUnknown, the change may or may
// not have happened; with any other error it did not.
//
// K5. Add is commutative: two concurrent updates that Add to one key do not
// conflict. A key that is used with Add is only ever written with Add, Delete
// or Set of EncodeCounter, and is read with DecodeCounter; a missing key counts as zero.
//
// K6. A read inside Update sees the transaction's own earlier writes, Add
// included.
//
// K7. Slices that a Reader or Iterator returns are valid until the function
// given to View or Update returns, or for an Iterator until its next move, and
// must not be changed. Slices given to a Txn may be reused once the call
// returns.
package kv
