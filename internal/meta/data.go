package meta

import (
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// MaxInline is the size in bytes up to which an object or part is kept in a d
// record beside its metadata, and not in a blob: one synced write, no file.
const MaxInline = 128 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// PutInline stores the bytes of a small object or part.
func (t *Txn) PutInline(data []byte) (Data, error) {
	d := Data{Inline: t.s.NewID(), InlineCRC: crc32.Checksum(data, castagnoli)}
	return d, t.t.Set(keyID(kindData, d.Inline), data)
}

// Inline returns the bytes that PutInline stored, verified. They are valid
// until the function given to View or Update returns.
func (r *Reader) Inline(d Data) ([]byte, error) {
	data, err := r.get(keyID(kindData, d.Inline))
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, fmt.Errorf("meta: data record %v is missing: %w", d.Inline, blob.ErrCorrupt)
	}
	if crc32.Checksum(data, castagnoli) != d.InlineCRC {
		return nil, fmt.Errorf("meta: data record %v: %w", d.Inline, blob.ErrCorrupt)
	}
	return data, nil
}

// Refer records that the owner needs the data's blob or manifest (M2).
func (t *Txn) Refer(d Data, v *Version) error { return t.refer(d, v.id()) }

func (t *Txn) refer(d Data, owner ID) error {
	target, ok := d.target()
	if !ok {
		return nil
	}
	return t.t.Set(referenceKey(target, owner), nil)
}

// Release ends the need of a version for its data: inline bytes go, a blob or
// manifest that nobody else needs goes to the outbox.
func (t *Txn) Release(v *Version) error { return t.release(v.Data, v.id()) }

func (t *Txn) release(d Data, owner ID) error {
	if !d.Inline.IsZero() {
		return t.t.Delete(keyID(kindData, d.Inline))
	}
	target, ok := d.target()
	if !ok {
		return nil
	}
	if err := t.t.Delete(referenceKey(target, owner)); err != nil {
		return err
	}
	needed, err := t.has(kv.Prefix(referencesPrefix(target)))
	if err != nil || needed {
		return err
	}
	if !d.Manifest.IsZero() {
		return t.putOutbox(Work{Kind: FreeManifest, ID: d.Manifest})
	}
	return t.putOutbox(Work{Kind: FreeBlob, Blob: d.Blob})
}

// target is what references to the data name: a blob, or a manifest by its id.
func (d Data) target() (blob.Ref, bool) {
	switch {
	case !d.Blob.IsZero():
		return d.Blob, true
	case !d.Manifest.IsZero():
		return blob.Ref(d.Manifest), true
	}
	return blob.Ref{}, false
}

// Referenced reports whether anything needs the blob.
func (r *Reader) Referenced(ref blob.Ref) (bool, error) {
	return r.has(kv.Prefix(referencesPrefix(ref)))
}

// PartRecord is a part and the place of its bytes.
type PartRecord struct {
	keyhaven.Part
	Data   Data
	Sealed Sealed // the salt alone
}

// Manifest returns the parts of a multipart object in order.
func (r *Reader) Manifest(id ID) ([]PartRecord, error) {
	rec, err := r.get(keyID(kindManifest, id))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, fmt.Errorf("meta: manifest %v is missing: %w", id, blob.ErrCorrupt)
	}
	var parts []PartRecord
	err = decode("manifest", rec, func(n protowire.Number, f field) error {
		if n != 1 {
			return nil
		}
		var p PartRecord
		if err := decodePartFields(&p, f.bytes); err != nil {
			return err
		}
		parts = append(parts, p)
		return nil
	})
	return parts, err
}

func (t *Txn) putManifest(id ID, parts []PartRecord) error {
	e := newRecord(64 * len(parts))
	var f encoder
	for i := range parts {
		f.b = f.b[:0]
		encodePartFields(&f, &parts[i])
		e.group(1, f)
	}
	return t.t.Set(keyID(kindManifest, id), e.b)
}

func encodePartFields(e *encoder, p *PartRecord) {
	e.uint(1, uint64(p.Number))
	e.uint(2, uint64(p.Size))
	e.bytes(3, p.ETag.MD5[:])
	e.time(4, p.ModTime)
	e.checksum(8, p.Checksum)
	e.data(12, p.Data)
	if p.Sealed.Salt != [16]byte{} {
		e.bytes(40, p.Sealed.Salt[:])
	}
}

func decodePartFields(p *PartRecord, b []byte) error {
	return decodeFields("part", b, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			p.Number = clampInt(f.num)
		case 2:
			p.Size = int64(f.num)
		case 3:
			return fill("part", p.ETag.MD5[:], f.bytes)
		case 4:
			p.ModTime = f.time()
		case 8, 9, 10, 11:
			setChecksum(&p.Checksum, n-8, f)
		case 12, 13, 14, 15:
			return setData(&p.Data, n-12, f)
		case 40:
			return fill("part", p.Sealed.Salt[:], f.bytes)
		}
		return nil
	})
}
