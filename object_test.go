package keyhaven

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestVersionIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.Custom(func(t *rapid.T) VersionID {
			return VersionID{Seq: rapid.Uint64().Draw(t, "seq"), Rand: rapid.Uint64().Draw(t, "rand")}
		})
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		got, err := ParseVersionID(a.String())
		if err != nil || got != a {
			t.Fatalf("ParseVersionID(%q) = %+v, %v, want %+v", a, got, err, a)
		}
		if a.Seq != b.Seq && (a.String() < b.String()) != (a.Seq < b.Seq) {
			t.Fatalf("%q and %q are not in the order of their sequences", a, b)
		}
	})
	null, err := ParseVersionID("null")
	if err != nil || null != (VersionID{Null: true}) || (VersionID{Seq: 7, Rand: 8, Null: true}).String() != "null" {
		t.Errorf("ParseVersionID(null) = %+v, %v", null, err)
	}
	for _, s := range []string{"", "NULL", "null ", "0", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("é", 16), "../" + strings.Repeat("0", 29)} {
		if id, err := ParseVersionID(s); !Is(err, Invalid, NounVersion) {
			t.Errorf("ParseVersionID(%q) = %+v, %v, want Invalid", s, id, err)
		}
	}
}

func TestETags(t *testing.T) {
	e := ETag{MD5: [16]byte{0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e}}
	const empty = "d41d8cd98f00b204e9800998ecf8427e"
	if got := e.String(); got != empty {
		t.Errorf("String() = %q", got)
	}
	e.Parts = 10000
	if got := e.String(); got != empty+"-10000" {
		t.Errorf("String() = %q", got)
	}
}

func TestChecksumNames(t *testing.T) {
	seen := map[string]bool{"": true}
	for _, a := range ChecksumAlgorithms {
		if seen[a.String()] {
			t.Errorf("algorithm %d has the name %q", a, a)
		}
		seen[a.String()] = true
	}
	if len(ChecksumAlgorithms) != len(checksumNames)-1 || ChecksumNone.String() != "" || ChecksumAlgorithm(99).String() != "" {
		t.Error("not every algorithm is listed and named")
	}
	if FullObject.String() != "FULL_OBJECT" || Composite.String() != "COMPOSITE" {
		t.Errorf("the types are %v and %v", FullObject, Composite)
	}
	if !(Checksum{Value: []byte{1}}).IsZero() || (Checksum{Algorithm: ChecksumCRC32}).IsZero() {
		t.Error("IsZero() of a checksum")
	}
}
