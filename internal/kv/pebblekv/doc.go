// Package pebblekv is the embedded engine under kv: Pebble, with serializable
// transactions and shared WAL syncs on top.
//
// It owns one directory, which it locks. It promises what package kv promises
// and, beyond it, that nobody acts on data that a power cut could still take
// back: a call that read a write whose sync is under way returns only after
// that sync. It never kills the process because of a failing disk, and it never
// calls a function given to View twice.
//
// # Transactions
//
// A transaction runs optimistically: it reads a snapshot, notes what it read
// and buffers what it writes. The commit lock is held while the reads are
// checked against the commits since the snapshot, additions are turned into
// values and the batch is handed to Pebble, and is let go before the wait for
// the WAL sync, so that all commits in flight share syncs. After a few lost
// races a transaction runs under the commit lock and cannot lose.
//
// # Invariants
//
// I1. Commits form a linked list in the order of the WAL. A commit is linked and
// its hash slots are stamped (begun) before Pebble sees it, and it counts as
// applied only after every later snapshot contains it.
//
// I2. A snapshot contains every commit up to its from, and none after its upto.
// Conflicts are looked for after from, pending syncs up to upto; where the two
// differ both checks err on the safe side.
//
// I3. The WAL is synced in order, so one pointer, synced, tells which commits
// are durable.
//
// I4. Memory of commits is freed by the garbage collector alone: whoever may
// need the commits after c holds c, and the list points from old to new. There
// is no register of active transactions that could be trimmed too early.
//
// I5. Once the fuse has blown nothing more reaches the disk, which stays as it
// was, while memory goes on and serves reads. See fuse.go.
package pebblekv
