//go:build !cgo || !linux

package main

// arenasLimited: where no C library, or another one, has arenas there is nothing
// to bound.
func arenasLimited() bool { return true }

// trimMalloc: without it there is nothing to give back either.
func trimMalloc() {}
