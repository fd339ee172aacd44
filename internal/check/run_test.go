package check_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

func TestRunFindsNothingInASoundStore(t *testing.T) {
	r := newRig(t)
	r.expectClean("empty store")
	r.fill()
	sum := r.expectClean("filled store")
	if sum.Buckets != 2 || sum.Objects < 15 || sum.Uploads < 2 || sum.Pending == 0 || sum.LeftOver != 0 {
		t.Errorf("summary = %+v", sum)
	}
	if err := r.sweep.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sum := r.expectClean("swept store"); sum.Pending != 0 || sum.LeftOver != 0 {
		t.Errorf("summary after sweep = %+v", sum)
	}
}

// TestRunStopsHalfWayThroughSweep checks between all steps of a sweep that each
// leave the outbox half done.
func TestRunBetweenTheStepsOfSweep(t *testing.T) {
	r := newRig(t)
	r.fill()
	for {
		var work []meta.Work
		err := r.meta.View(t.Context(), func(x *meta.Reader) (err error) {
			work, err = x.Outbox(nil, 100)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(work) == 0 {
			return
		}
		// The last entry first, in steps of one record.
		w := work[len(work)-1]
		for more := true; more; {
			err := r.meta.Update(t.Context(), func(tx *meta.Txn) (err error) {
				switch w.Kind {
				case meta.FreeUpload:
					more, err = tx.DropParts(w.ID, 1)
				case meta.PurgeBucket:
					more, err = tx.DropBucket(w.Bucket, 1)
				case meta.FreeManifest:
					more, err = false, tx.DropManifest(w.ID)
				case meta.FreeBlob:
					more = false
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			r.expectClean(fmt.Sprintf("in the middle of work of kind %d", w.Kind))
		}
		if w.Kind == meta.FreeBlob {
			if err := r.blobs.Delete(t.Context(), w.Blob); err != nil {
				t.Fatal(err)
			}
			r.expectClean("after a blob was freed")
		}
		if err := r.meta.Update(t.Context(), func(tx *meta.Txn) error { return tx.Done(w) }); err != nil {
			t.Fatal(err)
		}
		r.expectClean("after an entry was done")
	}
}

// unnoticed says whose loss nothing else in the store tells of.
func unnoticed(p pair) bool { return p.key[0] == 's' || p.key[0] == 'u' }

// TestRunNoticesEveryMissingKey deletes each key of a store in turn. What Run
// can make again is as it was after a repair.
func TestRunNoticesEveryMissingKey(t *testing.T) {
	r := newRig(t)
	r.fill()
	r.must(r.sweep.Once(t.Context()))
	before := r.pairs()
	for _, p := range before {
		r.unset(p.key)
		lines, _ := r.run(check.Options{Deep: true})
		if len(lines) == 0 && !unnoticed(p) {
			t.Errorf("nobody noticed that %q is missing", p.key)
		}
		if bytes.IndexByte([]byte("KBnreGht"), p.key[0]) >= 0 && len(lines) > 0 {
			if lines, sum := r.run(check.Options{Repair: true}); len(lines) == 0 || sum.Repaired == 0 {
				t.Errorf("%q was not repaired: %q", p.key, lines)
			}
			r.expectClean(fmt.Sprintf("repaired %q", p.key))
		}
		r.set(p.key, p.value)
	}
	if diff := cmp.Diff(before, r.pairs(), cmp.AllowUnexported(pair{})); diff != "" {
		t.Errorf("the store is not as it was (-want +got):\n%s", diff)
	}
}

// TestRunNoticesLostWork deletes each entry of the outbox in turn. One of a blob
// leaves a left-over, which sweep finds at the next start.
func TestRunNoticesLostWork(t *testing.T) {
	r := newRig(t)
	r.fill()
	outbox := outboxOf(r)
	for _, p := range r.pairs() {
		if p.key[0] != 'x' {
			continue
		}
		r.unset(p.key)
		lines, sum := r.run(check.Options{Repair: true})
		if outbox[string(p.key)].Kind == meta.FreeBlob {
			if len(lines) > 0 || sum.LeftOver != 1 {
				t.Errorf("without %v Run found %q and %d left-overs, want 1", outbox[string(p.key)], lines, sum.LeftOver)
			}
		} else if len(lines) == 0 {
			t.Errorf("nobody noticed that %v is missing", outbox[string(p.key)])
		}
		r.set(p.key, p.value)
	}
	r.expectClean("with everything as it was")
}

func outboxOf(r *rig) map[string]meta.Work {
	all := map[string]meta.Work{}
	var work []meta.Work
	r.must(r.meta.View(r.t.Context(), func(x *meta.Reader) (err error) {
		work, err = x.Outbox(nil, 1000)
		return err
	}))
	i := 0
	for _, p := range r.pairs() {
		if p.key[0] == 'x' {
			all[string(p.key)] = work[i]
			i++
		}
	}
	return all
}

// TestRunSurvivesDamagedValues cuts and flips values. Run must neither panic nor
// change the store, and with Repair must not delete what a record needs that
// cannot be read (C2).
func TestRunSurvivesDamagedValues(t *testing.T) {
	r := newRig(t)
	r.fill()
	references := func() (n int) {
		for _, p := range r.pairs() {
			if p.key[0] == 'r' || p.key[0] == 'd' {
				n++
			}
		}
		return n
	}
	before := references()
	lasting := r.lasting()
	for _, p := range r.pairs() {
		if len(p.value) == 0 || p.key[0] == 'd' && !lasting[string(p.key)] {
			continue
		}
		for name, bad := range map[string][]byte{
			"cut":   p.value[:len(p.value)-1],
			"empty": {},
			"flip":  flip(p.value, 0),
		} {
			r.set(p.key, bad)
			lines, _ := r.run(check.Options{Repair: true})
			if len(lines) == 0 && p.key[0] != 's' && p.key[0] != 't' && p.key[0] != 'u' {
				t.Errorf("nobody noticed that the value of %q is %s", p.key, name)
			}
		}
		r.set(p.key, p.value)
	}
	if after := references(); after != before {
		t.Errorf("%d references and data records are left of %d", after, before)
	}
	r.run(check.Options{Repair: true})
	r.expectClean("with everything as it was")
}

func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 0x80
	return b
}

// TestRunChecksMFADevices: a seed that the ring does not open, and a device of a
// user that is not there.
func TestRunChecksMFADevices(t *testing.T) {
	r := newRig(t)
	r.fill()
	d := keyhaven.MFADevice{Entity: keyhaven.Entity{ID: "AMFA1", Account: account, Name: "phone"}, Owner: string(account)}
	var err error
	d.Seed, err = r.ring.Seal([]byte("SEED"), d.SealContext())
	r.must(err)
	put := func() { r.must(r.meta.Update(t.Context(), func(tx *meta.Txn) error { return tx.PutEntity(&d) })) }
	put()
	r.expectClean("with a device of the root")
	d.Owner = "AIDANOBODY"
	put()
	if lines, _ := r.run(check.Options{}); len(lines) != 1 || !strings.Contains(lines[0], "AIDANOBODY") {
		t.Errorf("of a device whose user is gone Run says %q", lines)
	}
	d.Owner, d.Seed = "", d.Seed[1:]
	put()
	if lines, _ := r.run(check.Options{}); len(lines) != 1 || !strings.Contains(lines[0], "cannot be unsealed") {
		t.Errorf("of a damaged seed Run says %q", lines)
	}
}

// TestRunFindsWhatNothingNeeds adds entries that follow from no record.
func TestRunFindsWhatNothingNeeds(t *testing.T) {
	r := newRig(t)
	r.fill()
	id := func(b byte) string { return strings.Repeat(string(b), 16) }
	for _, c := range []struct {
		key, value string
		want       string
		repaired   bool
	}{
		{"Kr111122223333AKIAAAAAAAAAAAAAAAAA", "", "owner index", true},
		{"B111122223333nobody", "\x01", "bucket index", true},
		{"t" + id(9) + "c", "\x00\x00\x00\x00\x00\x00\x00\x05", "counter", true},
		{"n" + id(9) + "key\x00\x01", "\x00\x00\x00\x00\x00\x00\x00\x05", "null version index", true},
		{"d" + id(9), "bytes", "data record", false},
		{"f" + id(9), "\x01", "manifest", false},
		{"r" + id(9) + id(8), "", "reference", true},
		{"p" + id(9) + "\x00\x01", "\x01\x08\x01", "part", false},
		{"e\x7f\x00\x00\x00\x00\x00\x00\x00c" + id(9), "", "due entry", true},
		{"G111122223333us-east-1\x00\x01" + id(9), "", "operation index", true},
		{"h111122223333us-east-1\x00\x01plain\x00\x01" + id(9), "", "operation index", true},
		{"uAKIAAAAAAAAAAAAAAAAA", "\x01", "last use", true},
		{"o" + id(9) + "key", "\x01", "is not there and nothing purges it", false},
		{"Q", "", "unknown kind", false},
	} {
		r.set([]byte(c.key), []byte(c.value))
		for _, held := range []int{1, 3, 1000} { // a search in many parts and in one
			var opts check.Options
			opts.Hold(held)
			lines, _ := r.run(opts)
			if len(lines) != 1 && c.repaired || !strings.Contains(strings.Join(lines, "\n"), c.want) {
				t.Errorf("with %q added Run found %q, want something of %q", c.key, lines, c.want)
			}
		}
		r.run(check.Options{Repair: true})
		lines, _ := r.run(check.Options{})
		if gone := len(lines) == 0; gone != c.repaired {
			t.Errorf("after the repair of %q: %q", c.key, lines)
		}
		r.unset([]byte(c.key))
	}
	r.expectClean("at the end")
}

func TestRunFindsWrongCounters(t *testing.T) {
	r := newRig(t)
	r.fill()
	for _, p := range r.pairs() {
		if p.key[0] != 't' {
			continue
		}
		n, err := kv.DecodeCounter(p.value)
		if err != nil {
			t.Fatal(err)
		}
		r.set(p.key, kv.EncodeCounter(n+1))
		lines, _ := r.run(check.Options{Repair: true})
		if len(lines) != 1 && !purged(r, p.key) {
			t.Errorf("a wrong counter %q gives %q", p.key, lines)
		}
		lines, _ = r.run(check.Options{})
		if len(lines) > 0 {
			t.Errorf("after the repair of %q: %q", p.key, lines)
		}
	}
}

// purged reports whether the counter is one of a bucket that is being purged.
func purged(r *rig, key []byte) bool {
	for _, w := range outboxOf(r) {
		if w.Kind == meta.PurgeBucket && bytes.HasPrefix(key[1:], w.Bucket[:]) {
			return true
		}
	}
	return false
}

func TestRunCountsLeftOvers(t *testing.T) {
	r := newRig(t)
	r.fill()
	for range 3 {
		w, err := r.blobs.Create(t.Context(), -1)
		r.must(err)
		_, err = w.Write([]byte("nobody names this"))
		r.must(err)
		_, err = w.Commit(t.Context())
		r.must(err)
	}
	if sum := r.expectClean("with left-overs"); sum.LeftOver != 3 {
		t.Errorf("LeftOver = %d, want 3", sum.LeftOver)
	}
}

func TestRunFindsMissingBlobs(t *testing.T) {
	r := newRig(t)
	r.fill()
	r.must(r.sweep.Once(t.Context()))
	n := 0
	for info, err := range r.blobs.List(t.Context()) {
		r.must(err)
		n++
		lost := &without{Store: r.blobs, ref: info.Ref}
		var found []check.Finding
		_, err := check.Run(t.Context(), r.meta, lost, check.Options{Report: func(f check.Finding) error {
			found = append(found, f)
			return nil
		}})
		r.must(err)
		if len(found) == 0 || found[0].Blob != info.Ref.String() || found[0].Bucket == "" || found[0].Key == "" {
			t.Errorf("without blob %v Run found %+v", info.Ref, found)
		}
		found = nil
		_, err = check.Scrub(t.Context(), r.meta, lost, check.ScrubOptions{Finding: func(f check.Finding) error {
			found = append(found, f)
			return nil
		}})
		r.must(err)
		if len(found) == 0 || found[0].Blob != info.Ref.String() || found[0].Bucket == "" || found[0].Key == "" {
			t.Errorf("without blob %v Scrub found %+v", info.Ref, found)
		}
	}
	if n < 5 {
		t.Fatalf("only %d blobs in the store", n)
	}
}
