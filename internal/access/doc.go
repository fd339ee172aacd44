// Package access is the service of access keys and of the one decision who may
// do what. It makes, lists and deletes keys, verifies signatures, records when a
// key was last used, and answers Authorize for every door.
//
// Promises:
//
// A1. A secret leaves this package once, in the answer of the call that made the
// key. At rest it is sealed with the key's id as context, so that a sealed
// secret is worthless under another id.
//
// A2. When a call that deletes a key or its bucket returns, no request is
// accepted with that key any more: the cache of credentials drops what a commit
// touched before the commit is answered (meta.Store.WatchKeys), and a look-up
// that began before the commit cannot put it back.
//
// A3. An owner has at most keyhaven.MaxKeysPerOwner keys, whatever happens at
// the same time.
//
// A4. The last use of a key is seen by the next listing at once, is on disk
// within Options.LastUsedEvery and at Close, and costs a request no I/O.
package access
