package meta

import (
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

type testDocument struct{ Text string }

// TestBucketConfig: a document acts at once through a fresh bucket record, goes
// with nil and with its bucket, and one that should be there and is not is never
// taken for none.
func TestBucketConfig(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	put := func(doc any) {
		write(t, s, func(tx *Txn) error {
			b, err := tx.Bucket("photos")
			if err != nil {
				return err
			}
			return tx.PutBucketConfig(b, keyhaven.ConfigPolicy, doc)
		})
	}
	get := func() *testDocument {
		t.Helper()
		b, err := s.Bucket(t.Context(), "photos")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := BucketConfig[testDocument](t.Context(), s, b, keyhaven.ConfigPolicy)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	write(t, s, func(tx *Txn) error { return tx.PutBucket(numbered("photos", 1)) })
	if doc := get(); doc != nil {
		t.Errorf("a new bucket has the document %+v", doc)
	}
	for _, text := range []string{"one", "two"} {
		put(testDocument{text})
		if doc := get(); doc == nil || doc.Text != text {
			t.Errorf("document = %+v, want %q", doc, text)
		}
	}
	if first, second := get(), get(); first != second {
		t.Error("the document is decoded for every request")
	}
	put(nil)
	if doc := get(); doc != nil || kinds(t, engine)["C"] != 0 {
		t.Errorf("after its removal the document is %+v, records %v", doc, kinds(t, engine))
	}
	put(testDocument{"three"})
	write(t, s, func(tx *Txn) error {
		more, err := tx.DropBucket(testBucket, 100)
		if more {
			t.Error("DropBucket() leaves something")
		}
		return err
	})
	if n := kinds(t, engine)["C"]; n != 0 {
		t.Errorf("%d documents are left of a deleted bucket", n)
	}
	b, err := s.Bucket(t.Context(), "photos")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(engine).bucketConfig(t, b); err == nil {
		t.Error("a document that is lost is taken for none")
	}
}

func (s *Store) bucketConfig(t *testing.T, b *keyhaven.Bucket) (*testDocument, error) {
	return BucketConfig[testDocument](t.Context(), s, b, keyhaven.ConfigPolicy)
}
