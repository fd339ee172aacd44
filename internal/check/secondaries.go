package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// secondaries walks the derived entries, and the last uses, which have the ids
// of their keys and roles.
func (c *checker) secondaries(ctx context.Context) error {
	for _, kind := range derived {
		err := c.walk(ctx, kind, true, func(e *meta.Entry) error { return c.secondary(ctx, e) })
		if err != nil {
			return err
		}
	}
	return c.records(ctx, meta.KindLastUsed, func(e *meta.Entry) error {
		s := entrySubject(e)
		there := true
		err := c.view(ctx, s, func(r *meta.Reader) (err error) {
			there, err = r.HasUses(e.Name)
			return err
		})
		if err != nil || there {
			return err
		}
		return c.repairable(s, "its access key or role is not there", func(tx *meta.Txn) error { return tx.DropEntry(e.Key) })
	})
}

func (c *checker) secondary(ctx context.Context, e *meta.Entry) error {
	if e.Err != nil && e.Kind != meta.KindManifest { // manifests were read before
		c.damaged = true
		if err := c.find(entrySubject(e), e.Err.Error(), adviceBug); err != nil {
			return err
		}
	}
	counted, err := c.counted(ctx, e)
	if err != nil || !counted {
		return err
	}
	c.claims.add(c.claims.have, e.Kind, e.Key)
	return nil
}

// counted reports whether an entry is among those that records must need.
func (c *checker) counted(ctx context.Context, e *meta.Entry) (bool, error) {
	switch e.Kind {
	case meta.KindNull:
		return !c.purges(e), nil
	case meta.KindCounter:
		return !c.ofBucket(e), c.counter(e)
	case meta.KindManifest: // one that is referenced is needed by a version
		var referenced bool
		err := c.view(ctx, entrySubject(e), func(r *meta.Reader) (err error) {
			referenced, err = r.ManifestReferenced(e.ID)
			return err
		})
		return !referenced, err
	default:
		return true, nil
	}
}

func (c *checker) ofBucket(e *meta.Entry) bool {
	return e.Name != "" || c.buckets[keyhaven.BucketID(e.ID)] != nil
}

// counter compares a counter of a bucket or an account with the recount.
func (c *checker) counter(e *meta.Entry) error {
	if e.Err != nil {
		return nil
	}
	if e.Name != "" {
		want, ok := c.accounts[keyhaven.AccountID(e.Name)]
		if ok && want == e.Count {
			delete(c.accounts, keyhaven.AccountID(e.Name)) // counters looks at those that are left
		}
		return nil
	}
	b := c.buckets[keyhaven.BucketID(e.ID)]
	if b == nil || b.purged() {
		return nil
	}
	for i, n := range counts(b.usage) {
		if n.what == e.What {
			b.counted[i] = n.value == e.Count
			return nil
		}
	}
	return c.find(subject{text: "bucket " + quote(b.name)}, fmt.Sprintf("it has an unknown counter %q", e.What), adviceBug)
}

type count struct {
	what  byte
	name  string
	value int64
}

func counts(u meta.Usage) [6]count {
	return [6]count{
		{meta.CountObjects, "current objects", u.Objects},
		{meta.CountVersions, "versions", u.Versions},
		{meta.CountDeleteMarkers, "delete markers", u.DeleteMarkers},
		{meta.CountBytes, "bytes", u.Bytes},
		{meta.CountParts, "parts", u.Parts},
		{meta.CountPartBytes, "bytes of parts", u.PartBytes},
	}
}

// counters finds the counters that are wrong or missing.
func (c *checker) counters(ctx context.Context) error {
	for id, b := range c.buckets {
		if b.purged() {
			continue
		}
		var wrong []string
		for i, n := range counts(b.usage) {
			if !b.counted[i] && (n.value != 0 || !c.zero(ctx, id, i)) {
				wrong = append(wrong, n.name)
			}
		}
		if wrong == nil {
			continue
		}
		slices.Sort(wrong)
		err := c.repairable(subject{text: "bucket " + quote(b.name), bucket: b.name},
			fmt.Sprintf("its counters of %q are not what a recount gives", wrong),
			func(tx *meta.Txn) error { return tx.SetUsage(id, b.usage) })
		if err != nil {
			return err
		}
	}
	return c.accountCounters(ctx)
}

// zero reports whether a counter is absent, as one that never changed is.
func (c *checker) zero(ctx context.Context, id keyhaven.BucketID, i int) bool {
	var u meta.Usage
	err := c.meta.View(ctx, func(r *meta.Reader) (err error) {
		u, err = r.Usage(id)
		return err
	})
	return err == nil && counts(u)[i].value == 0
}

func (c *checker) accountCounters(ctx context.Context) error {
	for id, want := range c.accounts {
		var have int64
		s := subject{text: "account " + string(id)}
		err := c.view(ctx, s, func(r *meta.Reader) (err error) {
			have, err = r.LightsailBuckets(id)
			return err
		})
		if err != nil {
			return err
		}
		if have == want {
			continue
		}
		err = c.repairable(s, fmt.Sprintf("its counter of Lightsail buckets says %d, there are %d", have, want),
			func(tx *meta.Txn) error { return tx.SetLightsailBuckets(id, want) })
		if err != nil {
			return err
		}
	}
	return nil
}

// leftOvers counts the blobs that nothing needs.
func (c *checker) leftOvers(ctx context.Context) error {
	for info, err := range c.blobs.List(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return c.find(subject{text: "directory of blobs"}, "it cannot be listed: "+err.Error(), "check the disk")
		}
		s := subject{text: "blob " + info.Ref.String()}
		err := c.view(ctx, s, func(r *meta.Reader) error {
			needed, err := r.Referenced(info.Ref)
			if err == nil && !needed {
				c.sum.LeftOver++
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	// Entries of the outbox may name a blob twice, or one that is damaged.
	c.sum.LeftOver = max(0, c.sum.LeftOver-c.freeing)
	return nil
}

// unknown finds kinds of entries that this release does not know.
func (c *checker) unknown(ctx context.Context) error {
	var kinds []meta.Kind
	err := c.view(ctx, subject{text: "metadata"}, func(*meta.Reader) error {
		return c.meta.UnknownKinds(ctx, func(k meta.Kind) { kinds = append(kinds, k) })
	})
	if err != nil {
		return err
	}
	for _, k := range kinds {
		if err := c.find(subject{text: "metadata"}, "it holds an "+k.String(), "use the release that wrote it"); err != nil {
			return err
		}
	}
	return nil
}
