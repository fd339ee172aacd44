package meta

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
)

// fuzzDecode checks that any bytes decode to an error or to a noun that is
// stored and read again without a change.
func fuzzDecode[T any](f *testing.F, kind string, decode func([]byte) (T, error), encode func(T) []byte) {
	for _, fix := range readFixtures(f) {
		if strings.HasPrefix(fix.name, kind) {
			f.Add(fix.raw)
		}
	}
	f.Add([]byte{})
	f.Add(append([]byte{recordVersion}, unknownFields()...))
	f.Fuzz(func(t *testing.T, rec []byte) {
		noun, err := decode(rec)
		if err != nil {
			return
		}
		// The first reading may drop what no writer puts there, such as a time
		// of zero; from then on nothing changes.
		first, err := decode(encode(noun))
		if err != nil {
			t.Fatalf("its own encoding does not decode: %v", err)
		}
		again, err := decode(encode(first))
		if err != nil {
			t.Fatalf("its own encoding does not decode: %v", err)
		}
		if d := cmp.Diff(first, again, equal); d != "" {
			t.Fatalf("decoding changed the noun:\n%s", d)
		}
	})
}

func FuzzDecodeVersion(f *testing.F) {
	fuzzDecode(f, "version", func(b []byte) (*Version, error) { return decodeVersion("key", b) }, encodeVersion)
}

func FuzzDecodeBucket(f *testing.F) {
	fuzzDecode(f, "bucket", func(b []byte) (*keyhaven.Bucket, error) { return decodeBucket("bucket", b) }, encodeBucket)
}

func FuzzDecodeAccessKey(f *testing.F) {
	fuzzDecode(f, "access-key", func(b []byte) (*KeyRecord, error) { return decodeAccessKey("AKIA", b) }, encodeAccessKey)
}

func FuzzDecodePart(f *testing.F) {
	fuzzDecode(f, "part", func(b []byte) (*PartRecord, error) {
		var p PartRecord
		return &p, decodePart(&p, b)
	}, func(p *PartRecord) []byte {
		e := newRecord(0)
		encodePartFields(e, p)
		return e.b
	})
}

// FuzzDecodeRecords feeds the bytes to the readers of every kind.
func FuzzDecodeRecords(f *testing.F) {
	stores := make([]*recordStore, len(records))
	for i, rec := range records {
		stores[i] = newRecordStore(f, rec, rec.gen.Example(1))
		f.Add(i, stores[i].raw(f))
	}
	f.Fuzz(func(t *testing.T, i int, rec []byte) {
		s := stores[uint(i)%uint(len(stores))]
		noun, err := s.read(t, rec)
		if err == nil && (len(rec) == 0 || rec[0] != recordVersion) {
			t.Errorf("a record of another version reads as %+v", noun)
		}
	})
}

func FuzzKeyOrder(f *testing.F) {
	for _, s := range []string{"", "a", "a/b", "a\x00", "a\x00\x01", "a\x00\xff", "a\x01", "\xff", "\xff\xff", "é"} {
		f.Add(s, "a", uint64(1), uint64(2))
		f.Add("a", s+"\x00b", uint64(7), uint64(7))
	}
	f.Fuzz(func(t *testing.T, a, b string, seqA, seqB uint64) {
		bucket := keyhaven.BucketID{1}
		order := strings.Compare(a, b)
		if got := bytes.Compare(currentKey(bucket, a), currentKey(bucket, b)); got != order {
			t.Errorf("current keys of %q, %q compare as %d, want %d", a, b, got, order)
		}
		newer := order
		if newer == 0 && seqA != seqB {
			newer = 1 // the newest comes first
			if seqA > seqB {
				newer = -1
			}
		}
		if got := bytes.Compare(versionKey(bucket, a, seqA), versionKey(bucket, b, seqB)); got != newer {
			t.Errorf("version keys of %q/%d, %q/%d compare as %d, want %d", a, seqA, b, seqB, got, newer)
		}
		older := order
		if older == 0 && seqA != seqB {
			older = -1
			if seqA > seqB {
				older = 1
			}
		}
		if got := bytes.Compare(uploadKey(bucket, a, idOf(seqA, 0)), uploadKey(bucket, b, idOf(seqB, 0))); got != older {
			t.Errorf("upload keys of %q/%d, %q/%d compare as %d, want %d", a, seqA, b, seqB, got, older)
		}
		for _, kind := range []byte{kindVersion, kindUpload} {
			scope := bucketScope(kind, bucket)
			within := bytes.HasPrefix(appendEscaped(scope, a), escapedPrefix(bucketScope(kind, bucket), b))
			if within != strings.HasPrefix(a, b) {
				t.Errorf("escaped %q under prefix %q: %v", a, b, within)
			}
		}
		s, rest, err := cutEscaped(append(appendEscaped(nil, a), b...))
		if err != nil || s != a || string(rest) != b {
			t.Errorf("cutEscaped(%q + %q) = %q, %q, %v", a, b, s, rest, err)
		}
	})
}

// FuzzCutEscaped checks that no bytes panic and that only one spelling of a key
// is taken.
func FuzzCutEscaped(f *testing.F) {
	for _, s := range []string{"", "\x00", "a\x00\x01", "a\x00\xffb\x00\x01rest", "a\x00\x02", "\x00\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, k []byte) {
		s, rest, err := cutEscaped(k)
		if err != nil {
			return
		}
		if again := append(appendEscaped(nil, s), rest...); !bytes.Equal(again, k) {
			t.Errorf("%q is read as %q, which is written %q", k, s, again)
		}
	})
}
