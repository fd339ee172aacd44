// Package crashfs is a file system in memory that can lose power, for tests. It
// keeps apart what was synced and what was not, for the bytes of files and for
// the names in directories, and is as hostile as POSIX lets a file system be:
//
// C1. Crash keeps or loses every unsynced write by itself: a later one may be
// kept while an earlier one is lost, and one may be kept in part, by its front or
// by sectors. Lost bytes below the end of the file read as zero.
//
// C2. Crash keeps or loses every unsynced change of a directory by itself. A
// rename is two changes, so both names may be there afterwards, or neither.
//
// C3. Syncing a file says nothing about its name, and syncing a directory nothing
// about its files.
//
// C4. When the sync of a file fails, the writes that it should have made durable
// are no better off after a later sync that succeeds: the kernel has dropped
// them. The changes of a directory stay for its next sync, as in a journal.
//
// A hook sees every operation before it happens. It may fail it, shorten a
// write, or call Crash for the state that the loss of power would leave there.
package crashfs
