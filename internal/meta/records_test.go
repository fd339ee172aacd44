package meta

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// record says how one kind of record is written and read, so that every test of
// encodings ranges over all of them. put and get go through the store's own
// methods; a test that needs the bytes takes the first key of the kind.
type record struct {
	name string
	kind byte
	gen  *rapid.Generator[any]
	put  func(tx *Txn, noun any) error
	get  func(r *Reader, key []byte) (any, error)
}

// records are all kinds that hold more than a number or a reference.
var records = []record{
	{
		"bucket", kindBucket, genBucket().AsAny(),
		func(tx *Txn, n any) error { return tx.PutBucket(n.(*keyhaven.Bucket)) },
		func(r *Reader, k []byte) (any, error) { return r.Bucket(string(k[1:])) },
	},
	{
		"access-key", kindAccessKey, genKeyRecord().AsAny(),
		func(tx *Txn, n any) error { return tx.PutAccessKey(n.(*KeyRecord)) },
		func(r *Reader, k []byte) (any, error) { return r.AccessKey(string(k[1:])) },
	},
	{
		"last-used", kindLastUsed, genLastUsed().AsAny(),
		func(tx *Txn, n any) error {
			k := &KeyRecord{AccessKey: keyhaven.AccessKey{ID: "AKIAIOSFODNN7EXAMPLE"}}
			if err := tx.PutAccessKey(k); err != nil {
				return err
			}
			return tx.PutLastUsed(k.ID, n.(keyhaven.LastUsed), keyhaven.KeyActivity{})
		},
		func(r *Reader, k []byte) (any, error) { return r.LastUsed(string(k[1:])) },
	},
	{
		"version", kindCurrent, genVersion().AsAny(),
		// Straight to the key of the current version: a delete marker never
		// stands there, but its record is the same.
		func(tx *Txn, n any) error { return tx.ReplaceCurrent(keyhaven.BucketID{}, n.(*Version)) },
		func(r *Reader, k []byte) (any, error) { return r.Current(keyhaven.BucketID{}, string(k[17:])) },
	},
	{
		"upload", kindUpload, genUpload().AsAny(),
		func(tx *Txn, n any) error { return tx.PutUpload(n.(*Upload)) },
		func(r *Reader, k []byte) (any, error) {
			it := r.Uploads(keyhaven.BucketID(k[1:17]), "")
			defer it.Close()
			it.Next()
			return it.Upload()
		},
	},
	{
		"part", kindPart, genPart().AsAny(),
		func(tx *Txn, n any) error { p := n.(PartRecord); return tx.PutPart(&Upload{}, &p) },
		func(r *Reader, k []byte) (any, error) {
			p, err := r.Part(&Upload{}, int(k[17])<<8|int(k[18]))
			if p == nil {
				return nil, err
			}
			return *p, err
		},
	},
	{
		"manifest", kindManifest, rapid.SliceOfN(genPart(), 1, 3).AsAny(),
		func(tx *Txn, n any) error { return tx.putManifest(ID{}, n.([]PartRecord)) },
		func(r *Reader, k []byte) (any, error) { return r.Manifest(ID{}) },
	},
	{
		"completed", kindCompleted, genCompleted().AsAny(),
		func(tx *Txn, n any) error { return tx.PutCompleted(ID{}, n.(Completed)) },
		func(r *Reader, k []byte) (any, error) {
			c, err := r.Completed(ID{})
			if c == nil {
				return nil, err
			}
			return *c, err
		},
	},
	{
		"outbox", kindOutbox, genWork().AsAny(),
		func(tx *Txn, n any) error { return tx.putOutbox(n.(Work)) },
		func(r *Reader, k []byte) (any, error) {
			w, err := r.Outbox(nil, 1)
			if err != nil || len(w) == 0 {
				return nil, err
			}
			return w[0], w[0].Err
		},
	},
	{
		"event", kindQueue, genEvent().AsAny(),
		func(tx *Txn, n any) error { return tx.PutEvent(n.(*Event)) },
		func(r *Reader, k []byte) (any, error) {
			names, err := r.EventWebhooks()
			if err != nil || len(names) == 0 {
				return nil, err
			}
			events, err := r.Events(names[0], 1)
			if err != nil || len(events) == 0 {
				return nil, err
			}
			return events[0], nil
		},
	},
	{
		"log-batch", kindLogBatch, genLogBatch().AsAny(),
		func(tx *Txn, n any) error { return tx.PutLogBatch(n.(*LogBatch)) },
		func(r *Reader, k []byte) (any, error) {
			b, _, err := r.LogBatches(1)
			if err != nil || len(b) == 0 {
				return nil, err
			}
			return b[0], nil
		},
	},
	{
		"operation", kindOperation, genOperation().AsAny(),
		func(tx *Txn, n any) error { return tx.PutOperation(n.(*keyhaven.Operation)) },
		func(r *Reader, k []byte) (any, error) { return r.operation(ID(k[1:])) },
	},
	{
		"installation", kindSystem, rapid.Custom(func(t *rapid.T) Installation {
			text := rapid.StringN(0, 8, 32)
			return Installation{ID: text.Draw(t, "id"), Account: genAccount().Draw(t, "account"), KeyRing: text.Draw(t, "ring")}
		}).AsAny(),
		func(tx *Txn, n any) error { return tx.PutInstallation(n.(Installation)) },
		func(r *Reader, k []byte) (any, error) {
			in, err := r.Installation()
			if in == nil {
				return nil, err
			}
			return *in, err
		},
	},
	{
		"account", kindAccount, rapid.Custom(func(t *rapid.T) keyhaven.Account {
			return keyhaven.Account{
				ID: "111122223333", CanonicalID: rapid.StringN(0, 8, 32).Draw(t, "canonical"), CreatedAt: genTime().Draw(t, "created"),
				PublicAccessBlock: keyhaven.PublicAccessBlock(rapid.IntRange(0, 31).Draw(t, "block")),
			}
		}).AsAny(),
		func(tx *Txn, n any) error { return tx.PutAccount(n.(keyhaven.Account)) },
		func(r *Reader, k []byte) (any, error) {
			a, err := r.Account(keyhaven.AccountID(k[1:]))
			if a == nil {
				return nil, err
			}
			return *a, err
		},
	},
}

// equal are the rules for comparing nouns.
var equal = cmp.Options{
	cmpopts.IgnoreUnexported(Work{}),
	cmp.Comparer(func(a, b keyhaven.Secret) bool { return a.Reveal() == b.Reveal() }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
}

// fatal is what testing.T and rapid.T share here.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// recordStore is a store that holds one record.
type recordStore struct {
	record
	engine *memkv.Store
	meta   *Store
	key    []byte
}

func newRecordStore(t fatal, rec record, noun any) *recordStore {
	t.Helper()
	s := &recordStore{record: rec, engine: memkv.New()}
	s.meta = New(s.engine)
	if err := s.meta.Update(context.Background(), func(tx *Txn) error { return rec.put(tx, noun) }); err != nil {
		t.Fatalf("put %s: %v", rec.name, err)
	}
	err := s.engine.View(context.Background(), func(r kv.Reader) error {
		it := r.Scan(kv.Prefix([]byte{rec.kind}))
		if it.Next() {
			s.key = append([]byte(nil), it.Key()...)
		}
		return it.Close()
	})
	if err != nil || s.key == nil {
		t.Fatalf("put %s: no record of kind %c was written (%v)", rec.name, rec.kind, err)
	}
	return s
}

// raw returns the record as it is stored.
func (s *recordStore) raw(t fatal) (rec []byte) {
	t.Helper()
	err := s.engine.View(context.Background(), func(r kv.Reader) error {
		v, err := r.Get(s.key)
		rec = append([]byte(nil), v...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return rec
}

// read returns the noun that the store reads from raw.
func (s *recordStore) read(t fatal, raw []byte) (noun any, err error) {
	t.Helper()
	if err := s.engine.Update(context.Background(), func(x kv.Txn) error { return x.Set(s.key, raw) }); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	err = s.meta.View(context.Background(), func(r *Reader) (err error) {
		noun, err = s.get(r, s.key)
		return err
	})
	return noun, err
}

// eachRecord runs a bounded number of random records of every kind.
func eachRecord(t *testing.T, fn func(t *rapid.T, s *recordStore, noun any)) {
	for _, rec := range records {
		t.Run(rec.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				noun := rec.gen.Draw(t, rec.name)
				fn(t, newRecordStore(t, rec, noun), noun)
			})
		})
	}
}
