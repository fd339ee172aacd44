package meta

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Data says where the bytes of a version or a part are: exactly one of Inline,
// Blob and Manifest is set, or none for zero bytes.
type Data struct {
	Inline    ID     // a d record
	InlineCRC uint32 // CRC-32C of it
	Blob      blob.Ref
	Manifest  ID // the parts of a multipart object
}

// Version is a version of an object and the place of its bytes.
type Version struct {
	keyhaven.Object
	Data   Data
	Sealed Sealed
}

// Sealed is what it takes, besides a key, to decrypt bytes. A multipart object
// has the wrapped key, and each of its parts a salt.
type Sealed struct {
	Key  []byte   // the data key, wrapped
	Salt [16]byte // zero for bytes that are not encrypted
}

func storedSize(size int64, s *Sealed) int64 {
	if s.Salt == [16]byte{} {
		return size
	}
	return keyhaven.SealedSize(size)
}

// StoredSize is how many bytes the version takes where they are, if that is one
// place.
func (v *Version) StoredSize() int64 { return storedSize(v.Size, &v.Sealed) }

// StoredSize is how many bytes the part takes where they are.
func (p *PartRecord) StoredSize() int64 { return storedSize(p.Size, &p.Sealed) }

// id is the owner that the version's references carry.
func (v *Version) id() ID { return idOf(v.Version.Seq, v.Version.Rand) }

// Current returns the current version of the key, or nil when there is none or
// it is a delete marker.
func (r *Reader) Current(bucket keyhaven.BucketID, key string) (*Version, error) {
	rec, err := r.get(currentKey(bucket, key))
	if err != nil || rec == nil {
		return nil, err
	}
	v, err := decodeVersion(key, rec)
	if v != nil {
		v.Latest = true
	}
	return v, err
}

// Newest returns the newest version of the key, delete markers included, or nil.
func (r *Reader) Newest(bucket keyhaven.BucketID, key string) (*Version, error) {
	if v, err := r.Current(bucket, key); v != nil || err != nil {
		return v, err
	}
	v, err := r.newestStacked(bucket, key)
	if v != nil {
		v.Latest = true
	}
	return v, err
}

// newestStacked returns the newest of the versions under v.
func (r *Reader) newestStacked(bucket keyhaven.BucketID, key string) (v *Version, err error) {
	err = r.scan(kv.Prefix(versionsPrefix(bucket, key)), func(_, rec []byte) (bool, error) {
		v, err = decodeVersion(key, rec)
		return false, err
	})
	return v, err
}

// Version returns the version of the key with this id, or nil.
func (r *Reader) Version(bucket keyhaven.BucketID, key string, id keyhaven.VersionID) (*Version, error) {
	cur, err := r.Current(bucket, key)
	if err != nil {
		return nil, err
	}
	if cur != nil && sameVersion(cur.Version, id) {
		return cur, nil
	}
	seq := id.Seq
	if id.Null {
		at, err := r.get(nullKey(bucket, key))
		if err != nil || at == nil {
			return nil, err
		}
		if len(at) != 8 {
			return nil, damaged("null version")
		}
		seq = binary.BigEndian.Uint64(at)
	}
	rec, err := r.get(versionKey(bucket, key, seq))
	if err != nil || rec == nil {
		return nil, err
	}
	v, err := decodeVersion(key, rec)
	if err != nil || !sameVersion(v.Version, id) {
		return nil, err
	}
	if cur == nil {
		newest, err := r.newestStacked(bucket, key)
		if err != nil {
			return nil, err
		}
		v.Latest = newest != nil && newest.Version == v.Version
	}
	return v, nil
}

func sameVersion(have, want keyhaven.VersionID) bool {
	if want.Null || have.Null {
		return want.Null && have.Null
	}
	return have == want
}

// PutVersion makes v the newest version of its key. What was current stays as a
// noncurrent version; the caller removes first what must go. v.Version.Seq must
// be greater than that of the newest.
func (t *Txn) PutVersion(bucket keyhaven.BucketID, prev, v *Version) error {
	if prev != nil && !prev.DeleteMarker {
		if err := t.stack(bucket, prev); err != nil {
			return err
		}
		if v.DeleteMarker {
			if err := t.t.Delete(currentKey(bucket, v.Key)); err != nil {
				return err
			}
		}
	}
	if v.DeleteMarker {
		return t.stack(bucket, v)
	}
	return t.t.Set(currentKey(bucket, v.Key), encodeVersion(v))
}

// stack writes v among the noncurrent versions and delete markers.
func (t *Txn) stack(bucket keyhaven.BucketID, v *Version) error {
	if v.Version.Null {
		seq := binary.BigEndian.AppendUint64(nil, v.Version.Seq)
		if err := t.t.Set(nullKey(bucket, v.Key), seq); err != nil {
			return err
		}
	}
	return t.t.Set(versionKey(bucket, v.Key, v.Version.Seq), encodeVersion(v))
}

// ReplaceCurrent puts v where prev is current, without keeping prev. The caller
// releases prev's data.
func (t *Txn) ReplaceCurrent(bucket keyhaven.BucketID, v *Version) error {
	return t.t.Set(currentKey(bucket, v.Key), encodeVersion(v))
}

// RemoveVersion takes v out of its key; when v was current, the newest of the
// others takes its place if it is no delete marker. The caller releases v's
// data. It returns the change in current objects: 0 or ±1.
func (t *Txn) RemoveVersion(bucket keyhaven.BucketID, v *Version) (objects int64, err error) {
	cur, err := t.Current(bucket, v.Key)
	if err != nil {
		return 0, err
	}
	if cur != nil && cur.Version == v.Version {
		if err := t.t.Delete(currentKey(bucket, v.Key)); err != nil {
			return 0, err
		}
		n, err := t.promote(bucket, v.Key)
		return n - 1, err
	}
	if err := t.unstack(bucket, v); err != nil {
		return 0, err
	}
	if cur != nil {
		return 0, nil
	}
	return t.promote(bucket, v.Key)
}

func (t *Txn) unstack(bucket keyhaven.BucketID, v *Version) error {
	if v.Version.Null {
		if err := t.t.Delete(nullKey(bucket, v.Key)); err != nil {
			return err
		}
	}
	return t.t.Delete(versionKey(bucket, v.Key, v.Version.Seq))
}

// promote makes the newest stacked version current when the key has none and
// the newest is no delete marker.
func (t *Txn) promote(bucket keyhaven.BucketID, key string) (objects int64, err error) {
	next, err := t.newestStacked(bucket, key)
	if err != nil || next == nil || next.DeleteMarker {
		return 0, err
	}
	if err := t.unstack(bucket, next); err != nil {
		return 0, err
	}
	return 1, t.t.Set(currentKey(bucket, key), encodeVersion(next))
}

// UpdateVersion rewrites the record of a version in its place.
func (t *Txn) UpdateVersion(bucket keyhaven.BucketID, v *Version) error {
	cur, err := t.Current(bucket, v.Key)
	if err != nil {
		return err
	}
	if cur != nil && cur.Version == v.Version {
		return t.t.Set(currentKey(bucket, v.Key), encodeVersion(v))
	}
	return t.t.Set(versionKey(bucket, v.Key, v.Version.Seq), encodeVersion(v))
}

const (
	flagNull = 1 << iota
	flagDeleteMarker
)

func encodeVersion(v *Version) []byte {
	e := newRecord(160)
	e.fixed(1, v.Version.Seq)
	e.fixed(2, v.Version.Rand)
	var flags uint64
	if v.Version.Null {
		flags |= flagNull
	}
	if v.DeleteMarker {
		flags |= flagDeleteMarker
	}
	e.uint(3, flags)
	e.time(4, v.ModTime)
	e.uint(5, uint64(v.Size))
	if !v.DeleteMarker {
		e.bytes(6, v.ETag.MD5[:])
	}
	e.uint(7, uint64(v.ETag.Parts))
	e.checksum(8, v.Checksum)
	e.data(12, v.Data)
	e.header(20, v.Header)
	e.metadata(30, v.Metadata)
	e.uint(31, uint64(v.ACL))
	e.string(32, string(v.Owner))
	e.tags(33, v.Tags)
	e.string(34, v.RedirectLocation)
	e.lock(40, v.Lock)
	e.grants(35, v.Grants)
	e.encryption(43, v.Encryption, v.Sealed)
	return e.b
}

func decodeVersion(key string, rec []byte) (*Version, error) {
	v := &Version{}
	v.Key = key
	err := decode("version", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			v.Version.Seq = f.num
		case 2:
			v.Version.Rand = f.num
		case 3:
			v.Version.Null = f.num&flagNull != 0
			v.DeleteMarker = f.num&flagDeleteMarker != 0
		case 4:
			v.ModTime = f.time()
		case 5:
			v.Size = int64(f.num)
		case 6:
			return fill("version", v.ETag.MD5[:], f.bytes)
		case 7:
			v.ETag.Parts = clampInt(f.num)
		case 8, 9, 10, 11:
			setChecksum(&v.Checksum, n-8, f)
		case 12, 13, 14, 15:
			return setData(&v.Data, n-12, f)
		case 20, 21, 22, 23, 24, 25:
			setHeader(&v.Header, n-20, f)
		case 30:
			return addMetadata(&v.Metadata, f)
		case 31:
			v.ACL = keyhaven.CannedACL(f.num)
		case 32:
			v.Owner = keyhaven.AccountID(f.str())
		case 33:
			return addTag(&v.Tags, f)
		case 34:
			v.RedirectLocation = f.str()
		case 40, 41, 42:
			setLock(&v.Lock, n-40, f)
		case 35:
			return addGrant(&v.Grants, f)
		case 43, 44, 45, 46, 47:
			return setEncryption(&v.Encryption, &v.Sealed, n-43, f)
		}
		return nil
	})
	return v, err
}
