package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// tuneMemory trades memory that an idle server does not use for fewer
// collections: live data is a few MiB, and at Go's default a busy server would
// collect many times a second. GOGC and GOMEMLIMIT in the environment win.
func tuneMemory(getenv func(string) (string, bool), log *slog.Logger) {
	if !arenasLimited() {
		log.Warn("the C library takes no bound on its arenas: more memory will be resident")
	}
	if _, ok := getenv("GOGC"); !ok {
		debug.SetGCPercent(200)
	}
}

// trimmer gives memory back to the system when a burst of work is over. Both
// allocators, Go's and the C library's under the metadata engine, keep what
// they once needed: an idle server would stay as large as its busiest moment.
type trimmer struct {
	every time.Duration
	quiet time.Duration // processor time between two looks that counts as rest
	burst time.Duration // processor time since the last trim that makes one worth it
	used  func() time.Duration
	trim  func()

	seen, trimmed time.Duration
}

func newTrimmer() *trimmer {
	return &trimmer{
		every: 5 * time.Second, quiet: 150 * time.Millisecond, burst: time.Second,
		used: processorTime,
		trim: func() {
			debug.FreeOSMemory()
			trimMalloc()
		},
	}
}

// run looks until ctx ends.
func (t *trimmer) run(ctx context.Context) {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.look()
		}
	}
}

// look trims when little was done since the last look and much since the last
// trim.
func (t *trimmer) look() {
	now := t.used()
	rest := now-t.seen <= t.quiet
	if rest && now-t.trimmed >= t.burst {
		t.trim()
		now = t.used()
		t.trimmed = now
	}
	t.seen = now
}
