package blob_test

import (
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
)

func TestRef(t *testing.T) {
	const s = "000102030405060708090a0b0c0d0eff"
	ref, err := blob.ParseRef(s)
	if err != nil {
		t.Fatalf("ParseRef(%q): %v", s, err)
	}
	if got := ref.String(); got != s {
		t.Errorf("String = %q, want %q", got, s)
	}
	if got, want := ref.Session(), (blob.Session{0, 1, 2, 3, 4, 5}); got != want {
		t.Errorf("Session = %x, want %x", got, want)
	}
	if ref.IsZero() || !(blob.Ref{}).IsZero() {
		t.Error("IsZero is wrong")
	}
	for _, bad := range []string{"", s[1:], s + "0", strings.Repeat("g", 32), "../../" + s[6:], strings.Repeat("é", 16)} {
		if ref, err := blob.ParseRef(bad); err == nil {
			t.Errorf("ParseRef(%q) = %s, want an error", bad, ref)
		}
	}
}
