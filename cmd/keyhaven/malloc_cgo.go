//go:build cgo && linux

package main

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static int limited;
// Before the first thread: the library decides at the second arena and then for
// ever.
__attribute__((constructor)) static void limit_arenas(void) {
	limited = getenv("MALLOC_ARENA_MAX") != NULL || mallopt(M_ARENA_MAX, 2) == 1;
}
#else
static int limited = 1;
#endif
static int arenas_limited(void) { return limited; }
static void trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

// arenasLimited reports whether the C library took a bound on its arenas, where
// the metadata engine keeps its memtables and its cache of blocks. It has eight
// for each processor otherwise, each of which keeps what was freed in it: 70 MiB
// after reads of objects of 64 KiB. MALLOC_ARENA_MAX in the environment wins.
func arenasLimited() bool { return C.arenas_limited() == 1 }

// trimMalloc gives the memory that was freed in the C library back to the system.
func trimMalloc() { C.trim() }
