package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// bounded lets so many lines a second through, counted apart for those below
// warnings and the others, and says how many it left out. A server under load,
// or with a broken disk, must not fill another one with its log (R17).
type bounded struct {
	slog.Handler
	state *boundState
}

type boundState struct {
	mu     sync.Mutex
	most   int
	second int64
	lines  [2]int
	out    int // left out since the last line that said so
}

// bound returns the handler within bounds; most is 0 for none.
func bound(h slog.Handler, most int) slog.Handler {
	if most == 0 {
		return h
	}
	return bounded{h, &boundState{most: most}}
}

// take reports whether a line may go, and how many were left out before it.
func (s *boundState) take(now time.Time, level slog.Level) (ok bool, out int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if second := now.Unix(); second != s.second {
		s.second, s.lines = second, [2]int{}
		out, s.out = s.out, 0
	}
	class := 0
	if level >= slog.LevelWarn {
		class = 1
	}
	if s.lines[class] >= s.most {
		s.out++
		return false, out
	}
	s.lines[class]++
	return true, out
}

// Handle logs a line that is within bounds.
func (h bounded) Handle(ctx context.Context, r slog.Record) error {
	ok, out := h.state.take(r.Time, r.Level)
	if out > 0 {
		said := slog.NewRecord(r.Time, slog.LevelWarn, "log lines were left out", 0)
		said.AddAttrs(slog.Int("lines", out), slog.Int("most_per_second", h.state.most))
		if err := h.Handler.Handle(ctx, said); err != nil {
			return err
		}
	}
	if !ok {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns the handler with attributes, within the same bounds.
func (h bounded) WithAttrs(a []slog.Attr) slog.Handler {
	return bounded{h.Handler.WithAttrs(a), h.state}
}

// WithGroup returns the handler with a group, within the same bounds.
func (h bounded) WithGroup(name string) slog.Handler {
	return bounded{h.Handler.WithGroup(name), h.state}
}
