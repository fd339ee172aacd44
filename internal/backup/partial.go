package backup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const (
	partialName   = "partial.json"
	partialPrefix = indexDir + "partial-"
)

// partial is what a backup that is not finished has in segments that no
// manifest names.
type partial struct {
	Format   int       `json:"format"`
	Index    FileRef   `json:"index"`
	Segments []Segment `json:"segments"`
}

// readPartial returns what a backup that was cut off left, or nil.
func readPartial(ctx context.Context, t Target, note func(string)) (*partial, error) {
	var p partial
	err := getJSON(ctx, t, partialName, &p)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case errors.Is(err, ErrDamaged):
		note(err.Error())
		return nil, nil
	case err == nil && p.Format != manifestFormat:
		return nil, nil
	}
	return &p, err
}

// dropPartial forgets it: the newest backup names the segments by now.
func dropPartial(ctx context.Context, t Target) error {
	if err := t.Delete(ctx, partialName); err != nil {
		return fmt.Errorf("backup: delete %s: %w", partialName, err)
	}
	return dropPartialIndexes(ctx, t, "")
}

func dropPartialIndexes(ctx context.Context, t Target, but string) error {
	for f, err := range t.List(ctx, partialPrefix) {
		if err == nil && f.Name != but {
			err = t.Delete(ctx, f.Name)
		}
		if err != nil {
			return fmt.Errorf("backup: delete an index: %w", err)
		}
	}
	return nil
}

// checkpoint writes a partial from time to time, ever more seldom, so that all
// of them together cost no more than a few times the last.
type checkpoint struct{ noted int64 }

func (c *checkpoint) take(ctx context.Context, r *run, ahead *spool) error {
	copied := r.m.Added.Bytes
	if copied-c.noted < max(r.opts.CheckpointBytes, c.noted/2) {
		return nil
	}
	c.noted = copied
	if err := r.segs.flush(ctx); err != nil {
		return err
	}
	if err := r.segs.wait(); err != nil {
		return err
	}
	return r.writePartial(ctx, ahead)
}

func (r *run) writePartial(ctx context.Context, ahead *spool) error {
	var random [8]byte
	rand.Read(random[:])
	p := partial{Format: manifestFormat}
	counts := map[int]int64{}
	var err error
	p.Index, err = putFile(ctx, r.t, partialPrefix+hex.EncodeToString(random[:]), func(w io.Writer) error {
		index := newIndexWriter(w, r.codec)
		from, err := ahead.entries()
		if err != nil {
			return err
		}
		for {
			e, ok, err := from.next()
			if err != nil {
				return err
			}
			if !ok {
				return index.finish()
			}
			if int(e.n) < r.first {
				continue // the newest backup knows it
			}
			counts[int(e.n)]++
			if err := index.add(e); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	p.Segments = r.segs.live(counts)
	if err := putJSON(ctx, r.t, partialName, p); err != nil {
		return err
	}
	return dropPartialIndexes(ctx, r.t, p.Index.Name)
}
