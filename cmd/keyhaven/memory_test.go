package main

import (
	"testing"
	"time"
)

func TestArenasLimited(t *testing.T) {
	if !arenasLimited() {
		t.Error("the C library refuses the bound on its arenas")
	}
}

func TestTrimmer(t *testing.T) {
	var used time.Duration
	trims := 0
	tr := newTrimmer()
	tr.used = func() time.Duration { return used }
	tr.trim = func() { trims++; used += 20 * time.Millisecond }
	for i, c := range []struct {
		work time.Duration // since the look before
		want int           // trims so far
	}{
		{100 * time.Millisecond, 0}, // the start costs little
		{4 * time.Second, 0},        // work
		{3 * time.Second, 0},
		{50 * time.Millisecond, 1}, // over
		{0, 1},
		{100 * time.Millisecond, 1}, // little, again and again
		{100 * time.Millisecond, 1},
		{800 * time.Millisecond, 1}, // altogether more than a burst, but busy
		{0, 2},
		{0, 2},
	} {
		used += c.work
		tr.look()
		if trims != c.want {
			t.Errorf("look %d after %v of work: %d trims, want %d", i, c.work, trims, c.want)
		}
	}
}
