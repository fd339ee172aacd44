package meta

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

var testBucket = keyhaven.BucketID{1}

// genKey draws keys that are close to each other: shared prefixes, separators,
// and bytes that the escaping must get right.
func genKey() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "/", "\x00", "\x01", "\xff", "é"}), 1, 4),
		func(s []string) string { return strings.Join(s, "") })
}

func genPrefix() *rapid.Generator[string] { return rapid.OneOf(rapid.Just(""), genKey()) }

// place is where an iterator stands in the model: a key and what is under it.
type place struct {
	key    string
	seq    uint64
	latest bool
}

// walk drives an iterator and a sorted slice of places at the same time. A
// place is compared with what show says of the iterator.
type walk struct {
	t    *rapid.T
	want []place
	at   int
	show func() (place, error)
}

// moved checks a move of the iterator to the place of this index, or to the end.
func (w *walk) moved(what string, ok bool, to int) {
	if to < 0 {
		to = len(w.want)
	}
	w.at = to
	if ok != (to < len(w.want)) {
		w.t.Fatalf("%s = %v, want %v", what, ok, to < len(w.want))
	}
	if !ok {
		return
	}
	got, err := w.show()
	if err != nil || got != w.want[to] {
		w.t.Fatalf("%s moves to %+v, %v, want %+v", what, got, err, w.want[to])
	}
}

// first returns the index of the first place that is not before.
func (w *walk) first(before func(p place) bool) int {
	return slices.IndexFunc(w.want, func(p place) bool { return !before(p) })
}

// pastPrefix reports whether a key is not after those that begin with prefix.
func pastPrefix(prefix string) func(p place) bool {
	return func(p place) bool { return p.key < prefix || strings.HasPrefix(p.key, prefix) }
}

func TestObjectIter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(genKey(), 0, 12, rapid.ID).Draw(t, "keys")
		prefix := genPrefix().Draw(t, "prefix")
		s := New(memkv.New())
		w := &walk{t: t, at: -1}
		write(t, s, func(tx *Txn) error {
			for i, k := range keys {
				v := &Version{}
				v.Key, v.Version.Seq = k, uint64(i)
				if err := tx.ReplaceCurrent(testBucket, v); err != nil {
					return err
				}
				if strings.HasPrefix(k, prefix) {
					w.want = append(w.want, place{k, uint64(i), true})
				}
			}
			// Neighbours, whose keys must never be seen.
			for _, id := range []keyhaven.BucketID{{0, 0xff}, {1, 0, 1}, {2}} {
				v := &Version{}
				v.Key = prefix + "x"
				if err := tx.ReplaceCurrent(id, v); err != nil {
					return err
				}
			}
			return nil
		})
		slices.SortFunc(w.want, func(a, b place) int { return strings.Compare(a.key, b.key) })
		read(t, s, func(r *Reader) error {
			it := r.Objects(testBucket, prefix)
			w.show = func() (place, error) {
				v, err := it.Version()
				return place{string(it.Key()), v.Version.Seq, v.Latest}, err
			}
			for range rapid.IntRange(1, 8).Draw(t, "moves") {
				k := rapid.OneOf(genKey(), rapid.SampledFrom(append(keys, "a"))).Draw(t, "to")
				switch rapid.IntRange(0, 3).Draw(t, "move") {
				case 0:
					if w.at < len(w.want) {
						w.moved("Next()", it.Next(), w.at+1)
					}
				case 1:
					w.moved(fmt.Sprintf("Seek(%q)", k), it.Seek(k), w.first(func(p place) bool { return p.key < k }))
				case 2:
					w.moved(fmt.Sprintf("SeekAfter(%q)", k), it.SeekAfter(k), w.first(func(p place) bool { return p.key <= k }))
				case 3:
					w.moved(fmt.Sprintf("SeekPast(%q)", k), it.SeekPast(k), w.first(pastPrefix(k)))
				}
			}
			return it.Close()
		})
	})
}

// putVersions writes a random history of one key the way the service does and
// returns what a listing must show, newest first.
func putVersions(t *rapid.T, tx *Txn, key string) (want []place) {
	n := rapid.IntRange(1, 4).Draw(t, "versions")
	null := rapid.IntRange(-1, n-1).Draw(t, "null")
	var prev *Version
	for i := range n {
		v := &Version{}
		v.Key, v.DeleteMarker = key, rapid.Bool().Draw(t, "marker")
		v.Version = keyhaven.VersionID{Seq: uint64(i+1) * 10, Null: i == null}
		if err := tx.PutVersion(testBucket, prev, v); err != nil {
			t.Fatal(err)
		}
		prev = v
		want = append(want, place{key, v.Version.Seq, i == n-1})
	}
	slices.Reverse(want)
	return want
}

func TestVersionIter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(genKey(), 0, 6, rapid.ID).Draw(t, "keys")
		prefix := genPrefix().Draw(t, "prefix")
		s := New(memkv.New())
		w := &walk{t: t, at: -1}
		slices.Sort(keys)
		for _, k := range keys {
			write(t, s, func(tx *Txn) error {
				places := putVersions(t, tx, k)
				if strings.HasPrefix(k, prefix) {
					w.want = append(w.want, places...)
				}
				return nil
			})
		}
		read(t, s, func(r *Reader) error {
			it := r.Versions(testBucket, prefix)
			w.show = func() (place, error) {
				v, err := it.Version()
				return place{it.Key(), v.Version.Seq, v.Latest}, err
			}
			for range rapid.IntRange(1, 8).Draw(t, "moves") {
				k := rapid.OneOf(genKey(), rapid.SampledFrom(append(keys, "a"))).Draw(t, "to")
				switch rapid.IntRange(0, 3).Draw(t, "move") {
				case 0:
					if w.at < len(w.want) {
						w.moved("Next()", it.Next(), w.at+1)
					}
				case 1:
					w.moved(fmt.Sprintf("Seek(%q)", k), it.Seek(k), w.first(func(p place) bool { return p.key < k }))
				case 2:
					// Also between versions, where one has been deleted since.
					seq := rapid.Uint64Range(1, 50).Draw(t, "seq")
					w.moved(fmt.Sprintf("SeekVersion(%q, %d)", k, seq), it.SeekVersion(k, seq), w.first(func(p place) bool {
						return p.key < k || p.key == k && p.seq >= seq
					}))
				case 3:
					w.moved(fmt.Sprintf("SeekPast(%q)", k), it.SeekPast(k), w.first(pastPrefix(k)))
				}
			}
			return it.Close()
		})
	})
}

func TestUploadIter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(genKey(), 0, 8).Draw(t, "keys")
		prefix := genPrefix().Draw(t, "prefix")
		s := New(memkv.New())
		w := &walk{t: t, at: -1}
		write(t, s, func(tx *Txn) error {
			for i, k := range keys {
				seq := uint64(len(keys)-i) * 10
				u := &Upload{Ref: idOf(seq, 1), Bucket: testBucket, Upload: keyhaven.Upload{Key: k}}
				if err := tx.PutUpload(u); err != nil {
					return err
				}
				if strings.HasPrefix(k, prefix) {
					w.want = append(w.want, place{key: k, seq: seq})
				}
			}
			return nil
		})
		slices.SortFunc(w.want, func(a, b place) int {
			return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
		})
		read(t, s, func(r *Reader) error {
			it := r.Uploads(testBucket, prefix)
			w.show = func() (place, error) {
				u, err := it.Upload()
				if err == nil && (u.ID != u.Ref.String() || u.Key != it.Key()) {
					t.Errorf("upload %v of %q says it is %s of %q", u.Ref, it.Key(), u.ID, u.Key)
				}
				for seq := range uint64(100) {
					if u.Ref == idOf(seq, 1) {
						return place{key: it.Key(), seq: seq}, err
					}
				}
				return place{}, err
			}
			for range rapid.IntRange(1, 8).Draw(t, "moves") {
				k := rapid.OneOf(genKey(), rapid.SampledFrom(append(keys, "a"))).Draw(t, "to")
				switch rapid.IntRange(0, 3).Draw(t, "move") {
				case 0:
					if w.at < len(w.want) {
						w.moved("Next()", it.Next(), w.at+1)
					}
				case 1:
					w.moved(fmt.Sprintf("SeekAfterKey(%q)", k), it.SeekAfterKey(k), w.first(func(p place) bool { return p.key <= k }))
				case 2:
					seq := rapid.Uint64Range(1, 90).Draw(t, "seq")
					w.moved(fmt.Sprintf("SeekAfterUpload(%q, %d)", k, seq), it.SeekAfterUpload(k, idOf(seq, 1)), w.first(func(p place) bool {
						return p.key < k || p.key == k && p.seq <= seq
					}))
				case 3:
					w.moved(fmt.Sprintf("SeekPast(%q)", k), it.SeekPast(k), w.first(pastPrefix(k)))
				}
			}
			return it.Close()
		})
	})
}

// TestDamagedKeysEndTheWalk: a key that no release writes is reported, not
// skipped and not a panic.
func TestDamagedKeysEndTheWalk(t *testing.T) {
	s := New(memkv.New())
	write(t, s, func(tx *Txn) error {
		for _, kind := range []byte{kindVersion, kindUpload} {
			if err := tx.t.Set(append(bucketScope(kind, testBucket), "no end"...), nil); err != nil {
				return err
			}
		}
		return nil
	})
	read(t, s, func(r *Reader) error {
		versions := r.Versions(testBucket, "")
		if versions.Next() {
			t.Errorf("the version iterator stands at %q", versions.Key())
		}
		if err := versions.Close(); err == nil {
			t.Error("the version iterator ends without an error")
		}
		uploads := r.Uploads(testBucket, "")
		if uploads.Next() {
			t.Errorf("the upload iterator stands at %q", uploads.Key())
		}
		if err := uploads.Close(); err == nil {
			t.Error("the upload iterator ends without an error")
		}
		return nil
	})
}

func write(t fatal, s *Store, fn func(*Txn) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update() = %v", err)
	}
}

func read(t fatal, s *Store, fn func(*Reader) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("View() = %v", err)
	}
}
