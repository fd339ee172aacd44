package kv

import (
	"context"
	"encoding/binary"
	"errors"
)

// Limits that every engine keeps.
const (
	MaxKey   = 8 << 10 // bytes
	MaxValue = 8 << 20 // bytes
)

// The seam's errors. Engines wrap their own errors in these where they apply.
var (
	ErrNotFound = errors.New("kv: key not found")
	ErrUnknown  = errors.New("kv: the outcome of the commit is unknown")
	ErrNoSpace  = errors.New("kv: no space left")
	ErrClosed   = errors.New("kv: store is closed")
)

// Store is an ordered transactional key-value store.
type Store interface {
	// View runs fn over a consistent snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in a serializable transaction and makes it durable.
	Update(ctx context.Context, fn func(Txn) error) error
	// Close waits for running calls and releases the store.
	Close() error
}

// Reader reads a snapshot.
type Reader interface {
	// Get returns the value of key, or ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Scan returns an iterator over the span, before its first key. The caller
	// closes it.
	Scan(Span) Iterator
}

// Span is the keys k with From ≤ k < To, walked upwards, or downwards when
// Reverse is set. A nil To means no upper bound.
type Span struct {
	From, To []byte
	Reverse  bool
}

// Iterator walks a span in its direction.
type Iterator interface {
	// Next moves to the next key of the span and reports whether there is one.
	Next() bool
	// Seek moves to the first key in the direction of the span that is at or
	// beyond key (≥ key upwards, ≤ key downwards) and within the span. It may
	// move either way.
	Seek(key []byte) bool
	// Key and Value return the current pair. Value may read from disk.
	Key() []byte
	Value() ([]byte, error)
	// Close releases the iterator and returns the first error that it met; a
	// walk that ended early because of an error says so only here.
	Close() error
}

// Txn is a Reader that also writes.
type Txn interface {
	Reader
	Set(key, value []byte) error
	// Delete removes key; a key that is not there is no error.
	Delete(key []byte) error
	// Add adds delta to the counter at key.
	Add(key []byte, delta int64) error
}

// EncodeCounter and DecodeCounter give the stored form of a counter: eight
// bytes, big-endian two's complement.
func EncodeCounter(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// DecodeCounter reads what EncodeCounter wrote; anything else is an error.
func DecodeCounter(v []byte) (int64, error) {
	if len(v) != 8 {
		return 0, errors.New("kv: a counter must have eight bytes")
	}
	return int64(binary.BigEndian.Uint64(v)), nil
}

// Prefix returns the span of all keys that begin with p.
func Prefix(p []byte) Span { return Span{From: p, To: PrefixEnd(p)} }

// PrefixEnd returns the first key after all keys that begin with p, or nil when
// there is none.
func PrefixEnd(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			end := append([]byte(nil), p[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
