package fileblob

import (
	"errors"
	"testing"
	"testing/synctest"
)

// TestDirSyncIsShared: those who come while a sync runs are served by one more,
// not by the one that runs (F2).
func TestDirSyncIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d dirSyncer
		syncs := 0
		gates := make(chan error)
		sync := func() error {
			syncs++
			return <-gates
		}
		errFirst := errors.New("first")
		first := make(chan error)
		go func() { first <- d.do(sync) }()
		synctest.Wait()
		if syncs != 1 {
			t.Fatalf("%d syncs have begun, want 1", syncs)
		}
		later := make(chan error, 10)
		for range 10 {
			go func() { later <- d.do(sync) }()
		}
		synctest.Wait()
		if syncs != 1 || len(later) != 0 {
			t.Fatalf("during the first sync: %d syncs and %d returns, want 1 and none", syncs, len(later))
		}

		gates <- errFirst
		if err := <-first; !errors.Is(err, errFirst) {
			t.Errorf("first = %v, want its own error", err)
		}
		synctest.Wait()
		if syncs != 2 || len(later) != 0 {
			t.Fatalf("after the first sync: %d syncs and %d returns, want 2 and none", syncs, len(later))
		}
		gates <- nil
		synctest.Wait()
		if syncs != 2 || len(later) != 10 {
			t.Fatalf("after the second sync: %d syncs and %d returns, want 2 and 10", syncs, len(later))
		}
		for range 10 {
			if err := <-later; err != nil {
				t.Errorf("a later caller got %v of another's sync", err)
			}
		}

		go func() { first <- d.do(sync) }()
		synctest.Wait()
		if syncs != 3 {
			t.Errorf("%d syncs, want a third for a new caller", syncs)
		}
		gates <- nil
		<-first
	})
}
