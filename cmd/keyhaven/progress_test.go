package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestProgress: a terminal has one line that changes, everything else has lines,
// one every ten seconds.
func TestProgress(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			p := newProgress(&out)
			if terminal {
				p = &progress{w: &out, terminal: true}
			}
			n := 0
			for range 250 {
				time.Sleep(100 * time.Millisecond)
				p.show(func() string { n++; return "working" })
			}
			p.line("done")
			got := out.String()
			if terminal && (n != 125 || strings.Count(got, "\r\x1b[Kworking") != n || !strings.HasSuffix(got, "\r\x1b[Kdone\n")) {
				t.Errorf("a terminal is shown %d times %q", n, got)
			}
			if want := "working\nworking\ndone\n"; !terminal && got != want {
				t.Errorf("a file has %q, want %q", got, want)
			}
		})
	}
}
