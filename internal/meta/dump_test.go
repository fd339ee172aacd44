package meta

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// filled returns a store with an account, keys, a bucket, a small object, one
// in a blob, and one of two parts.
func filled(t *testing.T) *Store {
	t.Helper()
	s := New(memkv.New())
	b := &keyhaven.Bucket{ID: keyhaven.BucketID{1}, Name: "bucket", Account: "111122223333"}
	err := s.Update(t.Context(), func(tx *Txn) error {
		small, err := tx.PutInline([]byte("small"))
		if err != nil {
			return err
		}
		part, err := tx.PutInline([]byte("part one"))
		if err != nil {
			return err
		}
		upload := ID{2}
		parts := []PartRecord{{Data: part}, {Data: Data{Blob: blob.Ref{3}}}}
		for i := range parts {
			parts[i].Number = i + 1
		}
		steps := []func() error{
			func() error { return tx.PutAccount(keyhaven.Account{ID: b.Account}) },
			func() error { return tx.PutBucket(b) },
			func() error {
				return tx.PutAccessKey(&KeyRecord{Sealed: []byte("x"), AccessKey: keyhaven.AccessKey{ID: "AKIA", Owner: keyhaven.OwnerRoot, Account: b.Account}})
			},
			func() error { return tx.PutLastUsed("AKIA", keyhaven.LastUsed{Region: "r"}, keyhaven.KeyActivity{}) },
			func() error { return tx.refer(parts[1].Data, upload) },
			func() error { return tx.putManifest(upload, parts) },
			func() error { return putAs(tx, b, "a", 10, small) },
			func() error { return putAs(tx, b, "b", 11, Data{Blob: blob.Ref{1}}) },
			func() error { return putAs(tx, b, "c", 12, Data{Manifest: upload}) },
			func() error { return putAs(tx, b, "copy of b", 13, Data{Blob: blob.Ref{1}}) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func putAs(tx *Txn, b *keyhaven.Bucket, key string, seq uint64, d Data) error {
	v := &Version{Object: keyhaven.Object{Key: key, Version: keyhaven.VersionID{Seq: seq}}, Data: d}
	if err := tx.Refer(d, v); err != nil {
		return err
	}
	if err := tx.AddUsage(b.ID, Usage{Objects: 1}); err != nil {
		return err
	}
	return tx.PutVersion(b.ID, nil, v)
}

// everything is all that a store holds, a line each.
func everything(t *testing.T, s *Store) (lines []string) {
	t.Helper()
	err := s.View(context.Background(), func(r *Reader) error {
		err := r.Pairs(func(k, v []byte) error {
			lines = append(lines, fmt.Sprintf("%q %q", k, v))
			return nil
		})
		if err != nil {
			return err
		}
		it := r.InlineData(ID{})
		for it.Next() {
			id, err := it.ID()
			if err != nil {
				return err
			}
			data, err := it.Data()
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%x %q", id, data))
		}
		return it.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestDumpAndLoad(t *testing.T) {
	from, to := filled(t), New(memkv.New())
	err := from.View(t.Context(), func(r *Reader) error {
		return to.Update(t.Context(), func(tx *Txn) error {
			if err := r.Pairs(tx.LoadPair); err != nil {
				return err
			}
			it := r.InlineData(ID{})
			defer it.Close()
			for it.Next() {
				id, _ := it.ID()
				data, err := it.Data()
				if err != nil {
					return err
				}
				if err := tx.LoadInline(id, data); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := everything(t, from)
	if len(want) < 15 {
		t.Fatalf("the store has %d records only", len(want))
	}
	if d := cmp.Diff(want, everything(t, to)); d != "" {
		t.Errorf("loaded store (-want +got):\n%s", d)
	}
}

func TestBlobs(t *testing.T) {
	var got []blob.Ref
	err := filled(t).View(t.Context(), func(r *Reader) error {
		return r.Blobs(func(ref blob.Ref) error {
			got = append(got, ref)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]blob.Ref{{1}, {3}}, got); d != "" {
		t.Errorf("Blobs (-want +got):\n%s", d)
	}
}

func TestInlineDataAfter(t *testing.T) {
	err := filled(t).View(t.Context(), func(r *Reader) error {
		var ids []ID
		it := r.InlineData(ID{})
		for it.Next() {
			id, err := it.ID()
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if err := it.Close(); err != nil {
			return err
		}
		if len(ids) != 2 {
			t.Fatalf("InlineData shows %d records, want 2", len(ids))
		}
		it = r.InlineData(ids[0])
		defer it.Close()
		if !it.Next() {
			t.Fatal("InlineData after the first shows nothing")
		}
		if id, _ := it.ID(); id != ids[1] {
			t.Errorf("InlineData after the first begins with %x, want %x", id, ids[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccessKeys(t *testing.T) {
	var ids []string
	keyPairs := 0
	err := filled(t).View(t.Context(), func(r *Reader) error {
		err := r.AccessKeys(func(k *KeyRecord) error {
			ids = append(ids, k.ID)
			return nil
		})
		if err != nil {
			return err
		}
		return r.Pairs(func(k, _ []byte) error {
			if OfCredential(k) {
				keyPairs++
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, []string{"AKIA"}) {
		t.Errorf("AccessKeys = %q, want AKIA alone", ids)
	}
	if keyPairs != 3 {
		t.Errorf("%d pairs belong to access keys, want its record, its index and its last use", keyPairs)
	}
}

func TestLoadRefuses(t *testing.T) {
	s := New(memkv.New())
	for name, load := range map[string]func(tx *Txn) error{
		"an empty key":                func(tx *Txn) error { return tx.LoadPair(nil, nil) },
		"a data record as a pair":     func(tx *Txn) error { return tx.LoadPair([]byte{kindData, 1}, nil) },
		"a data record without an id": func(tx *Txn) error { return tx.LoadInline(ID{}, nil) },
	} {
		if err := s.Update(t.Context(), load); err == nil {
			t.Errorf("loading %s is accepted", name)
		}
	}
}
