package check

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// maxHeld is how many fingerprints of keys are held at a time, some 40 bytes
// each.
const maxHeld = 256 << 10

// claimants are the kinds of records that derived entries follow from.
var claimants = []meta.Kind{
	meta.KindBucket, meta.KindOutbox, meta.KindAccessKey, meta.KindCurrent, meta.KindVersion, meta.KindUpload,
	meta.KindManifest, meta.KindCompleted, meta.KindOperation, meta.KindAccount, meta.KindEntity,
}

// locate searches the kinds whose fingerprints differ for entries that nothing
// needs, or that more than one record needs.
func (c *checker) locate(ctx context.Context) error {
	for _, kind := range derived {
		if !c.claims.differ(kind) {
			continue
		}
		n := max(c.claims.have[kind].n, c.claims.want[kind].n)
		held := int64(c.opts.held)
		parts := uint64((n + held - 1) / held)
		for part := range parts {
			if err := c.locatePart(ctx, kind, part, parts); err != nil {
				return err
			}
		}
	}
	return nil
}

// locatePart searches the entries of one kind whose fingerprints are part
// modulo parts.
func (c *checker) locatePart(ctx context.Context, kind meta.Kind, part, parts uint64) error {
	needed := map[fingerprint]int{}
	for _, claimant := range claimants {
		err := c.silently(ctx, claimant, func(r *meta.Reader, e *meta.Entry) error {
			return c.eachNeed(r, e, func(n meta.Need) error {
				if p := c.claims.hash(n.Key); n.Kind == kind && p[0]%parts == part {
					needed[p]++
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return c.walk(ctx, kind, true, func(e *meta.Entry) error {
		p := c.claims.hash(e.Key)
		if p[0]%parts != part {
			return nil
		}
		counted, err := c.stray(ctx, e)
		if err != nil || !counted {
			return err
		}
		switch needed[p] {
		case 1:
			return nil
		case 0:
			return c.unneeded(e)
		}
		return c.find(entrySubject(e), "more than one record needs it", adviceBug)
	})
}

// stray is counted, without comparing counters again.
func (c *checker) stray(ctx context.Context, e *meta.Entry) (bool, error) {
	if e.Kind == meta.KindCounter {
		return !c.ofBucket(e), nil
	}
	return c.counted(ctx, e)
}

// silently walks records that were walked before: what is wrong with them has
// been reported.
func (c *checker) silently(ctx context.Context, kind meta.Kind, fn func(*meta.Reader, *meta.Entry) error) error {
	page := meta.Page{Limit: pageSize}
	for {
		err := c.meta.View(ctx, func(r *meta.Reader) (err error) {
			page.After, err = r.Entries(kind, page, func(e *meta.Entry) error { return fn(r, e) })
			return err
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || page.After == nil {
			return nil
		}
	}
}

// unneeded reports an entry that nothing needs. Only those that hold nothing
// are deleted by a repair (C1, C2).
func (c *checker) unneeded(e *meta.Entry) error {
	s := entrySubject(e)
	switch e.Kind {
	case meta.KindData, meta.KindManifest, meta.KindPart:
		return c.find(s, "nothing needs it", adviceSpace)
	case meta.KindReference:
		s.text = "reference to " + e.Target.String() + " by " + e.ID.String()
	case meta.KindCounter:
		if c.buckets[keyhaven.BucketID(e.ID)] != nil {
			return nil
		}
	}
	if c.damaged {
		return c.find(s, "nothing that can be read needs it", "repair what cannot be read first")
	}
	return c.repairable(s, "nothing needs it", func(tx *meta.Txn) error { return tx.DropEntry(e.Key) })
}
