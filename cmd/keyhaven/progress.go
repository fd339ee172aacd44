package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress tells how far a long command is: on a terminal in one line that
// changes, elsewhere in a plain line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	shown    bool      // a line that is to be wiped
	next     time.Time // nothing is shown before
}

const (
	progressPause = 10 * time.Second // between plain lines
	terminalPause = 200 * time.Millisecond
	wipe          = "\r\x1b[K"
)

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if !p.terminal {
		p.next = time.Now().Add(progressPause)
	}
	return p
}

// show shows what text returns, unless something was shown a moment ago.
func (p *progress) show(text func() string) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	if p.terminal {
		p.next, p.shown = now.Add(terminalPause), true
		fmt.Fprint(p.w, wipe, text())
		return
	}
	p.next = now.Add(progressPause)
	fmt.Fprintln(p.w, text())
}

// line prints what stays.
func (p *progress) line(s string) {
	p.clear()
	fmt.Fprintln(p.w, s)
}

// clear takes away what was shown, before something else is printed.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, wipe)
		p.shown = false
	}
}
