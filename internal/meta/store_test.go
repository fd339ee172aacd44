package meta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// kinds counts the keys of each kind in an engine.
func kinds(t testing.TB, engine kv.Store) map[string]int {
	t.Helper()
	n := map[string]int{}
	err := engine.View(context.Background(), func(r kv.Reader) error {
		it := r.Scan(kv.Span{})
		for it.Next() {
			n[string(it.Key()[:1])]++
		}
		return it.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAbsenceIsADomainError(t *testing.T) {
	s := New(memkv.New())
	long := strings.Repeat("x", kv.MaxKey+1) // beyond what an engine takes as a key
	read(t, s, func(r *Reader) error {
		for _, name := range []string{"nope", "", long} {
			_, err := r.Bucket(name)
			check(t, "Bucket", err, keyhaven.NotFound, keyhaven.NounBucket)
			_, err = r.AccessKey(name)
			check(t, "AccessKey", err, keyhaven.NotFound, keyhaven.NounAccessKey)
			_, err = r.Account(keyhaven.AccountID(name))
			check(t, "Account", err, keyhaven.NotFound, keyhaven.NounAccount)
			_, err = r.Operation("111122223333", name)
			check(t, "Operation", err, keyhaven.NotFound, keyhaven.NounOperation)
			_, err = r.Upload(testBucket, name, ID{1}.String())
			check(t, "Upload", err, keyhaven.NotFound, keyhaven.NounUpload)
			_, err = r.Upload(testBucket, "key", name)
			check(t, "Upload", err, keyhaven.NotFound, keyhaven.NounUpload)
			v, err := r.Current(testBucket, name)
			if v != nil || err != nil {
				t.Errorf("Current(%.10q) = %v, %v", name, v, err)
			}
			v, err = r.Version(testBucket, name, keyhaven.VersionID{Null: true})
			if v != nil || err != nil {
				t.Errorf("Version(%.10q) = %v, %v", name, v, err)
			}
		}
		empty, err := r.Empty()
		if !empty || err != nil {
			t.Errorf("Empty() = %v, %v", empty, err)
		}
		in, err := r.Installation()
		if in != nil || err != nil {
			t.Errorf("Installation() = %v, %v", in, err)
		}
		return nil
	})
	write(t, s, func(tx *Txn) error { return tx.PutInstallation(Installation{ID: "id"}) })
	read(t, s, func(r *Reader) error {
		if empty, _ := r.Empty(); empty {
			t.Error("Empty() of a store with a record")
		}
		return nil
	})
}

func check(t *testing.T, what string, err error, k keyhaven.Kind, n keyhaven.Noun) {
	t.Helper()
	if !keyhaven.Is(err, k, n) {
		t.Errorf("%s() = %v, want %v %v", what, err, n, k)
	}
}

func TestNextSeqGrows(t *testing.T) {
	s := New(memkv.New())
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var last uint64
			for range 2000 {
				n := s.NextSeq()
				if n <= last {
					t.Errorf("NextSeq() = %d after %d", n, last)
				}
				last = n
				mu.Lock()
				if seen[n] {
					t.Errorf("NextSeq() gave %d twice", n)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if d := time.Since(time.Unix(0, int64(s.NextSeq()))); d.Abs() > time.Minute {
		t.Errorf("NextSeq() is %v away from the clock", d)
	}
}

// TestM3_UsageOfParts lets uploads and parts change at the same time: the
// counters are those of the parts that are there, and end with the upload.
func TestM3_UsageOfParts(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	uploads := []*Upload{{Ref: idOf(1, 1), Bucket: testBucket}, {Ref: idOf(2, 2), Bucket: testBucket}}
	for _, u := range uploads {
		u.Key = "key"
		write(t, s, func(tx *Txn) error { return tx.PutUpload(u) })
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				u := uploads[i%2]
				p := PartRecord{Part: keyhaven.Part{Number: 1 + (i*g)%7, Size: int64(1 + i*31%97)}}
				p.Data.Blob = blob.Ref(idOf(uint64(g+1), uint64(i)))
				if err := s.Update(context.Background(), func(tx *Txn) error { return tx.PutPart(u, &p) }); err != nil {
					t.Errorf("PutPart() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	var all Usage
	read(t, s, func(r *Reader) error {
		for _, u := range uploads {
			var want Usage
			if err := r.Parts(u, 0, func(p *PartRecord) bool {
				want.Parts++
				want.PartBytes += p.Size
				return true
			}); err != nil {
				return err
			}
			got, err := r.UploadUsage(u.Ref)
			if err != nil || got != want || want.Parts == 0 {
				t.Errorf("UploadUsage() = %+v, %v, want %+v", got, err, want)
			}
			all.Parts += want.Parts
			all.PartBytes += want.PartBytes
		}
		got, err := r.Usage(testBucket)
		if err != nil || got != all {
			t.Errorf("Usage() = %+v, %v, want %+v", got, err, all)
		}
		return nil
	})
	for _, u := range uploads {
		write(t, s, func(tx *Txn) error { return tx.EndUpload(u) })
	}
	read(t, s, func(r *Reader) error {
		got, err := r.Usage(testBucket)
		if err != nil || got != (Usage{}) {
			t.Errorf("Usage() after both uploads ended = %+v, %v", got, err)
		}
		return nil
	})
}

// TestM2_LastReleaseFreesOnce: a blob goes to the outbox when the last of those
// that need it lets it go, and not before.
func TestM2_LastReleaseFreesOnce(t *testing.T) {
	s := New(memkv.New())
	d := Data{Blob: blob.Ref{9}}
	version := func(seq uint64) *Version {
		v := &Version{Data: d}
		v.Version.Seq = seq
		return v
	}
	write(t, s, func(tx *Txn) error {
		return errors.Join(tx.Refer(d, version(1)), tx.Refer(d, version(2)))
	})
	for i, want := range []int{0, 1} {
		write(t, s, func(tx *Txn) error { return tx.Release(version(uint64(i + 1))) })
		read(t, s, func(r *Reader) error {
			work, err := r.Outbox(nil, 10)
			if err != nil || len(work) != want {
				t.Errorf("after release %d the outbox is %v, %v, want %d entries", i+1, work, err, want)
			}
			needed, err := r.Referenced(d.Blob)
			if err != nil || needed != (want == 0) {
				t.Errorf("after release %d Referenced() = %v, %v", i+1, needed, err)
			}
			return nil
		})
	}
}

// TestM4_InlineBytes: they are verified when read and go with their version.
func TestM4_InlineBytes(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	v := &Version{}
	write(t, s, func(tx *Txn) (err error) {
		v.Data, err = tx.PutInline([]byte("hello"))
		return err
	})
	read(t, s, func(r *Reader) error {
		got, err := r.Inline(v.Data)
		if err != nil || string(got) != "hello" {
			t.Errorf("Inline() = %q, %v", got, err)
		}
		return nil
	})
	write(t, s, func(tx *Txn) error { return tx.t.Set(keyID(kindData, v.Data.Inline), []byte("hallo")) })
	read(t, s, func(r *Reader) error {
		if got, err := r.Inline(v.Data); !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("Inline() of changed bytes = %q, %v, want ErrCorrupt", got, err)
		}
		return nil
	})
	write(t, s, func(tx *Txn) error { return tx.Release(v) })
	read(t, s, func(r *Reader) error {
		if got, err := r.Inline(v.Data); !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("Inline() of missing bytes = %q, %v, want ErrCorrupt", got, err)
		}
		return nil
	})
	if n := kinds(t, engine); len(n) != 0 {
		t.Errorf("left after the release: %v", n)
	}
}

func TestOperationsAreKeptNinetyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := memkv.New()
		s := New(engine)
		op := &keyhaven.Operation{Account: "111122223333", Region: "us-east-2", ResourceName: "photos", CreatedAt: time.Now().UTC()}
		write(t, s, func(tx *Txn) error { return tx.PutOperation(op) })
		var next time.Time
		read(t, s, func(r *Reader) (err error) { next, err = r.NextDue(); return err })
		if want := op.CreatedAt.Add(OperationRetention); !next.Equal(want) {
			t.Errorf("NextDue() = %v, want %v", next, want)
		}
		sweep := func() {
			sweepDue(t, s, time.Now(), 10)
		}
		time.Sleep(OperationRetention - 1)
		sweep()
		read(t, s, func(r *Reader) error {
			got, err := r.Operation(op.Account, op.ID)
			if d := cmp.Diff(op, got); err != nil || d != "" {
				t.Errorf("Operation() a moment before = %v:\n%s", err, d)
			}
			if _, err := r.Operation("999999999999", op.ID); !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounOperation) {
				t.Errorf("Operation() of another account = %v, want NotFound", err)
			}
			return nil
		})
		time.Sleep(time.Nanosecond)
		sweep()
		if n := kinds(t, engine); len(n) != 0 {
			t.Errorf("left after ninety days: %v", n)
		}
		read(t, s, func(r *Reader) error {
			if next, err := r.NextDue(); !next.IsZero() || err != nil {
				t.Errorf("NextDue() of nothing = %v, %v", next, err)
			}
			return nil
		})
	})
}

// sweepDue does what is due, a page at a time, and returns how many pages there
// were.
func sweepDue(t *testing.T, s *Store, now time.Time, limit int) (pages int) {
	t.Helper()
	for after := (*Due)(nil); ; pages++ {
		var page []Due
		read(t, s, func(r *Reader) (err error) { page, err = r.Due(now, after, limit); return err })
		if len(page) == 0 {
			return pages
		}
		write(t, s, func(tx *Txn) error {
			for _, d := range page {
				if err := tx.Do(d); err != nil {
					return err
				}
			}
			return nil
		})
		after = &page[len(page)-1]
	}
}

// TestDueByPages does a bounded amount in one transaction and leaves what is not
// due.
func TestDueByPages(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	now := time.Now()
	write(t, s, func(tx *Txn) error {
		for i := range 5 {
			if err := tx.PutCompleted(idOf(1, uint64(i)), Completed{Expires: now}); err != nil {
				return err
			}
		}
		return tx.PutCompleted(idOf(2, 0), Completed{Expires: now.Add(1)})
	})
	if n := sweepDue(t, s, now, 2); n != 3 {
		t.Errorf("five entries took %d pages of two", n)
	}
	if d := cmp.Diff(map[string]int{"c": 1, "e": 1}, kinds(t, engine)); d != "" {
		t.Errorf("what is left (-want +got):\n%s", d)
	}
}

func TestOperationsNewestFirst(t *testing.T) {
	s := New(memkv.New())
	const account = "111122223333"
	var ids []string
	for i := range 7 {
		op := &keyhaven.Operation{Account: account, Region: "us-east-2", ResourceName: fmt.Sprint("b", i%2), CreatedAt: time.Now()}
		write(t, s, func(tx *Txn) error { return tx.PutOperation(op) })
		ids = append(ids, op.ID)
	}
	write(t, s, func(tx *Txn) error { // of other regions and accounts
		return errors.Join(
			tx.PutOperation(&keyhaven.Operation{Account: account, Region: "us-east-20", ResourceName: "b0"}),
			tx.PutOperation(&keyhaven.Operation{Account: "111122223334", Region: "us-east-2", ResourceName: "b0"}))
	})
	list := func(resource, before string) (got []string) {
		read(t, s, func(r *Reader) error {
			return r.Operations(account, "us-east-2", resource, before, func(op *keyhaven.Operation) bool {
				got = append(got, op.ID)
				return len(got) < 3
			})
		})
		return got
	}
	for _, tt := range []struct {
		resource, before string
		want             []string
	}{
		{"", "", []string{ids[6], ids[5], ids[4]}},
		{"", ids[4], []string{ids[3], ids[2], ids[1]}},
		{"", ids[0], nil},
		{"b1", "", []string{ids[5], ids[3], ids[1]}},
		{"b1", ids[3], []string{ids[1]}},
		{"b", "", nil},
	} {
		if d := cmp.Diff(tt.want, list(tt.resource, tt.before)); d != "" {
			t.Errorf("Operations(%q, %q) (-want +got):\n%s", tt.resource, tt.before, d)
		}
	}
	read(t, s, func(r *Reader) error {
		err := r.Operations(account, "us-east-2", "", "no uuid", func(*keyhaven.Operation) bool { return true })
		check(t, "Operations", err, keyhaven.Invalid, keyhaven.NounPageToken)
		return nil
	})
}

// TestTimesKeepTheirNanoseconds: the times of records are compared to the
// nanosecond by due entries, in every year that a record can hold.
func TestTimesKeepTheirNanoseconds(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 1), time.Unix(0, math.MaxInt64), time.Date(1960, 1, 1, 0, 0, 0, 5, time.UTC)} {
		e := newRecord(0)
		e.time(7, at)
		b, err := decodeBucket("", e.b)
		if err != nil || !b.BundleChangedAt.Equal(at) {
			t.Errorf("%v reads as %v, %v", at, b.BundleChangedAt, err)
		}
	}
}
