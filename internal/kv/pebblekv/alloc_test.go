//go:build !race

package pebblekv_test

import (
	"context"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// TestReadsDoNotAllocate guards the hot path of small reads.
func TestReadsDoNotAllocate(t *testing.T) {
	ctx := context.Background()
	store := openMem(t)
	defer closeStore(t, store)
	if err := setKey(ctx, store, "key")(); err != nil {
		t.Fatalf("Update() = %v", err)
	}
	key := []byte("key")
	fn := func(r kv.Reader) error {
		_, err := r.Get(key)
		return err
	}
	if n := testing.AllocsPerRun(200, func() { _ = store.View(ctx, fn) }); n >= 1 {
		t.Errorf("View of one Get allocates %v times", n)
	}
}
