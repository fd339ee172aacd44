package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// newLog returns the server's log and a function that writes out what is
// buffered.
func newLog(w io.Writer, format, level string, most int) (log *slog.Logger, flush func()) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	out := newLogWriter(w)
	opts := &slog.HandlerOptions{Level: least}
	var h slog.Handler = slog.NewTextHandler(out, opts)
	if format == "json" {
		h = slog.NewJSONHandler(out, opts)
	}
	return slog.New(bound(h, most)), out.Close
}

// accessLog narrows the log of requests.
func accessLog(log *slog.Logger, which string) *slog.Logger {
	switch which {
	case "off":
		return slog.New(slog.DiscardHandler)
	case "errors":
		return slog.New(atLeast{log.Handler(), slog.LevelError})
	}
	return log
}

// atLeast is a handler that drops what is below a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled reports whether the level is logged.
func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

const (
	logBuffer = 64 << 10
	logDelay  = 200 * time.Millisecond
)

// logWriter gathers lines, so that a busy server does not pay a system call for
// each. A line is on its way after logDelay at the latest.
type logWriter struct {
	mu    sync.Mutex
	buf   *bufio.Writer
	timer *time.Timer
}

func newLogWriter(w io.Writer) *logWriter {
	return &logWriter{buf: bufio.NewWriterSize(w, logBuffer)}
}

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		l.timer = time.AfterFunc(logDelay, l.Close)
	}
	return l.buf.Write(p)
}

// Close writes out what is gathered. The writer stays usable.
func (l *logWriter) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	_ = l.buf.Flush() // the log has nowhere to report that it cannot be written
}
