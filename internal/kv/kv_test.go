package kv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

func TestCounterCodec(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 255, 256, math.MaxInt64, math.MinInt64} {
		got, err := kv.DecodeCounter(kv.EncodeCounter(n))
		if got != n || err != nil {
			t.Errorf("DecodeCounter(EncodeCounter(%d)) = %d, %v", n, got, err)
		}
	}
	if got, want := kv.EncodeCounter(-2), []byte{255, 255, 255, 255, 255, 255, 255, 254}; !bytes.Equal(got, want) {
		t.Errorf("EncodeCounter(-2) = %x, want %x: the stored form is part of the format", got, want)
	}
	for _, bad := range [][]byte{nil, {}, make([]byte, 7), make([]byte, 9)} {
		if _, err := kv.DecodeCounter(bad); err == nil {
			t.Errorf("DecodeCounter(%d bytes) = nil error", len(bad))
		}
	}
}

// TestPrefixHoldsExactlyItsKeys compares the span of a prefix with the prefix.
func TestPrefixHoldsExactlyItsKeys(t *testing.T) {
	bytesOf := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0xfe, 0xff}), 0, 4)
	rapid.Check(t, func(rt *rapid.T) {
		prefix, key := bytesOf.Draw(rt, "prefix"), bytesOf.Draw(rt, "key")
		before := bytes.Clone(prefix)
		span := kv.Prefix(prefix)
		in := bytes.Compare(key, span.From) >= 0 && (span.To == nil || bytes.Compare(key, span.To) < 0)
		if want := bytes.HasPrefix(key, prefix); in != want {
			rt.Fatalf("%x is in the span of prefix %x: %t, want %t", key, prefix, in, want)
		}
		if !bytes.Equal(prefix, before) {
			rt.Fatalf("Prefix changed its argument %x to %x", before, prefix)
		}
	})
}

// A transfer reads, decides and writes in one transaction; a counter needs no
// read. The function may run more than once, so it only uses its Txn.
func Example() {
	ctx := context.Background()
	store := memkv.New()
	err := store.Update(ctx, func(x kv.Txn) error {
		_, err := x.Get([]byte("bucket/photos"))
		if err == nil {
			return errors.New("the bucket exists")
		}
		if !errors.Is(err, kv.ErrNotFound) {
			return err
		}
		if err := x.Set([]byte("bucket/photos"), []byte("created")); err != nil {
			return err
		}
		return x.Add([]byte("count/buckets"), 1)
	})
	if err != nil {
		fmt.Println(err)
	}
	err = store.View(ctx, func(r kv.Reader) error {
		it := r.Scan(kv.Prefix([]byte("bucket/")))
		for it.Next() {
			value, err := it.Value()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			fmt.Printf("%s: %s\n", it.Key(), value)
		}
		return it.Close()
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: bucket/photos: created
}
