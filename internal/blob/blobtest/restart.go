package blobtest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
)

func (s suite) restart(t *testing.T) {
	dir := t.TempDir()
	want := make(map[blob.Ref][]byte)
	for round := range 3 {
		store := s.open(t, dir)
		sizes := make(map[blob.Ref]int64)
		for ref, content := range want {
			sizes[ref] = int64(len(content))
			check(t, store, ref, content)
		}
		if diff := cmp.Diff(sizes, listed(t, store)); diff != "" {
			t.Errorf("List in round %d (-want +got):\n%s", round, diff)
		}
		for i, n := range []int{0, 1, s.ChunkSize, 3*s.ChunkSize + 1} {
			content := Bytes(uint64(10*round+i), n)
			want[put(t, store, content)] = content
		}
		// A writer that never ends leaves nothing for the next round.
		write(t, create(t, store, -1), Bytes(1, 3*s.ChunkSize))
		closeStore(t, store)
	}
}

func (s suite) restartAfterDelete(t *testing.T) {
	dir := t.TempDir()
	store := s.open(t, dir)
	kept, gone := put(t, store, []byte("kept")), put(t, store, []byte("gone"))
	if err := store.Delete(context.Background(), gone); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	closeStore(t, store)

	store = s.open(t, dir)
	defer closeStore(t, store)
	checkAbsent(t, store, gone)
	check(t, store, kept, []byte("kept"))
	if err := store.Delete(context.Background(), kept); err != nil {
		t.Fatalf("Delete of a blob of another session: %v", err)
	}
	checkAbsent(t, store, kept)
}
