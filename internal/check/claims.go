package check

import (
	"context"
	"hash/maphash"

	"github.com/keyhaven/keyhaven/internal/meta"
)

// derived are the kinds of entries that are there only because of another one,
// so that the set of them follows from the records.
var derived = []meta.Kind{
	meta.KindOwnerKeys, meta.KindAccountBuckets, meta.KindCounter, meta.KindNull, meta.KindData, meta.KindManifest,
	meta.KindReference, meta.KindPart, meta.KindDue, meta.KindOpsByTime, meta.KindOpsByName,
	meta.KindEntityIndex,
}

// claims compares, for each derived kind, what the records need with what is
// there: by count and by the sum of two hashes of the keys (C3).
type claims struct {
	seeds [2]maphash.Seed
	want  map[meta.Kind]*tally
	have  map[meta.Kind]*tally
}

type tally struct {
	n   int64
	sum fingerprint
}

// fingerprint is two hashes of a key or, added up, of a set of keys.
type fingerprint [2]uint64

func newClaims() *claims {
	c := &claims{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		want:  map[meta.Kind]*tally{}, have: map[meta.Kind]*tally{},
	}
	for _, k := range derived {
		c.want[k], c.have[k] = &tally{}, &tally{}
	}
	return c
}

func (c *claims) hash(key []byte) fingerprint {
	return fingerprint{maphash.Bytes(c.seeds[0], key), maphash.Bytes(c.seeds[1], key)}
}

func (c *claims) add(to map[meta.Kind]*tally, kind meta.Kind, key []byte) {
	t, p := to[kind], c.hash(key)
	if t == nil {
		return // no derived kind: it is walked as a record of its own
	}
	t.n++
	t.sum[0] += p[0]
	t.sum[1] += p[1]
}

func (c *claims) differ(kind meta.Kind) bool { return *c.want[kind] != *c.have[kind] }

// eachNeed calls fn for everything that must be there because of an entry.
func (c *checker) eachNeed(r *meta.Reader, e *meta.Entry, fn func(meta.Need) error) error {
	if e.Err != nil {
		return nil
	}
	for _, n := range e.Needs() {
		if n.Kind == meta.KindNull && c.purges(e) {
			continue // sweep drops the versions first
		}
		if err := fn(n); err != nil {
			return err
		}
	}
	switch e.Kind {
	case meta.KindUpload:
		return c.uploadNeeds(r, e.ID, false, fn)
	case meta.KindOutbox:
		return c.workNeeds(r, e.Work, fn)
	default:
		return nil
	}
}

func (c *checker) purges(e *meta.Entry) bool {
	b := c.buckets[e.Bucket]
	return b != nil && b.purged()
}

// uploadNeeds are the parts of an upload, what their bytes need, and the
// counters. Of an upload that the outbox frees only what is there still: its
// parts may have gone with the manifest before.
func (c *checker) uploadNeeds(r *meta.Reader, id meta.ID, ended bool, fn func(meta.Need) error) error {
	var all []meta.Need
	err := r.UploadNeeds(id, func(_ *meta.PartRecord, needs []meta.Need) { all = append(all, needs...) })
	if err != nil {
		return err
	}
	counters, err := r.CounterNeeds(id)
	if err != nil {
		return err
	}
	if !ended {
		all = append(all, counters...)
	}
	for _, n := range all {
		if ended {
			switch state, err := r.State(n); {
			case err != nil:
				return err
			case state == meta.Missing:
				continue
			}
		}
		if err := fn(n); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) workNeeds(r *meta.Reader, w *meta.Work, fn func(meta.Need) error) error {
	switch w.Kind {
	case meta.FreeUpload:
		return c.uploadNeeds(r, w.ID, true, fn)
	case meta.FreeManifest:
		if ok, err := r.HasManifest(w.ID); err != nil || !ok {
			return err
		}
		return fn(meta.ManifestNeed(w.ID))
	default:
		return nil
	}
}

// needs checks that everything is there that an entry needs.
func (c *checker) needs(ctx context.Context, e *meta.Entry) error {
	var missing []meta.Need
	var states []meta.State
	s := entrySubject(e)
	err := c.view(ctx, s, func(r *meta.Reader) error {
		return c.eachNeed(r, e, func(n meta.Need) error {
			state, err := r.State(n)
			if err != nil {
				return err
			}
			if state != meta.Missing {
				c.claims.add(c.claims.want, n.Kind, n.Key)
			}
			if state != meta.Met {
				missing, states = append(missing, n), append(states, state)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for i, n := range missing {
		problem := "its " + n.Kind.String() + " is missing"
		if states[i] == meta.Stale {
			problem = "its " + n.Kind.String() + " says something else"
		}
		if !n.Repairable() {
			if n.Kind == meta.KindData {
				continue // found with its bytes
			}
			if err := c.find(s, problem, adviceBug); err != nil {
				return err
			}
			continue
		}
		if err := c.repairable(s, problem, func(tx *meta.Txn) error { return tx.PutNeed(n) }); err != nil {
			return err
		}
	}
	return nil
}
