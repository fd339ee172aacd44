package audit

import (
	"testing"
	"time"
)

// TestBudget: each key has its own, of each minute, and hears of what was left out
// once.
func TestBudget(t *testing.T) {
	b := NewBudget(2)
	at := time.Date(2026, 3, 1, 12, 0, 10, 0, time.UTC)
	take := func(what, key string, skipped int, ok bool) {
		t.Helper()
		if n, is := b.Take(at, key); n != skipped || is != ok {
			t.Errorf("%s: %d skipped, %t; want %d, %t", what, n, is, skipped, ok)
		}
	}
	take("the first", "a", 0, true)
	take("the second", "a", 0, true)
	take("too many", "a", 0, false)
	take("another key", "b", 0, true)
	take("too many", "a", 0, false)
	at = at.Add(50 * time.Second)
	take("the next minute", "a", 2, true)
	take("the next minute", "a", 0, true)
	at = at.Add(time.Minute)
	take("nobody left out", "c", 0, true)
	if len(b.counts) != 1 {
		t.Errorf("%d keys are counted, want those of this minute", len(b.counts))
	}
}
