package fileblob_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
)

func benchStore(b *testing.B) *fileblob.Store {
	b.Helper()
	s, err := fileblob.Open(b.TempDir(), fileblob.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkPut writes a blob in steps as a server gets it, and deletes it.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{64 << 10, 8 << 20, 64 << 20} {
		b.Run(fmt.Sprint(size>>10, "KiB"), func(b *testing.B) {
			s := benchStore(b)
			ctx := context.Background()
			step := blobtest.Bytes(1, 64<<10)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				w, err := s.Create(ctx, int64(size))
				if err != nil {
					b.Fatal(err)
				}
				for range size / len(step) {
					if _, err := w.Write(step); err != nil {
						b.Fatal(err)
					}
				}
				ref, err := w.Commit(ctx)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Delete(ctx, ref); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGet opens a blob of 8 MiB and reads it from the cache.
func BenchmarkGet(b *testing.B) {
	const size = 8 << 20
	s := benchStore(b)
	ctx := context.Background()
	w, err := s.Create(ctx, size)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Write(blobtest.Bytes(1, size)); err != nil {
		b.Fatal(err)
	}
	ref, err := w.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for _, step := range []int{32 << 10, 64 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprint("by ", step>>10, "KiB"), func(b *testing.B) {
			p := make([]byte, step)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.Open(ctx, ref)
				if err != nil {
					b.Fatal(err)
				}
				for off := int64(0); off < size; off += int64(step) {
					if n, err := r.ReadAt(p, off); n != step || err != nil {
						b.Fatal(n, err)
					}
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
