package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// WorkKind says what an outbox entry asks of sweep. The values are stored.
type WorkKind uint8

// The kinds of work.
const (
	FreeBlob     WorkKind = iota + 1 // delete a blob that nothing needs
	FreeManifest                     // drop a manifest's parts
	FreeUpload                       // drop the parts of an aborted or completed upload
	PurgeBucket                      // drop everything under a deleted bucket's id
)

// Work is one entry of the outbox.
type Work struct {
	Kind   WorkKind
	Blob   blob.Ref
	ID     ID
	Bucket keyhaven.BucketID
	Err    error // why the entry cannot be read; the rest is not known then
	key    []byte
}

// PurgeBucket asks sweep to drop everything under the id of a deleted bucket.
func (t *Txn) PurgeBucket(id keyhaven.BucketID) error {
	return t.putOutbox(Work{Kind: PurgeBucket, Bucket: id})
}

func (t *Txn) putOutbox(w Work) error {
	e := newRecord(24)
	e.uint(1, uint64(w.Kind))
	switch w.Kind {
	case FreeBlob:
		e.bytes(2, w.Blob[:])
	case PurgeBucket:
		e.bytes(4, w.Bucket[:])
	default:
		e.bytes(3, w.ID[:])
	}
	return t.t.Set(keyID(kindOutbox, t.s.NewID()), e.b)
}

// Outbox returns up to limit entries after the given one (nil for the first),
// oldest first, those that cannot be read among them.
func (r *Reader) Outbox(after *Work, limit int) (work []Work, err error) {
	span := kv.Prefix([]byte{kindOutbox})
	if after != nil {
		span.From = append(append([]byte(nil), after.key...), 0)
	}
	err = r.scan(span, func(k, rec []byte) (bool, error) {
		w := Work{key: append([]byte(nil), k...)}
		w.Err = decode("outbox", rec, func(n protowire.Number, f field) error {
			switch n {
			case 1:
				w.Kind = WorkKind(f.num)
			case 2:
				return fill("outbox", w.Blob[:], f.bytes)
			case 3:
				return fill("outbox", w.ID[:], f.bytes)
			case 4:
				return fill("outbox", w.Bucket[:], f.bytes)
			}
			return nil
		})
		if w.Err != nil {
			w = Work{Err: w.Err, key: w.key}
		}
		work = append(work, w)
		return len(work) < limit, nil
	})
	return work, err
}

// Done removes an entry whose work has been done.
func (t *Txn) Done(w Work) error { return t.t.Delete(w.key) }

// DropManifest releases what the manifest's parts need and removes it. One that
// is gone already is no error, as the outbox may ask twice.
func (t *Txn) DropManifest(id ID) error {
	if rec, err := t.get(keyID(kindManifest, id)); err != nil || rec == nil {
		return err
	}
	parts, err := t.Manifest(id)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := t.release(p.Data, id); err != nil {
			return err
		}
	}
	return t.t.Delete(keyID(kindManifest, id))
}

// DropParts removes up to limit part records of an upload, releasing what they
// hold unless the upload's manifest holds it. It reports whether more are left.
func (t *Txn) DropParts(upload ID, limit int) (more bool, err error) {
	kept := map[Data]bool{}
	if rec, err := t.get(keyID(kindManifest, upload)); err != nil {
		return false, err
	} else if rec != nil {
		parts, err := t.Manifest(upload)
		if err != nil {
			return false, err
		}
		for _, p := range parts {
			kept[p.Data] = true
		}
	}
	pairs, more, err := t.take(kv.Prefix(keyID(kindPart, upload)), limit)
	for _, kv := range pairs {
		var p PartRecord
		if err := decodePart(&p, kv.v); err != nil {
			return false, err
		}
		if !kept[p.Data] {
			if err := t.release(p.Data, upload); err != nil {
				return false, err
			}
		}
		if err := t.t.Delete(kv.k); err != nil {
			return false, err
		}
	}
	return more, err
}

// DropBucket removes up to about limit records under the id of a deleted bucket
// and reports whether more are left.
func (t *Txn) DropBucket(id keyhaven.BucketID, limit int) (more bool, err error) {
	for _, kind := range []byte{kindCurrent, kindVersion, kindNull, kindUpload, kindConfig, kindLifecycle, kindSeries} {
		pairs, more, err := t.take(kv.Prefix(bucketScope(kind, id)), limit)
		if err != nil {
			return false, err
		}
		for _, p := range pairs {
			if err := t.dropBucketRecord(kind, id, p); err != nil {
				return false, err
			}
		}
		if more {
			return true, nil
		}
		limit = max(1, limit-len(pairs))
	}
	return false, t.deleteUsage(ID(id))
}

func (t *Txn) dropBucketRecord(kind byte, id keyhaven.BucketID, p pair) error {
	switch kind {
	case kindCurrent, kindVersion:
		v, err := decodeVersion("", p.v)
		if err != nil {
			return err
		}
		if err := t.Release(v); err != nil {
			return err
		}
	case kindUpload:
		key, rest, err := cutEscaped(p.k[17:])
		if err != nil {
			return err
		}
		u, err := decodeUpload(id, key, rest, p.v)
		if err != nil {
			return err
		}
		return t.EndUpload(u)
	}
	return t.t.Delete(p.k)
}

// pair is a copy of a key and its value, safe to keep while the transaction
// goes on writing.
type pair struct{ k, v []byte }

// take copies up to limit pairs of the span and reports whether there are more.
func (r *Reader) take(span kv.Span, limit int) (pairs []pair, more bool, err error) {
	err = r.scan(span, func(k, v []byte) (bool, error) {
		if len(pairs) == limit {
			more = true
			return false, nil
		}
		pairs = append(pairs, pair{append([]byte(nil), k...), append([]byte(nil), v...)})
		return true, nil
	})
	return pairs, more, err
}
