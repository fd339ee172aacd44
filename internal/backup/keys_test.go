package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

func setInstallation(t *testing.T, s *site, id string) {
	t.Helper()
	err := s.meta.Update(t.Context(), func(tx *meta.Txn) error {
		return tx.PutInstallation(meta.Installation{ID: id, Account: account, KeyRing: s.ring.Fingerprint()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrongRing(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	m := s.run(to)
	wrong, _ := ringOf(t)
	if err := newRestored().restore(to, wrong, m.ID); err == nil || !strings.Contains(err.Error(), "key ring") {
		t.Errorf("Restore with another ring = %v, want a refusal", err)
	}
	if err := newRestored().restore(to, nil, m.ID); err == nil {
		t.Error("Restore without a ring is accepted")
	}
}

// TestOldRing restores with a copy of the ring from before a rotation: it has
// the same fingerprint and does not open everything.
func TestOldRing(t *testing.T) {
	s := newMemorySite(t)
	raw, err := os.ReadFile(s.ringPath)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(old, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.ring.Rotate(); err != nil {
		t.Fatal(err)
	}
	key, err := s.access.CreateRootKey(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	to := targettest.NewMemory()
	m := s.run(to)
	ring, err := seal.LoadOrCreate(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := newRestored().restore(to, ring, m.ID); !errors.Is(err, seal.ErrOpen) || !strings.Contains(err.Error(), key.ID) {
		t.Errorf("Restore with an old ring = %v, want a refusal that names the key %s", err, key.ID)
	}
	wantRestored(t, to, s.ring, m.ID, s.state())
}

func TestSecretsAreSealedInTheTarget(t *testing.T) {
	s := newMemorySite(t)
	s.bucket("bucket-0")
	key, _, err := s.access.CreateBucketKey(t.Context(), access.BucketKeyInput{Account: account, Region: region, Bucket: "bucket-0"})
	if err != nil {
		t.Fatal(err)
	}
	to := targettest.NewMemory()
	ring, err := os.ReadFile(s.ringPath)
	if err != nil {
		t.Fatal(err)
	}
	s.run(to)
	for _, name := range to.Names() {
		if strings.Contains(string(to.File(name)), key.Secret.Reveal()) {
			t.Errorf("%s holds a secret access key", name)
		}
		if name == backup.KeyRingName {
			t.Error("the key ring is in the target, and nobody asked for it")
		}
	}
	if _, err := s.backups.Run(t.Context(), backup.Input{To: to, KeyRing: ring}); err != nil {
		t.Fatal(err)
	}
	if got := string(to.File(backup.KeyRingName)); got != string(ring) {
		t.Error("the key ring in the target is not the one that was given")
	}
}

// TestWithoutKeys wants everything but what the old ring sealed for people: the
// access keys and the MFA devices.
func TestWithoutKeys(t *testing.T) {
	s := newMemorySite(t)
	for range 80 {
		s.act()
	}
	phone := &keyhaven.MFADevice{Entity: keyhaven.Entity{ID: "AMFA1", Account: account, Name: "phone"}, Owner: string(account)}
	var err error
	if phone.Seed, err = s.ring.Seal([]byte("SEED"), phone.SealContext()); err != nil {
		t.Fatal(err)
	}
	if err := s.meta.Update(t.Context(), func(tx *meta.Txn) error { return tx.PutEntity(phone) }); err != nil {
		t.Fatal(err)
	}
	to := targettest.NewMemory()
	m := s.run(to)
	ring, _ := ringOf(t)
	r := newRestored()
	named := r.named()
	err = backup.Restore(t.Context(), backup.RestoreInput{From: to, Manifest: m, Meta: r.meta, Blobs: named, Ring: ring, WithoutKeys: true})
	if err != nil {
		t.Fatalf("Restore = %v", err)
	}
	if err := named.Close(); err != nil {
		t.Fatal(err)
	}
	blobs, err := fileblob.Open(r.dir, fileblob.Options{FS: r.fs})
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	// The source without its keys, and with the new ring, must be the same.
	err = s.meta.Update(t.Context(), func(tx *meta.Txn) error {
		var keys []*meta.KeyRecord
		if err := tx.DeleteEntity(phone); err != nil {
			return err
		}
		err := tx.AccessKeys(func(k *meta.KeyRecord) error {
			keys = append(keys, k)
			return nil
		})
		for _, k := range keys {
			if err == nil {
				err = tx.DeleteAccessKey(k)
			}
		}
		if err == nil {
			err = tx.PutInstallation(meta.Installation{ID: installation, Account: account, KeyRing: ring.Fingerprint()})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.state(), state(t, r.meta, blobs)); d != "" {
		t.Errorf("what was restored (-want +got):\n%s", d)
	}
}

// TestRestoreTwice restores into a store that holds something.
func TestRestoreTwice(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	m := s.run(to)
	r := newRestored()
	if err := r.restore(to, s.ring, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.restore(to, s.ring, m.ID); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("Restore into a store that holds something = %v, want a refusal", err)
	}
}

// TestRestoreGoesOn cuts a restore off at every call and tries again with the
// blobs that are there.
func TestRestoreGoesOn(t *testing.T) {
	s := newMemorySite(t)
	for range 80 {
		s.act()
	}
	to := targettest.NewMemory()
	m := s.run(to)
	want := s.state()
	whole := targettest.NewFaulty(to, func(targettest.Call) error { return nil })
	if err := newRestored().restore(whole, s.ring, m.ID); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.Calls(); n++ {
		r := newRestored()
		cut := targettest.NewFaulty(to, func(c targettest.Call) error {
			if c.N >= n {
				return errTold
			}
			return nil
		})
		r.copiers = 1 // more would be cut off together, each with a blob that is not there
		if err := r.restore(cut, s.ring, m.ID); !errors.Is(err, errTold) {
			t.Fatalf("Restore that is cut off at call %d = %v", n, err)
		}
		again := newRestored()
		again.fs = r.fs
		counting := targettest.NewFaulty(to, func(targettest.Call) error { return nil })
		if err := again.restore(counting, s.ring, m.ID); err != nil {
			t.Fatalf("the next try after call %d = %v", n, err)
		}
		if n == whole.Calls() && counting.Calls() > whole.Calls()-int(m.Blobs.Blobs)+1 {
			t.Errorf("the next try made %d calls of %d: it did not use the blobs that were there", counting.Calls(), whole.Calls())
		}
		blobs, err := fileblob.Open(again.dir, fileblob.Options{FS: again.fs})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, state(t, again.meta, blobs)); d != "" {
			t.Fatalf("the next try after call %d (-want +got):\n%s", n, d)
		}
		blobs.Close()
	}
}

func TestOneAtATime(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	s.run(to)
	l, err := to.Lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.backups.Run(t.Context(), backup.Input{To: to}); !errors.Is(err, backup.ErrLocked) {
		t.Errorf("Run on a locked target = %v, want ErrLocked", err)
	}
	if _, err := backup.Prune(t.Context(), to, 1, quiet); !errors.Is(err, backup.ErrLocked) {
		t.Errorf("Prune on a locked target = %v, want ErrLocked", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	s.run(to)
}

// TestLostLock loses the lock while a backup and a prune are under way.
func TestLostLock(t *testing.T) {
	s := newMemorySite(t)
	to := targettest.NewMemory()
	first := s.run(to)
	s.run(to)
	lost := targettest.NewFaulty(to, func(c targettest.Call) error {
		if c.Op == "Check" {
			return backup.ErrLost
		}
		return nil
	})
	if _, err := s.backups.Run(t.Context(), backup.Input{To: lost}); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Run = %v, want ErrLost", err)
	}
	before := to.Names()
	if _, err := backup.Prune(t.Context(), lost, 1, quiet); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Prune = %v, want ErrLost", err)
	}
	if d := cmp.Diff(before, to.Names()); d != "" {
		t.Errorf("Prune without the lock (-before +after):\n%s", d)
	}
	if list, err := backup.List(t.Context(), to); err != nil || len(list) != 2 || list[0].ID != first.ID {
		t.Errorf("the target has %d backups and %v, want the two from before", len(list), err)
	}
}
