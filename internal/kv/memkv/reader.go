package memkv

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/keyhaven/keyhaven/internal/kv"
)

var errChanged = errors.New("memkv: the function changed a slice that it was lent")

// reader reads one tree.
type reader struct {
	root *node
	lent []loan
}

// loan is a copy that the function was given, and what it must still hold.
type loan struct{ copy, original []byte }

func (r *reader) Get(key []byte) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	p := r.root.get(key)
	if p == nil {
		return nil, kv.ErrNotFound
	}
	l := loan{copy: append([]byte{}, p.value...), original: p.value}
	r.lent = append(r.lent, l)
	return l.copy, nil
}

func (r *reader) Scan(span kv.Span) kv.Iterator { return newIterator(r, span) }

// finish takes the lent slices back and returns the outcome of the function.
func (r *reader) finish(err error) error {
	for _, l := range r.lent {
		if takeErr := l.take(); err == nil {
			err = takeErr
		}
	}
	r.lent = nil
	return err
}

// take overwrites the copy, so that whoever kept it finds out.
func (l loan) take() error {
	changed := !bytes.Equal(l.copy, l.original)
	for i := range l.copy {
		l.copy[i] = 0xdb
	}
	if changed {
		return errChanged
	}
	return nil
}

func checkKey(key []byte) error {
	if len(key) == 0 || len(key) > kv.MaxKey {
		return fmt.Errorf("memkv: a key has 1 to %d bytes, not %d", kv.MaxKey, len(key))
	}
	return nil
}
