package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

type fsckCmd struct {
	Data   string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	Deep   bool   `help:"Read every byte of every blob, and not only look at its end."`
	Repair bool   `help:"Correct counters, indexes and references. Records and bytes are never touched."`
}

// Help is what --help says beside the flags.
func (fsckCmd) Help() string {
	return "Checks the data directory of a server that is stopped, and prints a line for everything that is wrong. " +
		"The exit status is 0 when nothing is, else 1. To check the bytes while the server runs, use scrub."
}

// Run checks the directory.
func (c *fsckCmd) Run(sys *system) (err error) {
	d, err := openStopped(sys, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	p := newProgress(sys.stderr)
	found := printFinding(sys.stdout)
	sum, err := check.Run(sys.ctx, d.meta, d.blobs, check.Options{
		Deep:   c.Deep,
		Repair: c.Repair,
		Unseal: func(sealed []byte, sealedFor string) error {
			_, err := d.ring.Open(sealed, sealedFor)
			return err
		},
		Report: func(f check.Finding) error {
			p.clear()
			return found(f)
		},
		Progress: func(at check.Summary) {
			p.show(func() string {
				return fmt.Sprintf("%d versions with %s, %d problems", at.Objects, size(at.Bytes), at.Findings)
			})
		},
	})
	p.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(sys.stdout, "%d buckets, %d versions and %d unfinished uploads with %s checked\n",
		sum.Buckets, sum.Objects, sum.Uploads, size(sum.Bytes))
	if sum.LeftOver > 0 || sum.Pending > 0 {
		fmt.Fprintf(sys.stdout, "%d blobs of unfinished writes and %d pieces of other work are left for the running server to clear away\n",
			sum.LeftOver, sum.Pending)
	}
	switch {
	case sum.Findings == 0:
		return nil
	case c.Repair:
		return fmt.Errorf("%d problems found, %d of them repaired: run fsck again", sum.Findings, sum.Repaired)
	}
	return fmt.Errorf("%d problems found", sum.Findings)
}

// openStopped opens the data directory of a server that is not running.
func openStopped(sys *system, path string) (*dataDir, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err // openDataDir would make it
	}
	d, err := openDataDir(sys.ctx, path, settings{MustExist: true}, pebblekv.Options{})
	if err != nil {
		return nil, err
	}
	if d.fresh {
		return nil, errors.Join(fmt.Errorf("data directory %s: it was never completely made: run keyhaven serve first", path), d.Close())
	}
	return d, nil
}

func printFinding(w io.Writer) func(check.Finding) error {
	return func(f check.Finding) error {
		_, err := fmt.Fprintln(w, f)
		return err
	}
}

// size writes bytes for a person.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/unit, 0
	for ; v >= unit && i < 4; i++ {
		v /= unit
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTP"[i])
}
