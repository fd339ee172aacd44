package check

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// pageSize is how many entries are read from one snapshot.
const pageSize = 512

// Options are the settings of a Run.
type Options struct {
	Deep   bool // read every byte of every blob, and not only its end
	Repair bool // make again what can be made from the records (C1)
	// Unseal opens what is sealed for a context; nil leaves it closed.
	Unseal func(sealed []byte, context string) error
	// Report receives each finding; an error ends the Run and comes back.
	Report func(Finding) error
	// Progress is called about once a second with what was seen so far; may be nil.
	Progress func(Summary)

	held int // maxHeld, unless a test sets less
}

// Summary is what a Run or a Scrub has seen.
type Summary struct {
	Buckets  int   `json:"buckets"`
	Objects  int64 `json:"objects"` // versions and delete markers
	Uploads  int64 `json:"uploads"`
	Bytes    int64 `json:"bytes"` // of all versions and parts
	Findings int64 `json:"findings"`
	Repaired int64 `json:"repaired"`
	// LeftOver is how many blobs nothing names, those that the outbox will free
	// not counted: a crash leaves them, and sweep removes them after the next
	// start. They are no findings.
	LeftOver int64 `json:"left_over"`
	// Pending is how much work the outbox holds.
	Pending int64 `json:"pending"`
}

// bucketState is a bucket as its records say it is.
type bucketState struct {
	name    string // empty while the outbox purges it
	configs keyhaven.BucketConfigs
	usage   meta.Usage
	counted [6]bool // counters seen that are right
}

func (b *bucketState) purged() bool { return b.name == "" }

type checker struct {
	meta  *meta.Store
	blobs blob.Store
	opts  Options
	data  *dataReader

	accounts map[keyhaven.AccountID]int64 // Lightsail buckets of each
	buckets  map[keyhaven.BucketID]*bucketState
	claims   *claims
	fixes    fixes
	damaged  bool // a record could not be read (C2)
	freeing  int64
	sum      Summary
	next     time.Time // of the next Progress
}

// Run checks the whole store, which nobody else may use meanwhile. What is wrong
// goes to opts.Report; the error is of ctx, of Report, or of a repair.
func Run(ctx context.Context, m *meta.Store, blobs blob.Store, opts Options) (Summary, error) {
	if opts.held == 0 {
		opts.held = maxHeld
	}
	c := &checker{
		meta: m, blobs: blobs, opts: opts,
		data:     &dataReader{meta: m, blobs: blobs, deep: opts.Deep},
		accounts: map[keyhaven.AccountID]int64{},
		buckets:  map[keyhaven.BucketID]*bucketState{},
		claims:   newClaims(),
	}
	for _, step := range []func(context.Context) error{
		c.primaries, c.secondaries, c.counters, c.locate, c.leftOvers, c.unknown, c.repair,
	} {
		if err := step(ctx); err != nil {
			return c.sum, err
		}
	}
	c.sum.Bytes = c.data.bytes
	return c.sum, nil
}

// tell tells how far the run is.
func (c *checker) tell() {
	if c.opts.Progress == nil {
		return
	}
	if now := time.Now(); !now.Before(c.next) {
		c.next = now.Add(progressEvery)
		sum := c.sum
		sum.Bytes = c.data.bytes
		c.opts.Progress(sum)
	}
}

func (c *checker) report(f Finding) error {
	c.sum.Findings++
	if c.opts.Report == nil {
		return nil
	}
	return c.opts.Report(f)
}

func (c *checker) find(s subject, problem, advice string) error {
	return c.report(s.finding(problem, advice))
}

// walk calls fn for every entry of a kind. An engine that cannot read on is a
// finding, and ends the walk of this kind.
func (c *checker) walk(ctx context.Context, kind meta.Kind, keys bool, fn func(*meta.Entry) error) error {
	page := meta.Page{Limit: pageSize, Keys: keys}
	for more := true; more; {
		var entries []*meta.Entry
		err := c.meta.View(ctx, func(r *meta.Reader) (err error) {
			page.After, err = r.Entries(kind, page, func(e *meta.Entry) error {
				entries = append(entries, e)
				return nil
			})
			return err
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if err != nil {
			c.damaged = true
			s := subject{text: fmt.Sprintf("metadata of kind %s after key %x", kind, page.After)}
			return c.find(s, "it cannot be read: "+err.Error(), "restore from a backup")
		}
		more = page.After != nil
	}
	return nil
}

// records walks a kind of records; one that cannot be decoded is a finding.
func (c *checker) records(ctx context.Context, kind meta.Kind, fn func(*meta.Entry) error) error {
	return c.walk(ctx, kind, false, func(e *meta.Entry) error {
		if e.Err != nil {
			c.damaged = true
			return c.find(entrySubject(e), e.Err.Error(), adviceRecord)
		}
		return fn(e)
	})
}

// view runs fn over a snapshot; an engine that cannot read is a finding about s.
func (c *checker) view(ctx context.Context, s subject, fn func(*meta.Reader) error) error {
	err := c.meta.View(ctx, fn)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	c.damaged = true
	return c.find(s, "what belongs to it cannot be read: "+err.Error(), "restore from a backup")
}
