package meta

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// recordVersion is the first byte of every record. Fields are protobuf wire
// fields after it, so a reader skips what it does not know (M5); a new first
// byte is for a change that an old reader must refuse.
const recordVersion = 1

// encoder appends fields to a record. Zero values are left out.
type encoder struct{ b []byte }

func newRecord(size int) *encoder {
	return &encoder{b: append(make([]byte, 0, size), recordVersion)}
}

func (e *encoder) uint(n protowire.Number, v uint64) {
	if v != 0 {
		e.b = protowire.AppendVarint(protowire.AppendTag(e.b, n, protowire.VarintType), v)
	}
}

func (e *encoder) bool(n protowire.Number, v bool) {
	if v {
		e.uint(n, 1)
	}
}

func (e *encoder) fixed(n protowire.Number, v uint64) {
	if v != 0 {
		e.b = protowire.AppendFixed64(protowire.AppendTag(e.b, n, protowire.Fixed64Type), v)
	}
}

func (e *encoder) string(n protowire.Number, v string) {
	if v != "" {
		e.b = protowire.AppendString(protowire.AppendTag(e.b, n, protowire.BytesType), v)
	}
}

func (e *encoder) bytes(n protowire.Number, v []byte) {
	if len(v) != 0 {
		e.b = protowire.AppendBytes(protowire.AppendTag(e.b, n, protowire.BytesType), v)
	}
}

// group appends a nested list of fields, which is there even when all of its
// fields are zero.
func (e *encoder) group(n protowire.Number, g encoder) {
	e.b = protowire.AppendBytes(protowire.AppendTag(e.b, n, protowire.BytesType), g.b)
}

func (e *encoder) time(n protowire.Number, t time.Time) {
	if !t.IsZero() {
		e.fixed(n, uint64(t.UnixNano()))
	}
}

// field is one decoded field: num for varint and fixed types, bytes for the
// other. bytes point into the record.
type field struct {
	num   uint64
	bytes []byte
}

func (f field) str() string { return string(f.bytes) }

func (f field) time() time.Time {
	if f.num == 0 {
		return time.Time{} // as the encoder leaves it out
	}
	return time.Unix(0, int64(f.num)).UTC()
}

// decode calls set for each field of the record.
func decode(what string, rec []byte, set func(n protowire.Number, f field) error) error {
	if len(rec) == 0 || rec[0] != recordVersion {
		return unknownVersion(what)
	}
	return decodeFields(what, rec[1:], set)
}

func decodeFields(what string, b []byte, set func(n protowire.Number, f field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return damaged(what)
		}
		b = b[n:]
		var f field
		switch typ {
		case protowire.VarintType:
			f.num, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.num, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return damaged(what)
		}
		b = b[n:]
		if err := set(num, f); err != nil {
			return err
		}
	}
	return nil
}

func unknownVersion(what string) error {
	return fmt.Errorf("meta: %s record has an unknown version; it was written by a newer release or is damaged", what)
}

func damaged(what string) error { return fmt.Errorf("meta: %s record is damaged", what) }

// fill copies a fixed-width field and refuses another width.
func fill(what string, dst, src []byte) error {
	if len(dst) != len(src) {
		return damaged(what)
	}
	copy(dst, src)
	return nil
}

func clampInt(v uint64) int { return int(min(v, math.MaxInt32)) }
