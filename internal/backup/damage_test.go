package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
)

// damages are what can happen to a file.
var damages = map[string]func(r *rand.Rand, content []byte) []byte{
	"missing":       func(*rand.Rand, []byte) []byte { return nil },
	"empty":         func(*rand.Rand, []byte) []byte { return []byte{} },
	"cut short":     func(r *rand.Rand, c []byte) []byte { return c[:r.IntN(len(c))] },
	"one byte less": func(_ *rand.Rand, c []byte) []byte { return c[:len(c)-1] },
	"one byte more": func(_ *rand.Rand, c []byte) []byte { return append(c, 0) },
	"a bit flipped": func(r *rand.Rand, c []byte) []byte {
		c[r.IntN(len(c))] ^= 1 << r.IntN(8)
		return c
	},
	"a block of zeros": func(r *rand.Rand, c []byte) []byte {
		for i := r.IntN(len(c)); i < len(c); i++ {
			c[i] = 0
		}
		return append(c, 0)[:len(c)]
	},
	"bytes swapped": func(r *rand.Rand, c []byte) []byte {
		i, j := r.IntN(len(c)), r.IntN(len(c))
		for c[i] == c[j] { // that would be no damage
			i, j = r.IntN(len(c)), r.IntN(len(c))
		}
		c[i], c[j] = c[j], c[i]
		return c
	},
}

// twoBackups returns a target with two backups of a small installation, and the
// second.
func twoBackups(t *testing.T) (*site, *targettest.Memory, kept) {
	t.Helper()
	s := newMemorySite(t)
	to := targettest.NewMemory()
	b := s.bucket("bucket-0")
	s.put(b, "gone", make([]byte, 150_000))
	for i := range 12 {
		s.put(b, string(rune('a'+i)), bytes.Repeat([]byte{byte(i)}, 1000))
	}
	s.put(b, "large", bytes.Repeat([]byte("large"), 40_000))
	s.run(to)
	s.put(b, "gone", nil)
	s.put(b, "new", []byte("new"))
	s.put(b, "new and large", bytes.Repeat([]byte("new"), 50_000))
	return s, to, kept{s.run(to).ID, s.state()}
}

// TestA4_EveryByteMatters damages each file of a target in every way. Restore
// and Verify must refuse it, or the file was not needed and what is restored is
// right.
func TestA4_EveryByteMatters(t *testing.T) {
	s, to, want := twoBackups(t)
	r := rand.New(rand.NewPCG(3, 4))
	refused, unneeded := 0, map[string]bool{}
	for _, name := range to.Names() {
		for what, damage := range damages {
			for range 4 {
				bad := to.Clone()
				content := damage(r, to.File(name))
				if bytes.Equal(content, to.File(name)) && content != nil {
					continue
				}
				bad.SetFile(name, content)
				err := newRestored().restore(bad, s.ring, want.id)
				if (err == nil) != (verifyError(bad, want.id) == nil) {
					t.Errorf("%s %s: Restore = %v, Verify = %v", name, what, err, verifyError(bad, want.id))
				}
				if err == nil {
					unneeded[name] = true
					wantRestored(t, bad, s.ring, want.id, want.state)
					continue
				}
				refused++
				if unneeded[name] {
					t.Errorf("%s is needed and not needed", name)
				}
				if !clear(err, name, want.id) {
					t.Errorf("%s %s: the error does not say so: %v", name, what, err)
				}
			}
		}
	}
	if len(unneeded) > 6 { // of the first backup: manifest, records, two indexes, a blob, maybe a segment
		t.Errorf("of %d files these are not needed: %v", len(to.Names()), unneeded)
	}
	if refused < 100 {
		t.Errorf("only %d damages were refused", refused)
	}
}

// clear reports whether an error says which file is damaged or missing.
func clear(err error, name, id string) bool {
	said := errors.Is(err, backup.ErrDamaged) || errors.Is(err, backup.ErrNotFound) ||
		strings.Contains(err.Error(), "holds no backup "+id)
	return said && (strings.Contains(err.Error(), name) || strings.Contains(err.Error(), id))
}

func verifyError(from backup.Target, id string) error {
	m, err := backup.Find(context.Background(), from, id)
	if err != nil {
		return err
	}
	return backup.Verify(context.Background(), from, m, nil)
}

// TestA4_FilesInTheWrongPlace swaps files of the same kind.
func TestA4_FilesInTheWrongPlace(t *testing.T) {
	s, to, want := twoBackups(t)
	swapped, refused := 0, 0
	for _, a := range to.Names() {
		for _, b := range to.Names() {
			dir := func(name string) string { return name[:strings.LastIndexByte(name, '/')+1] }
			if a >= b || dir(a) == "" || strings.Split(a, "/")[0] != strings.Split(b, "/")[0] {
				continue
			}
			swapped++
			bad := to.Clone()
			bad.SetFile(a, to.File(b))
			bad.SetFile(b, to.File(a))
			if err := newRestored().restore(bad, s.ring, want.id); err != nil {
				refused++
				continue
			}
			wantRestored(t, bad, s.ring, want.id, want.state)
		}
	}
	if swapped < 10 || refused < swapped*3/4 {
		t.Errorf("%d pairs were swapped, and %d of them refused", swapped, refused)
	}
}

// TestDamagedTargetIsMended makes a backup on a target of which any file is
// damaged or missing. Whatever happens, the new backup restores or there is
// none; and a full one always restores.
func TestDamagedTargetIsMended(t *testing.T) {
	s, to, _ := twoBackups(t)
	s.put(s.bucket("bucket-0"), "newer", []byte("newer"))
	want := s.state()
	r := rand.New(rand.NewPCG(5, 6))
	made := 0
	for _, name := range to.Names() {
		if name == "keyhaven-backup.json" {
			continue // nothing says any more whose backups these are
		}
		for what, damage := range damages {
			bad := to.Clone()
			bad.SetFile(name, damage(r, to.File(name)))
			again := bad.Clone()
			full, err := s.backups.Run(t.Context(), backup.Input{To: bad, Full: true})
			if err != nil {
				t.Errorf("%s %s: a full backup fails: %v", name, what, err)
				continue
			}
			wantRestored(t, bad, s.ring, full.ID, want)

			m, err := s.backups.Run(t.Context(), backup.Input{To: again})
			if err != nil {
				t.Errorf("%s %s: a backup fails: %v", name, what, err)
				continue
			}
			if what == "missing" || what == "cut short" || what == "empty" {
				wantRestored(t, again, s.ring, m.ID, want) // what has another size is seen
				made++
			}
		}
	}
	if made < 20 {
		t.Errorf("only %d backups were made on damaged targets", made)
	}
}

// TestPruneOnDamage wants nothing to be deleted that a kept backup needs, though
// a file is damaged that says what it needs: with the file as it was before, the
// backup must restore.
func TestPruneOnDamage(t *testing.T) {
	s, to, want := twoBackups(t)
	r := rand.New(rand.NewPCG(7, 8))
	manifest, refused := "backups/"+want.id+".json", 0
	for _, name := range to.Names() {
		for what, damage := range damages {
			if name == manifest && what == "missing" {
				continue // then there is no such backup
			}
			bad := to.Clone()
			bad.SetFile(name, damage(r, to.File(name)))
			_, err := backup.Prune(t.Context(), bad, 1, quiet)
			if err != nil {
				refused++
			} else if name == manifest {
				t.Errorf("%s %s: Prune goes on", name, what)
			}
			if bad.File(name) != nil || what == "missing" {
				bad.SetFile(name, to.File(name))
			}
			wantRestored(t, bad, s.ring, want.id, want.state)
		}
	}
	if refused < 10 {
		t.Errorf("Prune refused %d targets only", refused)
	}
}

func TestNotOurs(t *testing.T) {
	s := newMemorySite(t)
	foreign := targettest.NewMemory()
	foreign.SetFile("thesis.doc", []byte("years of work"))
	if _, err := s.backups.Run(t.Context(), backup.Input{To: foreign}); err == nil || !strings.Contains(err.Error(), "thesis.doc") {
		t.Errorf("Run on a target with other things = %v, want a refusal that names them", err)
	}
	to := targettest.NewMemory()
	s.run(to)
	to.SetFile("keyhaven-backup.json", nil)
	for what, err := range map[string]error{
		"Run":   func() error { _, err := s.backups.Run(t.Context(), backup.Input{To: to}); return err }(),
		"List":  func() error { _, err := backup.List(t.Context(), to); return err }(),
		"Find":  func() error { _, err := backup.Find(t.Context(), to, ""); return err }(),
		"Prune": func() error { _, err := backup.Prune(t.Context(), to, 1, quiet); return err }(),
	} {
		if err == nil {
			t.Errorf("%s accepts a target that does not say whose it is", what)
		}
	}
	other := newMemorySite(t)
	setInstallation(t, other, "another")
	own := targettest.NewMemory()
	other.run(own)
	if _, err := s.backups.Run(t.Context(), backup.Input{To: own}); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("Run on the target of another installation = %v, want a refusal", err)
	}
	empty := targettest.NewMemory()
	if _, err := backup.Find(t.Context(), empty, ""); !errors.Is(err, backup.ErrNotFound) {
		t.Errorf("Find in an empty target = %v, want ErrNotFound", err)
	}
}

func TestFindAndList(t *testing.T) {
	_, to, newest := twoBackups(t)
	list, err := backup.List(t.Context(), to)
	if err != nil || len(list) != 2 {
		t.Fatalf("List = %d backups, %v", len(list), err)
	}
	if list[0].ID >= list[1].ID || list[1].ID != newest.id || list[0].Manifest.Created.After(list[1].Manifest.Created) {
		t.Errorf("List is not in the order of time: %s, %s", list[0].ID, list[1].ID)
	}
	for id, want := range map[string]string{"": newest.id, list[0].ID: list[0].ID} {
		if m, err := backup.Find(t.Context(), to, id); err != nil || m.ID != want {
			t.Errorf("Find(%q) = %v, %v, want %s", id, m, err, want)
		}
	}
	for _, id := range []string{"../../etc/passwd", "20010101T000000Z-00000000", "x"} {
		if _, err := backup.Find(t.Context(), to, id); err == nil {
			t.Errorf("Find(%q) is accepted", id)
		}
	}
	// The newest is damaged: nobody is given an older one without asking for it.
	name := "backups/" + newest.id + ".json"
	to.SetFile(name, append(to.File(name), ' '))
	if _, err := backup.Find(t.Context(), to, ""); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("Find with a damaged newest backup = %v, want ErrDamaged", err)
	}
	list, err = backup.List(t.Context(), to)
	if err != nil || len(list) != 2 || list[1].Err == nil || list[0].Err != nil {
		t.Errorf("List with a damaged newest backup = %s, %v", fmt.Sprint(list), err)
	}
}
