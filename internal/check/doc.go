// Package check is the service that holds what is stored against itself. Run
// looks at a whole store that nobody else uses: every record, the keys that must
// be there because of it, the bytes that it names, the counters. Scrub reads the
// bytes of every object of a store in use and compares them with their
// checksums.
//
// C1. Nothing is changed but by Run with Repair, and then only what can be made
// again from the records themselves: counters, index entries, references. Bytes
// and records are never deleted.
//
// C2. Entries that nothing needs are deleted only when every record could be
// read: one that could not might need them.
//
// C3. Memory does not grow with the number of objects. Whole key spaces are
// compared by count and fingerprint; only when these differ are they searched,
// a part at a time. What is held grows with the buckets, 200 bytes or so each.
//
// C4. No snapshot of the store is held for longer than a page.
package check
