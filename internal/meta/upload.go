package meta

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Upload is an unfinished multipart upload.
type Upload struct {
	keyhaven.Upload
	Sealed Sealed // the key of its parts
	Ref    ID
	Bucket keyhaven.BucketID
}

// ParseUploadID reads an upload id as clients send it.
func ParseUploadID(s string) (id ID, err error) {
	if len(s) != 2*len(id) {
		return id, noUpload(s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, noUpload(s)
	}
	return id, nil
}

func (id ID) String() string { return hex.EncodeToString(id[:]) }

func noUpload(id string) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounUpload, ID: id}
}

// Upload returns the upload of this key and id. One that has expired is not
// found, whether sweep has come by or not.
func (r *Reader) Upload(bucket keyhaven.BucketID, key, uploadID string) (*Upload, error) {
	ref, err := ParseUploadID(uploadID)
	if err != nil {
		return nil, err
	}
	rec, err := r.get(uploadKey(bucket, key, ref))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noUpload(uploadID)
	}
	u, err := decodeUpload(bucket, key, ref[:], rec)
	if err == nil && u.Expired(time.Now()) {
		return nil, noUpload(uploadID)
	}
	return u, err
}

// Expired reports whether the upload's time has run out.
func (u *Upload) Expired(now time.Time) bool { return !u.Expires.IsZero() && !now.Before(u.Expires) }

// PutUpload writes a new upload and the time at which it expires.
func (t *Txn) PutUpload(u *Upload) error {
	e := newRecord(128)
	e.time(1, u.Initiated)
	e.time(2, u.Expires)
	e.uint(3, uint64(u.ChecksumAlgorithm))
	e.uint(4, uint64(u.ChecksumType))
	e.header(20, u.Header)
	e.metadata(30, u.Metadata)
	e.uint(31, uint64(u.ACL))
	e.string(32, string(u.Owner))
	e.tags(33, u.Tags)
	e.string(34, u.RedirectLocation)
	e.lock(40, u.Lock)
	e.grants(35, u.Grants)
	e.encryption(43, u.Encryption, u.Sealed)
	if err := t.t.Set(uploadKey(u.Bucket, u.Key, u.Ref), e.b); err != nil {
		return err
	}
	if u.Expires.IsZero() {
		return nil
	}
	return t.t.Set(u.dueKey(), []byte(u.Key))
}

func (u *Upload) dueKey() []byte {
	return dueKey(u.Expires.UnixNano(), dueUpload, append(append([]byte(nil), u.Bucket[:]...), u.Ref[:]...))
}

func decodeUpload(bucket keyhaven.BucketID, key string, ref, rec []byte) (*Upload, error) {
	u := &Upload{Bucket: bucket}
	if err := fill("upload", u.Ref[:], ref); err != nil {
		return nil, err
	}
	u.ID, u.Key = u.Ref.String(), key
	err := decode("upload", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			u.Initiated = f.time()
		case 2:
			u.Expires = f.time()
		case 3:
			u.ChecksumAlgorithm = keyhaven.ChecksumAlgorithm(f.num)
		case 4:
			u.ChecksumType = keyhaven.ChecksumType(f.num)
		case 20, 21, 22, 23, 24, 25:
			setHeader(&u.Header, n-20, f)
		case 30:
			return addMetadata(&u.Metadata, f)
		case 31:
			u.ACL = keyhaven.CannedACL(f.num)
		case 32:
			u.Owner = keyhaven.AccountID(f.str())
		case 33:
			return addTag(&u.Tags, f)
		case 34:
			u.RedirectLocation = f.str()
		case 40, 41, 42:
			setLock(&u.Lock, n-40, f)
		case 35:
			return addGrant(&u.Grants, f)
		case 43, 44, 45, 46, 47:
			return setEncryption(&u.Encryption, &u.Sealed, n-43, f)
		}
		return nil
	})
	return u, err
}

// EndUpload removes an upload that was aborted, completed or has expired, its
// counters and its due time, and asks sweep to free the parts (all but those
// that its manifest holds). The bucket's counters lose the parts here.
func (t *Txn) EndUpload(u *Upload) error {
	usage, err := t.UploadUsage(u.Ref)
	if err != nil {
		return err
	}
	if err := t.AddUsage(u.Bucket, Usage{Parts: -usage.Parts, PartBytes: -usage.PartBytes}); err != nil {
		return err
	}
	if err := t.deleteUsage(u.Ref); err != nil {
		return err
	}
	if !u.Expires.IsZero() {
		if err := t.t.Delete(u.dueKey()); err != nil {
			return err
		}
	}
	if err := t.t.Delete(uploadKey(u.Bucket, u.Key, u.Ref)); err != nil {
		return err
	}
	return t.putOutbox(Work{Kind: FreeUpload, ID: u.Ref})
}

// Part returns the part of this number, or nil.
func (r *Reader) Part(u *Upload, number int) (*PartRecord, error) {
	rec, err := r.get(partKey(u.Ref, number))
	if err != nil || rec == nil {
		return nil, err
	}
	var p PartRecord
	return &p, decodePart(&p, rec)
}

// Parts calls fn for the parts of an upload with numbers above after, in order,
// until it returns false.
func (r *Reader) Parts(u *Upload, after int, fn func(*PartRecord) bool) error {
	span := kv.Prefix(keyID(kindPart, u.Ref))
	span.From = partKey(u.Ref, after+1)
	return r.scan(span, func(_, rec []byte) (bool, error) {
		var p PartRecord
		if err := decodePart(&p, rec); err != nil {
			return false, err
		}
		return fn(&p), nil
	})
}

// PutPart writes a part, replacing one of the same number, and keeps counters
// and references right.
func (t *Txn) PutPart(u *Upload, p *PartRecord) error {
	old, err := t.Part(u, p.Number)
	if err != nil {
		return err
	}
	d := Usage{Parts: 1, PartBytes: p.Size}
	if old != nil {
		d.Parts, d.PartBytes = 0, p.Size-old.Size
		if err := t.release(old.Data, u.Ref); err != nil {
			return err
		}
	}
	if err := t.refer(p.Data, u.Ref); err != nil {
		return err
	}
	if err := t.AddUsage(u.Bucket, d); err != nil {
		return err
	}
	if err := t.AddUploadUsage(u.Ref, d); err != nil {
		return err
	}
	e := newRecord(64)
	encodePartFields(e, p)
	return t.t.Set(partKey(u.Ref, p.Number), e.b)
}

func decodePart(p *PartRecord, rec []byte) error {
	if len(rec) == 0 || rec[0] != recordVersion {
		return damaged("part")
	}
	return decodePartFields(p, rec[1:])
}

// Completed is what a Complete made, kept for a while so that the same request
// again gets the same answer.
type Completed struct {
	Bucket   keyhaven.BucketID
	Key      string
	Request  []byte // digest of the part list
	Version  keyhaven.VersionID
	ETag     keyhaven.ETag
	Checksum keyhaven.Checksum
	Expires  time.Time
}

// PutManifest makes the upload's chosen parts a manifest. The parts' references
// stay as they are: the manifest has the upload's id (M2).
func (t *Txn) PutManifest(u *Upload, parts []PartRecord) (Data, error) {
	return Data{Manifest: u.Ref}, t.putManifest(u.Ref, parts)
}

// PutCompleted remembers a completed upload.
func (t *Txn) PutCompleted(ref ID, c Completed) error {
	e := newRecord(128)
	e.bytes(1, c.Bucket[:])
	e.string(2, c.Key)
	e.bytes(3, c.Request)
	e.fixed(4, c.Version.Seq)
	e.fixed(5, c.Version.Rand)
	e.bool(6, c.Version.Null)
	e.time(7, c.Expires)
	e.checksum(8, c.Checksum)
	e.bytes(12, c.ETag.MD5[:])
	e.uint(13, uint64(c.ETag.Parts))
	if err := t.t.Set(keyID(kindCompleted, ref), e.b); err != nil {
		return err
	}
	return t.t.Set(dueKey(c.Expires.UnixNano(), dueCompleted, ref[:]), nil)
}

// Completed returns what the upload became, or nil.
func (r *Reader) Completed(ref ID) (*Completed, error) {
	rec, err := r.get(keyID(kindCompleted, ref))
	if err != nil || rec == nil {
		return nil, err
	}
	var c Completed
	err = decode("completed upload", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			return fill("completed upload", c.Bucket[:], f.bytes)
		case 2:
			c.Key = f.str()
		case 3:
			c.Request = bytes.Clone(f.bytes)
		case 4:
			c.Version.Seq = f.num
		case 5:
			c.Version.Rand = f.num
		case 6:
			c.Version.Null = f.num != 0
		case 7:
			c.Expires = f.time()
		case 8, 9, 10, 11:
			setChecksum(&c.Checksum, n-8, f)
		case 12:
			return fill("completed upload", c.ETag.MD5[:], f.bytes)
		case 13:
			c.ETag.Parts = clampInt(f.num)
		}
		return nil
	})
	return &c, err
}

// The types of due entries. The values are stored.
const (
	dueUpload    = 'u'
	dueCompleted = 'c'
	dueOperation = 'g'
)

// Due is an entry that has fallen due.
type Due struct{ p pair }

// Due returns up to limit entries after the given one (nil for the first) that
// fall due at or before now, in the order in which they do.
func (r *Reader) Due(now time.Time, after *Due, limit int) (due []Due, err error) {
	span := kv.Span{From: []byte{kindDue}, To: dueKey(now.UnixNano()+1, 0, nil)}
	if after != nil {
		span.From = append(bytes.Clone(after.p.k), 0)
	}
	pairs, _, err := r.take(span, limit)
	for _, p := range pairs {
		due = append(due, Due{p})
	}
	return due, err
}

// Do does what has fallen due and removes the entry. One that it cannot read, or
// does not know, is an error and stays.
func (t *Txn) Do(d Due) error {
	if err := t.due(d.p); err != nil {
		return fmt.Errorf("meta: due entry %x: %w", d.p.k, err)
	}
	return t.t.Delete(d.p.k)
}

func (t *Txn) due(p pair) error {
	if len(p.k) < 10 {
		return errKey
	}
	id := p.k[10:]
	switch p.k[9] {
	case dueUpload:
		return t.expireUpload(id, string(p.v))
	case dueCompleted:
		return t.t.Delete(append([]byte{kindCompleted}, id...))
	case dueOperation:
		return t.dropOperation(id)
	}
	return errKey
}

func (t *Txn) expireUpload(id []byte, key string) error {
	if len(id) != 32 {
		return errKey
	}
	bucket, ref := keyhaven.BucketID(id[:16]), ID(id[16:])
	rec, err := t.get(uploadKey(bucket, key, ref))
	if err != nil || rec == nil {
		return err
	}
	u, err := decodeUpload(bucket, key, ref[:], rec)
	if err != nil {
		return err
	}
	return t.EndUpload(u)
}

// NextDue returns when the first due entry falls due; zero when there is none.
func (r *Reader) NextDue() (at time.Time, err error) {
	err = r.scan(kv.Prefix([]byte{kindDue}), func(k, _ []byte) (bool, error) {
		if len(k) < 9 {
			return false, errKey
		}
		at = time.Unix(0, int64(binary.BigEndian.Uint64(k[1:9])))
		return false, nil
	})
	return at, err
}
