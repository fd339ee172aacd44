package meta

import (
	"bytes"
	"errors"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Pairs calls fn for every key and value but the bytes of small objects (see
// InlineData), in order of key. The slices are valid until fn returns.
func (r *Reader) Pairs(fn func(k, v []byte) error) error {
	for _, span := range []kv.Span{
		{From: []byte{0}, To: []byte{kindData}},
		{From: []byte{kindData + 1}},
	} {
		err := r.scan(span, func(k, v []byte) (bool, error) { return true, fn(k, v) })
		if err != nil {
			return err
		}
	}
	return nil
}

// InlineIter walks the bytes of small objects and parts in order of id, which
// is about the order in which they were written.
type InlineIter struct {
	it kv.Iterator
}

// InlineData returns an iterator over the data records with ids above after,
// before the first; the zero ID is below all. The caller closes it.
func (r *Reader) InlineData(after ID) *InlineIter {
	span := kv.Prefix([]byte{kindData})
	if !after.IsZero() {
		span.From = keyID(kindData, after, 0)
	}
	return &InlineIter{it: r.r.Scan(span)}
}

// Next moves to the next record.
func (i *InlineIter) Next() bool { return i.it.Next() }

// ID returns the id of the record.
func (i *InlineIter) ID() (ID, error) {
	k := i.it.Key()
	if len(k) != 17 {
		return ID{}, errKey
	}
	return ID(k[1:]), nil
}

// Data returns the bytes, valid until the next move. They may be read from
// disk, which a walk that asks for ids alone spares.
func (i *InlineIter) Data() ([]byte, error) { return i.it.Value() }

// Close releases the iterator and returns the error that ended the walk, if one
// did.
func (i *InlineIter) Close() error { return i.it.Close() }

// Blobs calls fn once for every blob that something needs (M2), in order of ref.
func (r *Reader) Blobs(fn func(blob.Ref) error) error {
	manifests := r.r.Scan(kv.Prefix([]byte{kindManifest}))
	defer manifests.Close()
	more := manifests.Next()
	var last blob.Ref
	err := r.scan(kv.Prefix([]byte{kindReference}), func(k, _ []byte) (bool, error) {
		if len(k) != 33 {
			return false, errKey
		}
		ref := blob.Ref(k[1:17])
		if ref == last {
			return true, nil
		}
		last = ref
		// A reference names a blob or a manifest; both walks are in order.
		for more && bytes.Compare(manifests.Key()[1:], ref[:]) < 0 {
			more = manifests.Next()
		}
		if more && bytes.Equal(manifests.Key()[1:], ref[:]) {
			return true, nil
		}
		return true, fn(ref)
	})
	if err != nil {
		return err
	}
	return manifests.Close()
}

// AccessKeys calls fn for every access key in order of id, without last uses.
func (r *Reader) AccessKeys(fn func(*KeyRecord) error) error {
	return r.scan(kv.Prefix([]byte{kindAccessKey}), func(k, rec []byte) (bool, error) {
		key, err := decodeAccessKey(string(k[1:]), rec)
		if err != nil {
			return false, err
		}
		return true, fn(key)
	})
}

// OfCredential reports whether the key that Pairs showed belongs to a credential
// that the key ring seals: to an access key (its record, its index or its last
// use) or to an MFA device.
func OfCredential(k []byte) bool {
	return len(k) > 0 && (k[0] == kindAccessKey || k[0] == kindOwnerKeys || k[0] == kindLastUsed) || ofMFADevice(k)
}

// LoadPair writes what Pairs showed, into a store that nobody uses yet: caches
// and counters are not told.
func (t *Txn) LoadPair(k, v []byte) error {
	if len(k) == 0 || k[0] == kindData {
		return errors.New("meta: load: not a key of a record")
	}
	return t.t.Set(k, v)
}

// LoadInline writes what InlineData showed, into a store that nobody uses yet.
func (t *Txn) LoadInline(id ID, data []byte) error {
	if id.IsZero() {
		return errors.New("meta: load: a data record has an id")
	}
	return t.t.Set(keyID(kindData, id), data)
}
