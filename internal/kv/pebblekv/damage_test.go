package pebblekv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// TestR4_DamageIsAnError flips bits of what is on disk. A read returns what was
// written or an error, and the key can still be written and deleted.
func TestR4_DamageIsAnError(t *testing.T) {
	damaged := 0
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) { // reads of damaged tables are paced
			damaged += damageHistory(t, rand.New(rand.NewPCG(4, seed)))
		})
	}
	if damaged == 0 {
		t.Error("no read met the damage: the test damages nothing")
	}
}

// damageHistory returns how many reads met damage.
func damageHistory(t *testing.T, rnd *rand.Rand) (damaged int) {
	const keys = 200
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i), 7}, 1000) }
	mem := vfs.NewMem()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: mem, MemTableBytes: 1})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	for i := range keys {
		err := store.Update(context.Background(), func(x kv.Txn) error { return x.Set(fmt.Appendf(nil, "k/%d", i), value(i)) })
		if err != nil {
			t.Fatalf("Update() = %v", err)
		}
	}
	closeStore(t, store)
	flipBits(t, mem, rnd)
	store, err = pebblekv.Open("/kv", pebblekv.Options{FS: mem})
	if err != nil {
		return 1 // to refuse is right as well
	}
	defer closeStore(t, store)
	for i := range keys {
		err := store.View(context.Background(), func(r kv.Reader) error {
			v, err := r.Get(fmt.Appendf(nil, "k/%d", i))
			if err == nil && !bytes.Equal(v, value(i)) {
				t.Errorf("Get(%d) returned wrong bytes and no error", i)
			}
			return err
		})
		if err != nil {
			damaged++
		}
		if errors.Is(err, kv.ErrNotFound) {
			t.Errorf("Get(%d) = %v: damage looks like absence", i, err)
		}
	}
	err = store.Update(context.Background(), func(x kv.Txn) error {
		for i := range keys {
			if err := x.Delete(fmt.Appendf(nil, "k/%d", i)); err != nil {
				return err
			}
		}
		return x.Set([]byte("k/0"), []byte("new"))
	})
	if err != nil {
		t.Errorf("Update() of a damaged store = %v", err)
	}
	return damaged
}

// flipBits flips a bit in every eighth KiB of each blob file and one near its
// end, and one in each table.
func flipBits(t *testing.T, mem *vfs.MemFS, rnd *rand.Rand) {
	t.Helper()
	names, err := mem.List("/kv")
	if err != nil {
		t.Fatalf("List() = %v", err)
	}
	for _, name := range names {
		if !isTable(name) && !isBlob(name) {
			continue
		}
		f, err := mem.OpenReadWrite("/kv/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatalf("OpenReadWrite() = %v", err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatalf("Stat() = %v", err)
		}
		step := info.Size()
		if isBlob(name) {
			step = min(8<<10, step)
			if rnd.IntN(4) == 0 {
				flipBit(t, f, info.Size()-1-rnd.Int64N(min(200, step)), rnd)
			}
		}
		for at := rnd.Int64N(step); at < info.Size(); at += step {
			flipBit(t, f, at, rnd)
		}
		if err := f.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
	}
}

func flipBit(t *testing.T, f vfs.File, at int64, rnd *rand.Rand) {
	t.Helper()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatalf("ReadAt() = %v", err)
	}
	b[0] ^= 1 << rnd.IntN(8)
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatalf("WriteAt() = %v", err)
	}
}

// TestR4_DamagedLog: a store that was closed needs nothing of its log. Damage to the
// end of a log could be taken for the end of one that a crash cut off.
func TestR4_DamagedLog(t *testing.T) {
	const keys = 12
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i), 3}, 600) }
	mem := vfs.NewMem()
	store, err := pebblekv.Open("/kv", pebblekv.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		err := store.Update(context.Background(), func(x kv.Txn) error { return x.Set(fmt.Appendf(nil, "k/%d", i), value(i)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, store)
	names, err := mem.List("/kv")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n, ".log") {
			continue
		}
		f, err := mem.Create("/kv/"+n, vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = f.Write(bytes.Repeat([]byte{0xa5}, 100))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	store, err = pebblekv.Open("/kv", pebblekv.Options{FS: mem})
	if err != nil {
		return // to refuse is right as well
	}
	defer closeStore(t, store)
	for i := range keys {
		err := store.View(context.Background(), func(r kv.Reader) error {
			v, err := r.Get(fmt.Appendf(nil, "k/%d", i))
			if err == nil && !bytes.Equal(v, value(i)) {
				t.Errorf("Get(%d) returned wrong bytes", i)
			}
			return err
		})
		if err != nil {
			t.Errorf("Get(%d) = %v, in a store that opens", i, err)
		}
	}
}
