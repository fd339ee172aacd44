package backup

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	viewItems = 100_000 // ids that are looked at in one snapshot while copying ahead

	// A segment of which less than a quarter is needed is left behind, and what
	// is needed written anew. So are small segments when there are many of them.
	liveShare  = 4
	smallShare = 8
	manySmall  = 16
)

// copyAhead copies the bytes of small objects before the snapshot is taken, each
// segment from a snapshot of its own: an engine pays for a snapshot by the time
// that it is open. What changes meanwhile the snapshot finds. It returns which
// segment has which id.
func (r *run) copyAhead(ctx context.Context) (*spool, error) {
	r.report.step("small objects")
	out, err := newSpool(r.opts.SpoolDir)
	if err != nil {
		return nil, err
	}
	known, err := r.known(ctx)
	if err == nil {
		err = r.walkAhead(ctx, known, out)
		err = errors.Join(err, known.Close())
	}
	if err == nil {
		err = r.segs.flush(ctx)
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

func (r *run) walkAhead(ctx context.Context, known *lookup, out *spool) error {
	var at checkpoint
	var last meta.ID
	for more := true; more; {
		err := r.meta.View(ctx, func(rd *meta.Reader) error {
			it := rd.InlineData(last)
			defer it.Close()
			for range viewItems {
				if r.segs.full() {
					return nil
				}
				if more = it.Next(); !more {
					return it.Close()
				}
				e, err := r.place(it, known)
				if err != nil {
					return err
				}
				last = e.id
				if err := out.add(e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("backup: small objects: %w", err)
		}
		if r.segs.full() {
			if err := r.segs.flush(ctx); err != nil {
				return err
			}
		}
		if err := at.take(ctx, r, out); err != nil {
			return err
		}
	}
	return nil
}

// place says in which segment the record at the iterator is, and copies it when
// it is in none.
func (r *run) place(it *meta.InlineIter, known *lookup) (e entry, err error) {
	if e.id, err = it.ID(); err != nil {
		return e, err
	}
	number, found, err := known.find(e.id)
	if err != nil {
		return e, err
	}
	if !found {
		data, err := it.Data()
		if err != nil {
			return e, err
		}
		if number, err = r.segs.add(e.id, data); err != nil {
			return e, err
		}
		r.m.Added.Records++
		r.m.Added.Bytes += int64(len(data))
		r.report.add(0, int64(len(data)))
	}
	r.report.add(1, 0)
	e.n = uint64(number)
	return e, nil
}

// copySmall copies what copyAhead did not see and writes the index.
func (r *run) copySmall(ctx context.Context, rd *meta.Reader, ahead *spool) (err error) {
	r.report.step("small objects of the snapshot")
	entries, err := ahead.entries()
	if err != nil {
		return err
	}
	known := &lookup{cursors: []*cursor{{from: entries}}, number: []func(uint64) (int, bool){same}}
	counts := map[int]int64{}
	d := &r.m.Data
	d.Index, err = putFile(ctx, r.t, indexDir+r.m.ID+"-data", func(w io.Writer) error {
		index := newIndexWriter(w, r.codec)
		it := rd.InlineData(meta.ID{})
		defer it.Close()
		for it.Next() {
			if d.Records%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			e, err := r.place(it, known)
			if err != nil {
				return err
			}
			if err := index.add(e); err != nil {
				return err
			}
			d.Records++
			counts[int(e.n)]++
			if r.segs.full() {
				if err := r.segs.flush(ctx); err != nil {
					return err
				}
			}
		}
		if err := it.Close(); err != nil {
			return err
		}
		return index.finish()
	})
	if err != nil {
		return err
	}
	if err := r.segs.flush(ctx); err != nil {
		return err
	}
	if err := r.segs.wait(); err != nil {
		return err
	}
	d.Segments = r.segs.live(counts)
	return nil
}

// lookup finds the segment of an id in several indexes, whose numbers it turns
// into those of this run.
type lookup struct {
	cursors []*cursor
	number  []func(uint64) (int, bool)
	note    func(string) // nil: a damaged index is an error
}

func same(n uint64) (int, bool) { return int(n), true }

func (l *lookup) find(id meta.ID) (number int, found bool, err error) {
	for i, c := range l.cursors {
		n, ok, err := c.find(id)
		if err != nil && l.note != nil && errors.Is(err, ErrDamaged) {
			// What it would have said is copied again: dearer, and as right.
			l.note(err.Error())
			c.ended = true
			continue
		}
		if err != nil {
			return 0, false, err
		}
		if !ok {
			continue
		}
		if number, ok := l.number[i](n); ok {
			return number, true, nil
		}
	}
	return 0, false, nil
}

func (l *lookup) Close() error {
	var err error
	for _, c := range l.cursors {
		err = errors.Join(err, c.from.Close())
	}
	return err
}

// known returns what the target holds: by the newest backup, and by one that was
// cut off since.
func (r *run) known(ctx context.Context) (*lookup, error) {
	l := &lookup{note: r.report.note}
	if r.in.Full {
		return l, nil
	}
	sizes := map[string]int64{}
	for f, err := range r.t.List(ctx, segmentDir) {
		if err != nil {
			return nil, fmt.Errorf("backup: list %s: %w", r.t, err)
		}
		sizes[f.Name] = f.Size
	}
	var part *partial
	var err error
	if r.prev != nil {
		err = r.consult(ctx, l, r.prev.Data.Index, worthKeeping(r.prev.Data.Segments, int64(r.opts.SegmentBytes)), sizes)
	}
	r.first = len(r.segs.table)
	if err == nil {
		part, err = readPartial(ctx, r.t, r.report.note)
	}
	if err == nil && part != nil {
		err = r.consult(ctx, l, part.Index, part.Segments, sizes)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// consult adds an index and those of its segments that are there.
func (r *run) consult(ctx context.Context, l *lookup, ref FileRef, segs []Segment, sizes map[string]int64) error {
	index, err := openIndex(ctx, r.t, ref, r.codec)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		r.report.note(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	numbers := map[uint64]int{}
	for _, seg := range segs {
		if size, ok := sizes[seg.Name]; !ok || size != seg.Size {
			r.report.note(fmt.Sprintf("backup: %s: it is missing or cut short; what is needed of it is copied again", seg.Name))
			continue
		}
		numbers[uint64(seg.Number)] = r.segs.adopt(seg)
	}
	l.cursors = append(l.cursors, &cursor{from: index})
	l.number = append(l.number, func(n uint64) (int, bool) {
		number, ok := numbers[n]
		return number, ok
	})
	return nil
}

// worthKeeping leaves out the segments whose records are better written anew.
func worthKeeping(all []Segment, full int64) []Segment {
	small := 0
	isSmall := func(s Segment) bool { return s.Bytes*smallShare < full }
	for _, s := range all {
		if isSmall(s) {
			small++
		}
	}
	var kept []Segment
	for _, s := range all {
		if s.Live*liveShare < s.Records || small > manySmall && isSmall(s) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}
