package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
)

// The groups of fields that versions, uploads and parts share. A group takes
// consecutive field numbers from base.

func (e *encoder) checksum(base protowire.Number, c keyhaven.Checksum) {
	e.uint(base, uint64(c.Algorithm))
	e.uint(base+1, uint64(c.Type))
	e.bytes(base+2, c.Value)
	e.uint(base+3, uint64(c.Parts))
}

func setChecksum(c *keyhaven.Checksum, i protowire.Number, f field) {
	switch i {
	case 0:
		c.Algorithm = keyhaven.ChecksumAlgorithm(f.num)
	case 1:
		c.Type = keyhaven.ChecksumType(f.num)
	case 2:
		c.Value = append([]byte(nil), f.bytes...)
	case 3:
		c.Parts = clampInt(f.num)
	}
}

func (e *encoder) data(base protowire.Number, d Data) {
	if !d.Inline.IsZero() {
		e.bytes(base, d.Inline[:])
		e.uint(base+1, uint64(d.InlineCRC))
	}
	if !d.Blob.IsZero() {
		e.bytes(base+2, d.Blob[:])
	}
	if !d.Manifest.IsZero() {
		e.bytes(base+3, d.Manifest[:])
	}
}

func setData(d *Data, i protowire.Number, f field) error {
	switch i {
	case 0:
		return fill("data", d.Inline[:], f.bytes)
	case 1:
		d.InlineCRC = uint32(f.num)
	case 2:
		return fill("data", d.Blob[:], f.bytes)
	case 3:
		return fill("data", d.Manifest[:], f.bytes)
	}
	return nil
}

func (e *encoder) lock(base protowire.Number, l keyhaven.ObjectLock) {
	e.uint(base, uint64(l.Retention.Mode))
	e.time(base+1, l.Retention.Until)
	e.uint(base+2, uint64(l.Hold))
}

func setLock(l *keyhaven.ObjectLock, i protowire.Number, f field) {
	switch i {
	case 0:
		l.Retention.Mode = keyhaven.LockMode(min(f.num, 255))
	case 1:
		l.Retention.Until = f.time()
	case 2:
		l.Hold = keyhaven.LegalHold(min(f.num, 255))
	}
}

func (e *encoder) encryption(base protowire.Number, x keyhaven.Encryption, s Sealed) {
	e.uint(base, uint64(x.Mode))
	e.string(base+1, x.KeyID)
	e.bool(base+2, x.BucketKey)
	e.bytes(base+3, s.Key)
	if s.Salt != [16]byte{} {
		e.bytes(base+4, s.Salt[:])
	}
}

func setEncryption(x *keyhaven.Encryption, s *Sealed, i protowire.Number, f field) error {
	switch i {
	case 0:
		x.Mode = keyhaven.SSE(min(f.num, 255))
	case 1:
		x.KeyID = f.str()
	case 2:
		x.BucketKey = f.num != 0
	case 3:
		s.Key = append([]byte(nil), f.bytes...)
	case 4:
		return fill("encryption", s.Salt[:], f.bytes)
	}
	return nil
}

func headerFields(h *keyhaven.ObjectHeader) [6]*string {
	return [6]*string{
		&h.ContentType, &h.CacheControl, &h.ContentDisposition,
		&h.ContentEncoding, &h.ContentLanguage, &h.Expires,
	}
}

func (e *encoder) header(base protowire.Number, h keyhaven.ObjectHeader) {
	for i, s := range headerFields(&h) {
		e.string(base+protowire.Number(i), *s)
	}
}

func setHeader(h *keyhaven.ObjectHeader, i protowire.Number, f field) {
	*headerFields(h)[i] = f.str()
}

func (e *encoder) metadata(n protowire.Number, pairs []keyhaven.MetadataPair) {
	for _, p := range pairs {
		var f encoder
		f.string(1, p.Name)
		f.string(2, p.Value)
		e.group(n, f)
	}
}

func addMetadata(pairs *[]keyhaven.MetadataPair, f field) error {
	var p keyhaven.MetadataPair
	err := decodeFields("metadata", f.bytes, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			p.Name = f.str()
		case 2:
			p.Value = f.str()
		}
		return nil
	})
	*pairs = append(*pairs, p)
	return err
}

// tags appends the tags of an object, which all have a value.
func (e *encoder) tags(n protowire.Number, tags []keyhaven.Tag) {
	for _, t := range tags {
		var f encoder
		f.string(1, t.Key)
		f.string(2, t.Value)
		e.group(n, f)
	}
}

func addTag(tags *[]keyhaven.Tag, f field) error {
	t := keyhaven.Tag{HasValue: true}
	err := decodeFields("tag", f.bytes, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			t.Key = f.str()
		case 2:
			t.Value = f.str()
		}
		return nil
	})
	*tags = append(*tags, t)
	return err
}
