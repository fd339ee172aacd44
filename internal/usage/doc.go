// Package usage measures buckets: what is in them, from the exact counters, and
// what is asked of them, from the requests. Every five minutes a point of each is
// stored and kept for 63 days; then it is merged into a point of its hour, which
// is kept for 455 days (spec/bucket-semantics.md §10). It also keeps the accounts
// of each month that plans are about (§3).
//
// A request takes a few additions in memory. A power cut loses the requests of
// the last five minutes at most; what is in a bucket is counted in transactions
// and never lost.
package usage
