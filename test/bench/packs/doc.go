// Command packs measures the two ways to keep small objects (docs/adr/0009): in a
// record of their own in the metadata engine, and in pack files that concurrent
// writers share, with a record that says where. Both are as durable: an object
// counts once its bytes and its record are synced.
//
// The pack side is a prototype: it appends, syncs in groups, reads with a
// checksum and compacts, and does not recover from a crash.
//
//	go run ./test/bench/packs -objects 1000000
package main
