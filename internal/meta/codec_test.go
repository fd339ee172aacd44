package meta

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
)

func TestRecordRoundTrip(t *testing.T) {
	eachRecord(t, func(t *rapid.T, s *recordStore, noun any) {
		got, err := s.read(t, s.raw(t))
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		if d := cmp.Diff(noun, got, equal); d != "" {
			t.Fatalf("what was read differs from what was written (-want +got):\n%s", d)
		}
	})
}

// unknownFields are fields of every wire type that no record has.
func unknownFields() []byte {
	const first = 5000
	b := protowire.AppendVarint(protowire.AppendTag(nil, first, protowire.VarintType), 1<<40)
	b = protowire.AppendFixed32(protowire.AppendTag(b, first+1, protowire.Fixed32Type), 7)
	b = protowire.AppendFixed64(protowire.AppendTag(b, first+2, protowire.Fixed64Type), 7)
	b = protowire.AppendBytes(protowire.AppendTag(b, first+3, protowire.BytesType), []byte("later"))
	b = protowire.AppendTag(b, first+4, protowire.StartGroupType)
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), 1)
	return protowire.AppendTag(b, first+4, protowire.EndGroupType)
}

// TestM5_UnknownFieldsAreSkipped reads records of a later release, which has
// added fields.
func TestM5_UnknownFieldsAreSkipped(t *testing.T) {
	eachRecord(t, func(t *rapid.T, s *recordStore, noun any) {
		raw := s.raw(t)
		later := append(append([]byte{raw[0]}, unknownFields()...), raw[1:]...)
		got, err := s.read(t, append(later, unknownFields()...))
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		if d := cmp.Diff(noun, got, equal); d != "" {
			t.Fatalf("unknown fields changed the noun (-want +got):\n%s", d)
		}
	})
}

func TestM5_UnknownFieldsInGroupsAreSkipped(t *testing.T) {
	e := newRecord(0)
	var tag encoder
	tag.string(1, "team")
	e.bytes(11, append(tag.b, unknownFields()...))
	b, err := decodeBucket("bucket", e.b)
	if err != nil || len(b.Tags) != 1 || b.Tags[0].Key != "team" {
		t.Errorf("decodeBucket() = %+v, %v, want the tag team", b, err)
	}

	e = newRecord(0)
	var pair encoder
	pair.string(1, "colour")
	e.bytes(30, append(pair.b, unknownFields()...))
	v, err := decodeVersion("key", e.b)
	if err != nil || len(v.Metadata) != 1 || v.Metadata[0].Name != "colour" {
		t.Errorf("decodeVersion() = %+v, %v, want the pair colour", v, err)
	}
}

// TestM5_UnknownVersionIsRefused: a record whose first byte is not ours was
// written by a release that says so on purpose.
func TestM5_UnknownVersionIsRefused(t *testing.T) {
	eachRecord(t, func(t *rapid.T, s *recordStore, _ any) {
		raw := s.raw(t)
		raw[0] = rapid.Byte().Filter(func(b byte) bool { return b != recordVersion }).Draw(t, "version")
		if got, err := s.read(t, raw); err == nil {
			t.Fatalf("a record of version %d reads as %+v", raw[0], got)
		}
		if got, err := s.read(t, []byte{}); err == nil {
			t.Fatalf("an empty record reads as %+v", got)
		}
	})
}

// TestTruncatedRecords cuts records at every byte. A cut between two fields
// leaves a good record; one inside a field must be an error, never a panic and
// never a noun.
func TestTruncatedRecords(t *testing.T) {
	eachRecord(t, func(t *rapid.T, s *recordStore, _ any) {
		raw := s.raw(t)
		whole := map[int]bool{1: true}
		for at := 1; at < len(raw); {
			_, _, n := protowire.ConsumeField(raw[at:])
			if n < 0 {
				t.Fatalf("the record is no list of fields from byte %d: %x", at, raw)
			}
			at += n
			whole[at] = true
		}
		for n := range len(raw) {
			got, err := s.read(t, raw[:n])
			if (err == nil) != whole[n] {
				t.Fatalf("the first %d of %d bytes read as %+v, %v; between two fields: %v", n, len(raw), got, err, whole[n])
			}
		}
	})
}

// TestEncodedFieldsAreOwn checks that a decoded noun holds no slice of the
// record, which the engine takes back (kv K7).
func TestEncodedFieldsAreOwn(t *testing.T) {
	v := &Version{}
	v.Checksum = keyhaven.Checksum{Algorithm: keyhaven.ChecksumCRC32, Value: []byte{1, 2, 3, 4}}
	v.Metadata = []keyhaven.MetadataPair{{Name: "a", Value: "b"}}
	v.Header.ContentType = "text/plain"
	rec := encodeVersion(v)
	got, err := decodeVersion("", rec)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rec {
		rec[i] = 0xdb
	}
	if !bytes.Equal(got.Checksum.Value, []byte{1, 2, 3, 4}) || got.Metadata[0].Value != "b" || got.Header.ContentType != "text/plain" {
		t.Errorf("the version changed with the record: %+v", got)
	}
}
