package kvtest

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// Bench measures an engine: durable updates of a small record and a counter by
// many writers, with and without a small object beside the record, reads of one
// key, alone and while others write, and a walk of a thousand keys.
func Bench(b *testing.B, open func(b *testing.B, dir string) kv.Store) {
	runs := []struct {
		name string
		run  func(*testing.B, kv.Store)
	}{
		{"Update", func(b *testing.B, s kv.Store) { benchUpdate(b, s, 0) }},
		{"Update4KiB", func(b *testing.B, s kv.Store) { benchUpdate(b, s, 4<<10) }},
		{"Get", benchGet},
		{"GetWhileWriting", benchGetWhileWriting},
		{"GetMissing", benchGetMissing},
		{"Scan1000", benchScan},
	}
	for _, r := range runs {
		b.Run(r.name, func(b *testing.B) {
			store := open(b, b.TempDir())
			defer func() {
				if err := store.Close(); err != nil {
					b.Errorf("Close() = %v", err)
				}
			}()
			r.run(b, store)
		})
	}
}

const benchWriters = 32 // per processor, as connections of clients

// recordKey scatters records like the keys of objects.
func recordKey(buf []byte, i uint64) []byte {
	buf = append(buf[:0], "r/bucket/some/object/"...)
	return binary.BigEndian.AppendUint64(buf, i*0x9e3779b97f4a7c15)
}

func benchUpdate(b *testing.B, store kv.Store, inline int) {
	record, data := make([]byte, 150), noise(inline)
	var next atomic.Uint64
	b.SetParallelism(benchWriters)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var buf, dataKey []byte
		for pb.Next() {
			i := next.Add(1)
			err := store.Update(context.Background(), func(x kv.Txn) error {
				buf = recordKey(buf, i)
				if _, err := x.Get(buf); err == nil {
					return errors.New("written before")
				}
				if inline > 0 {
					dataKey = binary.BigEndian.AppendUint64(append(dataKey[:0], 'd'), i)
					if err := x.Set(dataKey, data); err != nil {
						return err
					}
				}
				return errors.Join(x.Set(buf, record), x.Add([]byte("c/bucket/count"), 1),
					x.Add([]byte("c/bucket/bytes"), int64(inline)))
			})
			if err != nil {
				b.Errorf("Update() = %v", err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// noise does not compress.
func noise(n int) []byte {
	out := make([]byte, 0, n+8)
	for x := uint64(1); len(out) < n; x = x*6364136223846793005 + 1442695040888963407 {
		out = binary.LittleEndian.AppendUint64(out, x^x>>29)
	}
	return out[:n]
}

const benchRecords = 100_000

func fill(b *testing.B, store kv.Store) {
	b.Helper()
	record := make([]byte, 150)
	var buf []byte
	for lo := uint64(0); lo < benchRecords; lo += 1000 {
		err := store.Update(context.Background(), func(x kv.Txn) error {
			for i := lo; i < lo+1000; i++ {
				buf = recordKey(buf, i)
				if err := x.Set(buf, record); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatalf("Update() = %v", err)
		}
	}
	b.ResetTimer()
}

// readLoop gets keys from first on, in the order of their numbers.
func readLoop(b *testing.B, store kv.Store, pb *testing.PB, first uint64, wanted error) {
	var buf []byte
	fn := func(r kv.Reader) error {
		if _, err := r.Get(buf); !errors.Is(err, wanted) {
			b.Errorf("Get() = %v, want %v", err, wanted)
		}
		return nil
	}
	for i := first; pb.Next(); i++ {
		buf = recordKey(buf, i%benchRecords+first/benchRecords*benchRecords)
		if err := store.View(context.Background(), fn); err != nil {
			b.Errorf("View() = %v", err)
		}
	}
}

func benchGet(b *testing.B, store kv.Store) {
	fill(b, store)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) { readLoop(b, store, pb, 0, nil) })
}

func benchGetMissing(b *testing.B, store kv.Store) {
	fill(b, store)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) { readLoop(b, store, pb, 10*benchRecords, kv.ErrNotFound) })
}

// benchGetWhileWriting shows what pending syncs and snapshots cost readers.
func benchGetWhileWriting(b *testing.B, store kv.Store) {
	fill(b, store)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var buf []byte
		for i := uint64(benchRecords); ; i++ {
			err := store.Update(ctx, func(x kv.Txn) error {
				buf = recordKey(buf, i)
				return x.Set(buf, buf)
			})
			if err != nil {
				return
			}
		}
	}()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) { readLoop(b, store, pb, 0, nil) })
	cancel()
	<-done
}

func benchScan(b *testing.B, store kv.Store) {
	fill(b, store)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := 0
			err := store.View(context.Background(), func(r kv.Reader) error {
				it := r.Scan(kv.Prefix([]byte("r/")))
				for n < 1000 && it.Next() {
					if _, err := it.Value(); err != nil {
						return errors.Join(err, it.Close())
					}
					n++
				}
				return it.Close()
			})
			if err != nil || n != 1000 {
				b.Errorf("View() = %v after %d pairs", err, n)
			}
		}
	})
}
