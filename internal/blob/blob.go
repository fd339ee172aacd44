package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"iter"
)

// The seam's errors.
var (
	ErrNotFound = errors.New("blob: not found")
	ErrCorrupt  = errors.New("blob: content does not match its checksum")
	ErrNoSpace  = errors.New("blob: no space left")
)

// RefSize is the length of a Ref in bytes; SessionSize of its first part.
const (
	RefSize     = 16
	SessionSize = 6
)

// Ref names a blob: the session that wrote it, then random bytes.
type Ref [RefSize]byte

// Session is the first part of the refs that one opening of a store gives out.
type Session [SessionSize]byte

func (r Ref) String() string { return hex.EncodeToString(r[:]) }

// IsZero reports whether the ref is unset.
func (r Ref) IsZero() bool { return r == Ref{} }

// Session returns the session that wrote the blob.
func (r Ref) Session() Session { return Session(r[:SessionSize]) }

// ParseRef reads what String wrote.
func ParseRef(s string) (Ref, error) {
	var r Ref
	if len(s) != 2*RefSize {
		return r, errors.New("blob: a ref has 32 hex digits")
	}
	_, err := hex.Decode(r[:], []byte(s))
	return r, err
}

// Store keeps immutable blobs.
type Store interface {
	// Create begins a blob. sizeHint is the expected size in bytes, or -1.
	Create(ctx context.Context, sizeHint int64) (Writer, error)
	// Open returns a reader over a committed blob, or ErrNotFound.
	Open(ctx context.Context, ref Ref) (Reader, error)
	// Delete removes a blob durably; one that is not there is no error.
	Delete(ctx context.Context, ref Ref) error
	// List yields every committed blob, in no particular order. Blobs that are
	// written or deleted meanwhile may or may not be seen.
	List(ctx context.Context) iter.Seq2[Info, error]
	// Session returns the session of this opening.
	Session() Session
	// Close releases the store.
	Close() error
}

// Info describes a listed blob.
type Info struct {
	Ref  Ref
	Size int64 // bytes of content
}

// Writer takes the bytes of one blob.
type Writer interface {
	io.Writer
	// Commit makes the blob visible and durable and returns its name.
	Commit(ctx context.Context) (Ref, error)
	// Abort gives the blob up.
	Abort() error
}

// ReadUnit is what a store reads and verifies at a time, in bytes: a read that
// begins and ends at multiples of it does no work twice.
const ReadUnit = 64 << 10

// Reader reads one blob at any place. Every byte it returns has been verified.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
