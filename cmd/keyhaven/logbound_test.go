package main

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestR17_LogIsBounded: of a flood so many lines a second are written, errors
// are not drowned in it, and what was left out is said.
func TestR17_LogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := slog.New(bound(slog.NewTextHandler(&out, nil), 10)).With("a", 1)
		for range 10_000 {
			log.Info("request")
		}
		log.Error("disk")
		if n := strings.Count(out.String(), "request"); n != 10 || !strings.Contains(out.String(), "disk") {
			t.Errorf("%d lines of the flood:\n%s", n, out.String())
		}
		time.Sleep(time.Second)
		log.Info("request")
		if !strings.Contains(out.String(), "lines=9990") || strings.Count(out.String(), "request") != 11 {
			t.Errorf("after a second:\n%s", out.String())
		}
		free := slog.New(bound(slog.NewTextHandler(&out, nil), 0))
		out.Reset()
		for range 100 {
			free.Info("request")
		}
		if n := strings.Count(out.String(), "request"); n != 100 {
			t.Errorf("%d lines without a bound, want 100", n)
		}
	})
}
