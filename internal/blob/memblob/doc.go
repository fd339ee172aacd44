// Package memblob is the blob engine in memory, for tests. It keeps the whole
// contract but durability: Reopen stands for a restart.
package memblob
