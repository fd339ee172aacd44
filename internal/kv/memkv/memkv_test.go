package memkv_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/kvtest"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

func TestContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T, string) kv.Store { return memkv.New() }, kvtest.Volatile)
}

func Benchmark(b *testing.B) {
	kvtest.Bench(b, func(*testing.B, string) kv.Store { return memkv.New() })
}

func TestK3_RerunningStoreFindsEffects(t *testing.T) {
	store := memkv.NewRerunning()
	runs := 0
	err := store.Update(context.Background(), func(x kv.Txn) error {
		runs++
		return x.Add([]byte("n"), 1)
	})
	if err != nil || runs != 2 {
		t.Errorf("Update() = %v after %d runs, want two", err, runs)
	}
	err = store.View(context.Background(), func(r kv.Reader) error {
		v, err := r.Get([]byte("n"))
		if !bytes.Equal(v, kv.EncodeCounter(1)) {
			t.Errorf("n = %x, want 1: the run for nothing left something", v)
		}
		return err
	})
	if err != nil {
		t.Errorf("View() = %v", err)
	}
}

// TestK7_KeptSlicesAreOverwritten checks that this engine finds callers that
// keep what they were lent, or change it.
func TestK7_KeptSlicesAreOverwritten(t *testing.T) {
	ctx := context.Background()
	store := memkv.New()
	err := store.Update(ctx, func(x kv.Txn) error { return x.Set([]byte("key"), []byte("value")) })
	if err != nil {
		t.Fatalf("Update() = %v", err)
	}
	var kept [][]byte
	err = store.View(ctx, func(r kv.Reader) error {
		v, err := r.Get([]byte("key"))
		if err != nil {
			return err
		}
		it := r.Scan(kv.Span{})
		it.Next()
		w, err := it.Value()
		if err != nil {
			return err
		}
		kept = [][]byte{v, it.Key(), w}
		return it.Close()
	})
	if err != nil {
		t.Fatalf("View() = %v", err)
	}
	for _, slice := range kept {
		if bytes.Contains([]byte("key value"), slice) {
			t.Errorf("a slice still holds %q after its end", slice)
		}
	}
	err = store.View(ctx, func(r kv.Reader) error {
		v, err := r.Get([]byte("key"))
		v[0]++
		return err
	})
	if err == nil {
		t.Error("View() of a function that changes a value = nil")
	}
}
