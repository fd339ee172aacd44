package keyhaven

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestKindsAndNouns: every kind and noun has a name of its own, so that a new
// one cannot be forgotten.
func TestKindsAndNouns(t *testing.T) {
	seen := map[string]bool{}
	for i, k := range Kinds() {
		if s := k.String(); s == "" || seen[s] || int(k) != i {
			t.Errorf("kind %d has the name %q", i, s)
		} else {
			seen[s] = true
		}
	}
	if len(seen) != int(numKinds) || Kind(numKinds).String() != "unknown kind" {
		t.Errorf("%d of %d kinds have names", len(seen), numKinds)
	}
	nouns := map[string]bool{}
	for n := NounNone + 1; n < numNouns; n++ {
		if s := n.String(); s == "" || nouns[s] {
			t.Errorf("noun %d has the name %q", n, s)
		} else {
			nouns[s] = true
		}
	}
	if NounNone.String() != "" || numNouns.String() != "unknown noun" {
		t.Errorf("no noun is %q, and one beyond the last %q", NounNone, numNouns)
	}
}

func TestErrors(t *testing.T) {
	cause := io.ErrUnexpectedEOF
	e := &Error{Kind: NotFound, Noun: NounObject, ID: "photos/a", Msg: "It is gone.", Err: cause}
	wrapped := fmt.Errorf("object: get: %w", e)
	if KindOf(wrapped) != NotFound || !Is(wrapped, NotFound, NounObject) || Is(wrapped, NotFound, NounBucket) || Is(wrapped, Invalid, NounObject) {
		t.Errorf("kind %v of %v", KindOf(wrapped), wrapped)
	}
	if !errors.Is(wrapped, cause) {
		t.Error("the cause is lost")
	}
	for _, err := range []error{nil, io.EOF, fmt.Errorf("wrapped: %w", io.EOF)} {
		if KindOf(err) != Internal || Is(err, Internal, NounNone) {
			t.Errorf("an error that nobody classified is %v", KindOf(err))
		}
	}
	for want, e := range map[string]*Error{
		`object "photos/a": not found: It is gone.: unexpected EOF`: e,
		"internal":           {},
		"bucket: conflict":   {Kind: Conflict, Noun: NounBucket},
		"throttled: Slowly.": {Kind: Throttled, Msg: "Slowly."},
	} {
		if got := e.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

// TestErrorsStayOnOneLine: what a client sent cannot break a line of the log or
// make it long.
func TestErrorsStayOnOneLine(t *testing.T) {
	for _, id := range []string{"a\nb", "a\r\nlevel=INFO", `a" level="INFO`, "\x00\x1b[31m", "\x7f", "\xff\xfe", strings.Repeat("é", 1<<16), strings.Repeat("\n", 1<<16)} {
		s := (&Error{Kind: Invalid, Noun: NounObjectKey, ID: id}).Error()
		if len(s) > 1000 || !utf8.ValidString(s) || strings.Count(s, `"`) != 2 {
			t.Errorf("the id %.20q makes the error %.200q of %d bytes", id, s, len(s))
		}
		for _, c := range []byte(s) {
			if c < 0x20 || c == 0x7f {
				t.Errorf("the id %.20q puts the byte %#x into the error", id, c)
			}
		}
	}
}
