// Package memkv is the engine for tests: package kv's contract in memory and in
// as little code as it takes. It keeps nothing after Close and never waits for a
// disk.
//
// It is strict where other engines are only allowed to be: slices that a Reader
// or Iterator returned are overwritten when they end (K7), a function that
// changed one gets an error, and a store made by NewRerunning runs every
// function given to Update at least twice (K3).
package memkv
