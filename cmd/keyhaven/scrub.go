package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/control"
)

type scrubCmd struct {
	Data string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	Rate int    `help:"Bytes read, in MiB a second; 0 for as fast as it goes." default:"32" placeholder:"MIB"`
}

// Help is what --help says beside the flags.
func (scrubCmd) Help() string {
	return "Reads the bytes of every object and compares them with their checksums, in the running server or, when none " +
		"runs, by itself. Prints a line for each object that is damaged. The exit status is 0 when none is, else 1."
}

// scrubReport is one line of the running server's answer.
type scrubReport struct {
	Finding  *check.Finding  `json:"finding,omitempty"`
	Progress *check.Progress `json:"progress,omitempty"`
}

type scrubArgs struct {
	Rate int64 `json:"rate"` // bytes a second
}

// Run scrubs, wherever the directory is open.
func (c *scrubCmd) Run(sys *system) error {
	if c.Rate < 0 {
		return errors.New("--rate must be 0 or more")
	}
	s := &scrubPrinter{sys: sys, shown: newProgress(sys.stderr)}
	rate := int64(c.Rate) << 20
	err := control.Call(sys.ctx, filepath.Join(c.Data, controlSocket), "scrub", scrubArgs{Rate: rate}, s.line)
	if errors.Is(err, control.ErrNotRunning) {
		err = c.offline(sys, rate, s)
	}
	s.shown.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(sys.stdout, "%d versions with %s scrubbed\n", s.last.Objects, size(s.last.Bytes))
	if s.findings > 0 {
		return fmt.Errorf("%d problems found", s.findings)
	}
	return nil
}

func (c *scrubCmd) offline(sys *system, rate int64, s *scrubPrinter) (err error) {
	d, err := openStopped(sys, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	_, err = check.Scrub(sys.ctx, d.meta, d.blobs, check.ScrubOptions{Rate: rate, Finding: s.finding, Progress: s.progress})
	return err
}

type scrubPrinter struct {
	sys      *system
	findings int64
	last     check.Progress
	shown    *progress
}

func (s *scrubPrinter) line(raw json.RawMessage) error {
	var r scrubReport
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if r.Finding != nil {
		return s.finding(*r.Finding)
	}
	if r.Progress != nil {
		return s.progress(*r.Progress)
	}
	return nil
}

func (s *scrubPrinter) finding(f check.Finding) error {
	s.findings++
	s.shown.clear()
	return printFinding(s.sys.stdout)(f)
}

func (s *scrubPrinter) progress(p check.Progress) error {
	s.last = p
	s.shown.show(func() string {
		return fmt.Sprintf("%s of about %s, %d problems", size(p.Bytes), size(p.Total), p.Findings)
	})
	return nil
}

// scrubCommand scrubs in the running server.
func scrubCommand(d *dataDir, load *load) control.Command {
	return func(ctx context.Context, raw json.RawMessage, report func(any) error) error {
		var args scrubArgs
		if err := json.Unmarshal(raw, &args); err != nil {
			return fmt.Errorf("scrub: %w", err)
		}
		_, err := check.Scrub(ctx, d.meta, d.blobs, check.ScrubOptions{
			Rate:     max(args.Rate, 0),
			Busy:     load.busy,
			Finding:  func(f check.Finding) error { return report(scrubReport{Finding: &f}) },
			Progress: func(p check.Progress) error { return report(scrubReport{Progress: &p}) },
		})
		return err
	}
}

// load counts the requests that are being answered.
type load struct{ requests atomic.Int64 }

// now is how many requests are being answered.
func (l *load) now() int64 { return l.requests.Load() }

func (l *load) busy() bool { return l.requests.Load() > 0 }

// count returns h with its requests counted.
func (l *load) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests.Add(1)
		defer l.requests.Add(-1)
		h.ServeHTTP(w, r)
	})
}
