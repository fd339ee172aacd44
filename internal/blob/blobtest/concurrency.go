package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	workers = 32
	rounds  = 4
)

// concurrency lets 32 workers write, read their own and others' blobs, delete
// and list at once.
func (s suite) concurrency(t *testing.T) {
	store := s.start(t)
	shared := Bytes(99, 3*s.ChunkSize+5)
	ref := put(t, store, shared)
	r := openBlob(t, store, ref)
	defer closeReader(t, r)

	var mu sync.Mutex
	want := map[blob.Ref]int64{ref: int64(len(shared))}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for round := range rounds {
				content := Bytes(uint64(i*rounds+round), i*s.ChunkSize/8+round)
				ref, kept, err := work(store, r, shared, content, (i+round)%2 == 0)
				if err != nil {
					t.Errorf("worker %d, round %d: %v", i, round, err)
					return
				}
				if kept {
					mu.Lock()
					want[ref] = int64(len(content))
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(want, listed(t, store)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

// work does what a worker does in a round, and reports whether its blob stays.
func work(store blob.Store, common blob.Reader, shared, content []byte, keep bool) (blob.Ref, bool, error) {
	ctx := context.Background()
	w, err := store.Create(ctx, int64(len(content)))
	if err != nil {
		return blob.Ref{}, false, err
	}
	defer w.Abort() // after Commit it does nothing (B5)
	if _, err := w.Write(content); err != nil {
		return blob.Ref{}, false, err
	}
	ref, err := w.Commit(ctx)
	if err != nil {
		return blob.Ref{}, false, err
	}
	own, err := store.Open(ctx, ref)
	if err != nil {
		return ref, false, err
	}
	defer own.Close()
	if err := same(own, content); err != nil {
		return ref, false, err
	}
	if err := same(common, shared); err != nil {
		return ref, false, fmt.Errorf("shared reader: %w", err)
	}
	for _, err := range store.List(ctx) {
		if err != nil {
			return ref, false, err
		}
	}
	if keep {
		return ref, true, nil
	}
	if err := store.Delete(ctx, ref); err != nil {
		return ref, false, err
	}
	return ref, false, same(own, content)
}

func same(r blob.Reader, want []byte) error {
	got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("read other bytes than were written")
	}
	return nil
}
