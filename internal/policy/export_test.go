package policy

import (
	"testing"
	"unicode/utf8"
)

// CheckGlob compares a compiled pattern with another way to match.
func CheckGlob(t *testing.T, text, s string, match func(pattern, s string) bool) {
	t.Helper()
	p, ok := newPattern(text, true, false)
	if !ok {
		t.Fatalf("%q: not a pattern", text)
	}
	if !utf8.ValidString(text) || !utf8.ValidString(s) {
		return
	}
	if got, _ := p.match(s, nil); got != match(text, s) {
		t.Fatalf("%q on %q: %v", text, s, got)
	}
}
