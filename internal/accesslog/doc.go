// Package accesslog keeps the access records of buckets that want them and
// delivers them as objects (spec/bucket-semantics.md §9).
//
// A record takes one append in memory on the path of its request. Every second,
// and at a clean stop, what has come together is written to the store; a power
// cut loses the records of the last second at most. From the store they are
// delivered at least once: a batch is removed after its object is durable, so a
// crash between the two delivers it again.
package accesslog
