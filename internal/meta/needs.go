package meta

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Need is a key that must be there because of another entry: an index entry, a
// reference, or a record that the entry names.
type Need struct {
	Kind  Kind
	Key   []byte
	value []byte
	exact bool // the value must be this one, so the entry can be made again
}

// Repairable reports whether PutNeed can make what is missing.
func (n Need) Repairable() bool { return n.exact }

// Needs returns what must be there because of the entry. Entries with an Err,
// parts and what names nothing need nothing; see also DataNeeds.
func (e *Entry) Needs() []Need {
	if e.Err != nil {
		return nil
	}
	switch e.Kind {
	case KindAccessKey:
		return []Need{indexNeed(ownerKey(&e.AccessKey.AccessKey), nil)}
	case KindAccount:
		return accountNeeds(e.Account)
	case KindEntity:
		return entityNeeds(e.entity)
	case KindBucket:
		return e.bucketNeeds()
	case KindCurrent:
		return DataNeeds(e.Version.Data, e.Version.id())
	case KindVersion:
		return e.versionNeeds()
	case KindUpload:
		if e.Upload.Expires.IsZero() {
			return nil
		}
		return []Need{indexNeed(e.Upload.dueKey(), []byte(e.ObjectKey))}
	case KindManifest:
		var needs []Need
		for _, p := range e.Parts {
			needs = append(needs, DataNeeds(p.Data, e.ID)...)
		}
		return needs
	case KindCompleted:
		return []Need{indexNeed(dueKey(e.Completed.Expires.UnixNano(), dueCompleted, e.ID[:]), nil)}
	case KindOperation:
		keys := operationIndexes(e.Operation, e.ID)
		due := dueKey(e.Operation.CreatedAt.Add(OperationRetention).UnixNano(), dueOperation, e.ID[:])
		needs := []Need{indexNeed(keys[0], nil), indexNeed(due, nil)}
		if e.Operation.ResourceName != "" {
			needs = append(needs, indexNeed(keys[1], nil))
		}
		return needs
	default:
		return nil
	}
}

// bucketNeeds are the index of the account and the documents of the bucket.
func (e *Entry) bucketNeeds() []Need {
	b := e.BucketRecord
	needs := []Need{indexNeed(accountBucketKey(b.Account, e.Name), []byte{recordVersion})}
	for c := range keyhaven.BucketConfig(64) {
		if b.Configs.Has(c) {
			needs = append(needs, Need{Kind: KindBucketConfig, Key: configKey(b.ID, c)})
		}
	}
	if b.Configs.Has(keyhaven.ConfigLifecycle) {
		needs = append(needs, Need{Kind: KindLifecycle, Key: lifecycleKey(b.ID)})
	}
	return needs
}

func (e *Entry) versionNeeds() []Need {
	needs := DataNeeds(e.Version.Data, e.Version.id())
	if e.Version.Version.Null {
		seq := binary.BigEndian.AppendUint64(nil, e.Version.Version.Seq)
		needs = append(needs, indexNeed(nullKey(e.Bucket, e.ObjectKey), seq))
	}
	return needs
}

// DataNeeds returns what must be there because an owner has these bytes: a
// reference, or the data record. Of a manifest both.
func DataNeeds(d Data, owner ID) []Need {
	var needs []Need
	if !d.Inline.IsZero() {
		needs = append(needs, Need{Kind: KindData, Key: keyID(kindData, d.Inline)})
	}
	if target, ok := d.target(); ok {
		needs = append(needs, indexNeed(referenceKey(target, owner), nil))
	}
	return needs
}

func indexNeed(key, value []byte) Need {
	return Need{Kind: Kind(key[0]), Key: key, value: value, exact: true}
}

// State is how a need was met.
type State uint8

// The states of a need.
const (
	Met     State = iota
	Missing       // the key is not there
	Stale         // it is there and says something else
)

// State reports whether the need is met.
func (r *Reader) State(n Need) (State, error) {
	if !n.exact {
		ok, err := r.has(kv.Span{From: n.Key, To: append(bytes.Clone(n.Key), 0)})
		if err != nil || ok {
			return Met, err
		}
		return Missing, nil
	}
	v, err := r.r.Get(n.Key)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return Missing, nil
	case err != nil:
		return Missing, err
	case !bytes.Equal(v, n.value):
		return Stale, nil
	}
	return Met, nil
}

// PutNeed makes what is missing.
func (t *Txn) PutNeed(n Need) error { return t.t.Set(n.Key, n.value) }

// DropEntry deletes an index entry that nothing needs.
func (t *Txn) DropEntry(key []byte) error { return t.t.Delete(key) }

// UploadNeeds calls fn for every part of an upload with what its bytes need.
// Bytes that belong to the upload's manifest by now are left out: it needs them.
// The part itself is a need too.
func (r *Reader) UploadNeeds(upload ID, fn func(p *PartRecord, needs []Need)) error {
	kept, err := r.keptParts(upload)
	if err != nil {
		return err
	}
	return r.Parts(&Upload{Ref: upload}, 0, func(p *PartRecord) bool {
		needs := []Need{{Kind: KindPart, Key: partKey(upload, p.Number)}}
		if !kept[p.Data] {
			needs = append(needs, DataNeeds(p.Data, upload)...)
		}
		fn(p, needs)
		return true
	})
}

func (r *Reader) keptParts(upload ID) (map[Data]bool, error) {
	ok, err := r.HasManifest(upload)
	if err != nil || !ok {
		return nil, err
	}
	parts, err := r.Manifest(upload)
	kept := make(map[Data]bool, len(parts))
	for _, p := range parts {
		kept[p.Data] = true
	}
	return kept, err
}

// HasManifest reports whether there is a manifest of this id.
func (r *Reader) HasManifest(id ID) (bool, error) {
	return r.has(kv.Prefix(keyID(kindManifest, id)))
}

// ManifestNeed is the key of a manifest, as a need of what names it.
func ManifestNeed(id ID) Need { return Need{Kind: KindManifest, Key: keyID(kindManifest, id)} }

// ManifestReferenced reports whether anything needs the manifest.
func (r *Reader) ManifestReferenced(id ID) (bool, error) { return r.Referenced(blob.Ref(id)) }

// CounterNeeds returns the counters that are there of an upload.
func (r *Reader) CounterNeeds(id ID) (needs []Need, err error) {
	it := r.r.Scan(kv.Prefix(keyID(kindCounter, id)))
	for it.Next() {
		needs = append(needs, Need{Kind: KindCounter, Key: bytes.Clone(it.Key())})
	}
	return needs, it.Close()
}

// SetUsage makes the counters of a bucket say u.
func (t *Txn) SetUsage(id keyhaven.BucketID, u Usage) error { return t.setUsage(ID(id), u) }

// SetUploadUsage makes the counters of an upload say u.
func (t *Txn) SetUploadUsage(id ID, u Usage) error { return t.setUsage(id, u) }

func (t *Txn) setUsage(id ID, u Usage) error {
	return u.each(func(what byte, n *int64) error {
		if *n == 0 {
			return t.t.Delete(keyID(kindCounter, id, what))
		}
		return t.t.Set(keyID(kindCounter, id, what), kv.EncodeCounter(*n))
	})
}

// SetLightsailBuckets makes the counter of an account's buckets say n.
func (t *Txn) SetLightsailBuckets(account keyhaven.AccountID, n int64) error {
	return t.t.Set(lightsailCounter(account), kv.EncodeCounter(n))
}

// The counters of a bucket, as Entry.What names them.
const (
	CountObjects       = countObjects
	CountVersions      = countVersions
	CountDeleteMarkers = countMarkers
	CountBytes         = countBytes
	CountParts         = countParts
	CountPartBytes     = countPartSize
)
