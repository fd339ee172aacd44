package backup_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/dirtarget"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// kept is a backup and the state that it must restore to.
type kept struct {
	id    string
	state []string
}

// TestR13_RestoreEqualsSource makes backups in a random history and wants each
// of them to restore to the state that it was made of, also after a prune.
func TestR13_RestoreEqualsSource(t *testing.T) {
	ring, _ := ringOf(t)
	rapid.Check(t, func(t *rapid.T) {
		s := newSite(t, ring, memkv.New(), memblob.New(), smallOptions)
		defer s.close()
		s.rand = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		to := targettest.NewMemory()
		var all []kept
		for range rapid.IntRange(1, 4).Draw(t, "backups") {
			for range rapid.IntRange(0, 40).Draw(t, "changes") {
				s.act()
			}
			m, err := s.backups.Run(context.Background(), backup.Input{To: to, Full: rapid.IntRange(0, 9).Draw(t, "full") == 0})
			if err != nil {
				t.Fatalf("Run = %v", err)
			}
			all = append(all, kept{m.ID, s.state()})
		}
		for _, k := range all {
			wantRestored(t, to, ring, k.id, k.state)
			verify(t, to, k.id)
		}
		keep := rapid.IntRange(1, len(all)).Draw(t, "keep")
		prune(t, to, keep)
		var stores []*restored
		for _, k := range all[len(all)-keep:] {
			stores = append(stores, wantRestored(t, to, ring, k.id, k.state))
		}
		wantNothingLoose(t, to, stores)
	})
}

func verify(t tester, from backup.Target, id string) {
	t.Helper()
	m, err := backup.Find(context.Background(), from, id)
	if err == nil {
		err = backup.Verify(context.Background(), from, m, nil)
	}
	if err != nil {
		t.Fatalf("Verify of %s = %v", id, err)
	}
}

func prune(t tester, to backup.Target, keep int) backup.Pruned {
	t.Helper()
	out, err := backup.Prune(context.Background(), to, keep, quiet)
	if err != nil {
		t.Fatalf("Prune = %v", err)
	}
	return out
}

// wantNothingLoose wants the target to hold the files of these backups, and no
// other.
func wantNothingLoose(t tester, to *targettest.Memory, stores []*restored) {
	t.Helper()
	needed := map[string]bool{}
	list, err := backup.List(context.Background(), to)
	if err != nil || len(list) != len(stores) {
		t.Fatalf("List shows %d backups and %v, want %d", len(list), err, len(stores))
	}
	for i, l := range list {
		for _, seg := range l.Manifest.Data.Segments {
			needed[seg.Name] = true
		}
		_, refs := records(t, stores[i].meta)
		for _, ref := range refs {
			needed[ref.String()] = true
		}
	}
	// A manifest, the records and two indexes each, and whose backups these are.
	if got, want := len(to.Names()), 1+4*len(list)+len(needed); got != want {
		t.Errorf("the target has %d files, and %d are needed:\n%q", got, want, to.Names())
	}
}

// TestOnDisk does the same once with what a server has: Pebble, files and a
// directory.
func TestOnDisk(t *testing.T) {
	ring, _ := ringOf(t)
	dir := t.TempDir()
	engine, err := pebblekv.Open(filepath.Join(dir, "meta"), pebblekv.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	blobDir := mkdir(t, dir, "blobs")
	blobs, err := fileblob.Open(blobDir, fileblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, ring, engine, blobs, smallOptions)
	defer s.close()
	target := func() backup.Target { return dirtarget.Open(filepath.Join(dir, "target")) }
	var all []kept
	for range 3 {
		for range 40 {
			s.act()
		}
		all = append(all, kept{s.run(target()).ID, s.state()})
		// Blobs of several sessions, as after restarts.
		if err := s.blobs.Close(); err != nil {
			t.Fatal(err)
		}
		if blobs, err = fileblob.Open(blobDir, fileblob.Options{}); err != nil {
			t.Fatal(err)
		}
		step := s.rand
		s = siteOn(t, ring, engine, blobs, smallOptions)
		s.rand = step
	}
	for _, k := range all {
		wantRestoredOnDisk(t, target(), s, k)
	}
	prune(t, target(), 1)
	wantRestoredOnDisk(t, target(), s, all[2])
}

func wantRestoredOnDisk(t *testing.T, from backup.Target, s *site, k kept) {
	t.Helper()
	dir := t.TempDir()
	engine, err := pebblekv.Open(filepath.Join(dir, "meta"), pebblekv.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	m, err := backup.Find(t.Context(), from, k.id)
	if err != nil {
		t.Fatal(err)
	}
	blobDir := mkdir(t, dir, "blobs")
	named := backup.NewNamedBlobs(func(random io.Reader) (blob.Store, error) {
		return fileblob.Open(blobDir, fileblob.Options{Random: random})
	})
	restored := meta.New(engine)
	err = backup.Restore(t.Context(), backup.RestoreInput{From: from, Manifest: m, Meta: restored, Blobs: named, Ring: s.ring})
	if err != nil {
		t.Fatalf("Restore = %v", err)
	}
	if err := named.Close(); err != nil {
		t.Fatal(err)
	}
	blobs, err := fileblob.Open(blobDir, fileblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	got := state(t, restored, blobs)
	if len(got) != len(k.state) {
		t.Fatalf("%d lines of state were restored, want %d", len(got), len(k.state))
	}
	for i := range got {
		if got[i] != k.state[i] {
			t.Fatalf("line %d of what was restored is\n%s\nwant\n%s", i, got[i], k.state[i])
		}
	}
}

func mkdir(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
