package pebblekv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
)

func openHot(t *testing.T) *Store {
	t.Helper()
	s, err := Open("hot", Options{FS: vfs.NewMem(), ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func set(t *testing.T, s *Store, key, value string) {
	t.Helper()
	if err := s.Update(t.Context(), func(x kv.Txn) error { return x.Set([]byte(key), []byte(value)) }); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Store, key string) string {
	t.Helper()
	var got string
	err := s.View(t.Context(), func(r kv.Reader) error {
		v, err := r.Get([]byte(key))
		got = string(v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestHotValues reads a key until it is kept, and changes it.
func TestHotValues(t *testing.T) {
	s := openHot(t)
	set(t, s, "k", "1")
	for range 3 {
		if got := get(t, s, "k"); got != "1" {
			t.Fatalf("Get = %q, want 1", got)
		}
	}
	if s.hot.values[s.history.slot([]byte("k"))].Load() == nil {
		t.Fatal("a value that was read three times is not kept")
	}
	err := s.View(t.Context(), func(r kv.Reader) error {
		if _, err := r.Get([]byte("k")); err != nil {
			return err
		}
		set(t, s, "k", "2")
		if got := get(t, s, "k"); got != "2" {
			t.Errorf("Get after Set = %q, want 2", got)
		}
		get(t, s, "k")
		get(t, s, "k") // now the new value is kept
		v, err := r.Get([]byte("k"))
		if string(v) != "1" {
			t.Errorf("the older snapshot reads %q, want 1", v)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), func(x kv.Txn) error { return x.Delete([]byte("k")) }); err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(r kv.Reader) error {
		_, err := r.Get([]byte("k"))
		return err
	})
	if !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Get after Delete = %v, want ErrNotFound", err)
	}
}

func TestHotValuesAreSmall(t *testing.T) {
	s := openHot(t)
	large := string(bytes.Repeat([]byte("x"), hotBytes))
	set(t, s, "k", large)
	for range 3 {
		if got := get(t, s, "k"); got != large {
			t.Fatalf("Get = %d bytes", len(got))
		}
	}
	if s.hot.values[s.history.slot([]byte("k"))].Load() != nil {
		t.Error("a large value is kept")
	}
}

// TestHotValuesUnderWrites reads pairs of keys that change together while they
// change: a snapshot sees both or none, whatever is kept, and time never goes
// back.
func TestHotValuesUnderWrites(t *testing.T) {
	s := openHot(t)
	const pairs, writes = 4, 400
	key := func(pair int, half byte) []byte { return fmt.Appendf(nil, "pair/%d/%c", pair, half) }
	write := func(pair int, n uint64) error {
		return s.Update(context.Background(), func(x kv.Txn) error {
			v := binary.BigEndian.AppendUint64(nil, n)
			return errors.Join(x.Set(key(pair, 'a'), v), x.Set(key(pair, 'b'), v))
		})
	}
	for p := range pairs {
		if err := write(p, 0); err != nil {
			t.Fatal(err)
		}
	}
	var ended atomic.Bool
	var readers, writers sync.WaitGroup
	for p := range pairs {
		writers.Go(func() {
			for n := uint64(1); n <= writes; n++ {
				if err := write(p, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
		readers.Go(func() {
			last := uint64(0)
			for !ended.Load() {
				err := s.View(context.Background(), func(r kv.Reader) error {
					a, err := r.Get(key(p, 'a'))
					if err != nil {
						return err
					}
					b, err := r.Get(key(p, 'b'))
					if err != nil {
						return err
					}
					n := binary.BigEndian.Uint64(a)
					if !bytes.Equal(a, b) || n < last {
						return fmt.Errorf("pair %d reads %x and %x after %d", p, a, b, last)
					}
					last = n
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	ended.Store(true)
	readers.Wait()
	for p := range pairs {
		for range 3 {
			if got := get(t, s, string(key(p, 'a'))); binary.BigEndian.Uint64([]byte(got)) != writes {
				t.Errorf("pair %d ends at %x", p, got)
			}
		}
	}
}
