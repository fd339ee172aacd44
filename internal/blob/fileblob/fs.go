package fileblob

import (
	"io"
	"iter"
)

// FS is what the engine needs of a file system; crashfs puts a power-loss
// simulation here. Errors are those of package os: fs.ErrExist and
// fs.ErrNotExist are told apart by errors.Is.
type FS interface {
	// Create makes a file that must not exist and opens it for writing.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Size returns the bytes of a regular file; anything else does not exist.
	Size(name string) (int64, error)
	// Rename gives a file a new name in the same directory.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// Mkdir makes a directory that must not exist.
	Mkdir(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Names yields the names in a directory without holding all in memory.
	Names(dir string) iter.Seq2[string, error]
}

// File is an open file. Write appends.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// Size returns the bytes of the file.
	Size() (int64, error)
	// Sync makes the bytes and the size durable; the name is SyncDir's matter.
	Sync() error
	// Writeback hints that n bytes at off are complete and may go to the disk.
	Writeback(off, n int64)
}
