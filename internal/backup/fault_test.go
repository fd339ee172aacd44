package backup_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

var errTold = errors.New("told to fail")

// TestA2_CutOffAnywhere lets the target fail at every call of a backup in turn.
// What was there before must restore, and the next try must succeed.
func TestA2_CutOffAnywhere(t *testing.T) {
	s := newMemorySite(t)
	for range 60 {
		s.act()
	}
	base := targettest.NewMemory()
	first := kept{s.run(base).ID, s.state()}
	for range 60 {
		s.act()
	}
	want := s.state()
	for n := 1; ; n++ {
		to := base.Clone()
		faulty := targettest.NewFaulty(to, func(c targettest.Call) error {
			if c.N >= n { // from here on nothing works, as when the network is gone
				return errTold
			}
			return nil
		})
		m, err := s.backups.Run(t.Context(), backup.Input{To: faulty})
		if err == nil {
			wantRestored(t, to, s.ring, m.ID, want)
			if n < 30 {
				t.Errorf("a backup made only %d calls: too few to mean anything", n)
			}
			return
		}
		if !errors.Is(err, errTold) {
			t.Fatalf("cut off at call %d: Run = %v, want the target's error", n, err)
		}
		list, err := backup.List(t.Context(), to)
		if err != nil || len(list) != 1 {
			t.Fatalf("cut off at call %d: the target has %d backups and %v, want the first alone", n, len(list), err)
		}
		wantRestored(t, to, s.ring, first.id, first.state)
		m = s.run(to)
		wantRestored(t, to, s.ring, m.ID, want)
		wantRestored(t, to, s.ring, first.id, first.state)
		prune(t, to, 1)
		wantNothingLoose(t, to, []*restored{wantRestored(t, to, s.ring, m.ID, want)})
	}
}

// TestA3_GoesOn wants a backup that was cut off late not to begin again.
func TestA3_GoesOn(t *testing.T) {
	ring, _ := ringOf(t)
	opts := smallOptions
	opts.CheckpointBytes = 8 << 10
	s := newSite(t, ring, memkv.New(), memblob.New(), opts)
	t.Cleanup(s.close)
	b := s.bucket("bucket-0")
	for i := range 40 {
		s.put(b, string(rune('a'+i)), make([]byte, 2000))
		s.put(b, string(rune('A'+i))+"/large", make([]byte, 140_000+i))
	}
	to := targettest.NewMemory()
	faulty := targettest.NewFaulty(to, func(c targettest.Call) error {
		if c.Op == "Put" && strings.HasPrefix(c.Name, "backups/") {
			return errTold
		}
		return nil
	})
	if _, err := s.backups.Run(t.Context(), backup.Input{To: faulty}); !errors.Is(err, errTold) {
		t.Fatalf("Run = %v, want the target's error", err)
	}
	m := s.run(to)
	if m.Added.Blobs != 0 {
		t.Errorf("%d blobs were copied again", m.Added.Blobs)
	}
	// What was copied since the last checkpoint is lost.
	if m.Added.Records > 20 {
		t.Errorf("%d of 40 small objects were copied again", m.Added.Records)
	}
	wantRestored(t, to, ring, m.ID, s.state())
	for _, name := range to.Names() {
		if strings.HasPrefix(name, "partial") || strings.Contains(name, "/partial") {
			t.Errorf("%s is left after a backup that succeeded", name)
		}
	}
}

// TestA3_Incremental wants nothing to be copied twice.
func TestA3_Incremental(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	b := s.bucket("bucket-0")
	s.put(b, "small", make([]byte, 100))
	s.put(b, "large", make([]byte, 200_000))
	if got, want := s.run(to).Added, (backup.Added{Records: 1, Blobs: 1, Bytes: 200_100}); got != want {
		t.Errorf("the first backup copied %+v, want %+v", got, want)
	}
	if got := s.run(to).Added; got != (backup.Added{}) {
		t.Errorf("a backup without changes copied %+v", got)
	}
	s.put(b, "small", make([]byte, 200))
	s.put(b, "large too", make([]byte, 300_000))
	m := s.run(to)
	if want := (backup.Added{Records: 1, Blobs: 1, Bytes: 300_200}); m.Added != want {
		t.Errorf("a backup after two changes copied %+v, want %+v", m.Added, want)
	}
	full, err := s.backups.Run(t.Context(), backup.Input{To: to, Full: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := (backup.Added{Records: 1, Blobs: 2, Bytes: 500_200}); full.Added != want {
		t.Errorf("a full backup copied %+v, want %+v", full.Added, want)
	}
	wantRestored(t, to, s.ring, full.ID, s.state())
}

// TestManySmallBackups wants neither segments nor the bytes that nobody needs to
// grow without end.
func TestManySmallBackups(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	b := s.bucket("bucket-0")
	var m *backup.Manifest
	for i := range 60 {
		s.put(b, string(rune('a'+i%26)), make([]byte, 50))
		m = s.run(to)
		if n := len(m.Data.Segments); n > 40 {
			t.Fatalf("backup %d needs %d segments for %d small objects", i, n, m.Data.Records)
		}
		dead := int64(0)
		for _, seg := range m.Data.Segments {
			dead += seg.Records - seg.Live
		}
		if dead > 4*m.Data.Records+10 {
			t.Fatalf("backup %d refers to %d small objects that it does not need, and %d that it does", i, dead, m.Data.Records)
		}
	}
	wantRestored(t, to, s.ring, m.ID, s.state())
}

// TestDamagedSource wants no backup of an installation that cannot be read, a
// word on what is the matter, and the rest to be copied all the same.
func TestDamagedSource(t *testing.T) {
	ring, _ := ringOf(t)
	blobs := faultblob.New(memblob.New())
	s := newSite(t, ring, memkv.New(), blobs, smallOptions)
	t.Cleanup(s.close)
	b := s.bucket("bucket-0")
	s.put(b, "one", make([]byte, 200_000))
	s.put(b, "two", make([]byte, 300_000))
	_, refs := records(t, s.meta)
	for _, op := range []faultblob.Op{faultblob.Open, faultblob.ReadAt} {
		to := targettest.NewMemory()
		blobs.FailFunc(func(c faultblob.Call) error {
			if c.Op == op && c.Ref == refs[0] {
				return blob.ErrCorrupt
			}
			return nil
		})
		_, err := s.backups.Run(t.Context(), backup.Input{To: to})
		if !errors.Is(err, blob.ErrCorrupt) || !strings.Contains(err.Error(), refs[0].String()) || strings.Contains(err.Error(), refs[1].String()) {
			t.Errorf("%s fails: Run = %v, want an error that names the blob %s alone", op, err, refs[0])
		}
		if list, err := backup.List(t.Context(), to); err != nil || len(list) != 0 {
			t.Errorf("%s fails: there are %d backups and %v, want none", op, len(list), err)
		}
		blobs.Heal()
		m := s.run(to)
		if m.Added.Blobs != 1 {
			t.Errorf("%s failed: %d blobs were copied afterwards, want the one that could not be read", op, m.Added.Blobs)
		}
		wantRestored(t, to, ring, m.ID, s.state())
	}
}

func TestCancel(t *testing.T) {
	s := newMemorySite(t)
	for range 60 {
		s.act()
	}
	for _, at := range []string{"data/", "meta/", "index/", "blobs/", "backups/"} {
		ctx, cancel := context.WithCancel(t.Context())
		to := targettest.NewMemory()
		faulty := targettest.NewFaulty(to, func(c targettest.Call) error {
			if c.Op == "Put" && strings.HasPrefix(c.Name, at) {
				cancel()
			}
			return nil
		})
		_, err := s.backups.Run(ctx, backup.Input{To: faulty})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Run that is canceled at %s = %v, want context.Canceled", at, err)
		}
		if list, err := backup.List(t.Context(), to); err != nil || len(list) != 0 {
			t.Errorf("canceled at %s: there are %d backups and %v, want none", at, len(list), err)
		}
	}
}
