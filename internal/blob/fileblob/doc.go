// Package fileblob is the blob engine over a file system: one file per blob.
// It owns everything below its directory but files that it does not know, which
// it leaves alone. It needs no more than POSIX calls, so local disks and network
// file systems serve alike. One Store at a time is open on a directory, and the
// caller sees to that.
//
// # The directory
//
//	UNCLEAN            there while a Store is open, and after a crash
//	00/ … ff/          all made when the Store opens; the seventh byte of the ref,
//	                   which is its first random one, chooses
//	  <32 hex>         a committed blob, named by its ref
//	  <32 hex>.tmp     a blob being written, or the left-over of a crash
//
// When UNCLEAN is found, Open removes the left-overs. After a clean Close it
// looks at no directory, so that opening does not take longer with more blobs.
//
// # The file, version 1
//
// Integers are big-endian; checksums are CRC-32C (Castagnoli).
//
//	data       L bytes, taken as chunks of 65536 bytes, the last one shorter
//	table      4 bytes per chunk: the checksum of the chunk; an empty blob has none
//	trailer    44 bytes:
//	   0   7   "khvblob"
//	   7   1   format version, 1
//	   8   4   bytes per chunk, 65536
//	  12   4   checksum of the table
//	  16   8   L
//	  24  16   the blob's own ref
//	  40   4   checksum of bytes 0 to 39 of the trailer
//
// So L follows from the size of the file, and a file whose size fits no L has
// been cut. The ref in the trailer shows a file that stands under another name.
//
// # What holds
//
// F1. The name without .tmp appears only by a rename that follows a successful
// sync of the whole file. A file whose sync failed is removed: the kernel may
// have dropped what it could not write, so syncing it again proves nothing.
//
// F2. Commit and Delete return nil only after a sync of the directory that began
// after their rename or unlink. Those who wait for the same directory share one.
// Delete syncs even when the file is already gone, because an unlink that was
// not acknowledged may not be durable.
//
// F3. Between rename and sync the ref is hidden from Open and List. It stays
// hidden when the sync fails and the file cannot be removed.
//
// F4. Each chunk is compared with its checksum before a byte of it is returned.
// The trailer and, when it is read as a whole, the table have a checksum as
// well; a wrong entry of the table shows as a wrong chunk.
//
// F5. A Store forgets UNCLEAN only when no temporary file can be left, not even
// one whose removal the loss of power undoes.
//
// F6. Where the disk can be asked, blobs are refused before it is full, so that
// there is space to note deletions.
//
// A directory whose sync failed is synced again by the next call that needs it.
// That is sound where changes of directories are journaled or copied on write:
// such file systems keep the change for the next sync or stop altogether.
package fileblob
