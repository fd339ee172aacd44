package backup

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
)

const deleteBatch = 1000 // names in one Delete

// Pruned says what Prune deleted.
type Pruned struct {
	Backups []string // ids, oldest first
	Files   int64    // besides the manifests
	Bytes   int64
}

// Prune deletes all backups but the newest keep, and then every file that no
// backup needs that is left. It deletes nothing when it cannot tell what is
// needed.
func Prune(ctx context.Context, t Target, keep int, log *slog.Logger) (out Pruned, err error) {
	if keep < 1 {
		return out, errors.New("backup: at least one backup is kept")
	}
	c, err := newCodec()
	if err != nil {
		return out, err
	}
	if _, err := readOwner(ctx, t); err != nil {
		return out, err
	}
	lock, err := t.Lock(ctx)
	if err != nil {
		return out, fmt.Errorf("backup: lock %s: %w", t, err)
	}
	defer release(ctx, lock, log)
	all, err := ids(ctx, t)
	if err != nil {
		return out, err
	}
	first := max(0, len(all)-keep)
	p := &pruner{t: t, codec: c, lock: lock, out: out}
	for _, id := range all[first:] {
		m, err := load(ctx, t, id)
		if err != nil {
			return out, fmt.Errorf("%w (what it needs is unknown, so nothing was deleted; a backup without a sound manifest cannot be restored and can be deleted by hand)", err)
		}
		p.kept = append(p.kept, m)
	}
	if len(p.kept) == 0 {
		return out, nil
	}
	err = p.prune(ctx, all[:first])
	return p.out, err
}

type pruner struct {
	t     Target
	codec *codec
	lock  Lock
	kept  []*Manifest
	batch []string
	out   Pruned
}

func (p *pruner) prune(ctx context.Context, drop []string) error {
	needed, err := p.openBlobs(ctx)
	if err != nil {
		return err
	}
	defer needed.close()
	// Manifests go first: one whose files are gone would promise too much (A2).
	for _, id := range drop {
		if err := p.delete(ctx, manifestName(id)); err != nil {
			return err
		}
		p.out.Backups = append(p.out.Backups, id)
	}
	if err := p.delete(ctx, partialName); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	files := map[string]bool{}
	for _, m := range p.kept {
		files[m.Metadata.Name], files[m.Data.Index.Name], files[m.Blobs.Index.Name] = true, true, true
		for _, s := range m.Data.Segments {
			files[s.Name] = true
		}
	}
	for _, dir := range []string{metaDir, indexDir, segmentDir} {
		err := p.sweep(ctx, dir, func(name string) (bool, error) { return files[name], nil })
		if err != nil {
			return err
		}
	}
	if err := p.sweep(ctx, blobPrefix, needed.has); err != nil {
		return err
	}
	return p.flush(ctx)
}

// sweep deletes the files of a directory that are not needed.
func (p *pruner) sweep(ctx context.Context, dir string, needed func(name string) (bool, error)) error {
	for f, err := range p.t.List(ctx, dir) {
		if err != nil {
			return fmt.Errorf("backup: list %s: %w", p.t, err)
		}
		keep, err := needed(f.Name)
		if err != nil {
			return err
		}
		if keep {
			continue
		}
		if err := p.delete(ctx, f.Name); err != nil {
			return err
		}
		p.out.Files++
		p.out.Bytes += f.Size
	}
	return nil
}

func (p *pruner) delete(ctx context.Context, name string) error {
	if p.batch = append(p.batch, name); len(p.batch) < deleteBatch {
		return nil
	}
	return p.flush(ctx)
}

func (p *pruner) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	if err := p.lock.Check(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := p.t.Delete(ctx, p.batch...); err != nil {
		return fmt.Errorf("backup: delete: %w", err)
	}
	p.batch = p.batch[:0]
	return nil
}

// union walks the blob indexes of all kept backups side by side.
type union struct{ open byEntry }

func (p *pruner) openBlobs(ctx context.Context) (*union, error) {
	u := &union{}
	for _, m := range p.kept {
		index, err := openIndex(ctx, p.t, m.Blobs.Index, p.codec)
		if err != nil {
			u.close()
			return nil, err
		}
		u.open = append(u.open, &cursor{from: index})
	}
	return u, nil
}

// has reports whether a kept backup needs the file. It is asked in the order of
// names, which is that of refs. What is no blob stays.
func (u *union) has(name string) (bool, error) {
	ref, ok := parseBlobName(name)
	if !ok {
		return true, nil
	}
	for len(u.open) > 0 {
		c := u.open[0]
		if c.begun && !c.at.less(entry{id: ref}) {
			return c.at.id == ref, nil
		}
		if _, _, err := c.find(ref); err != nil {
			return false, err
		}
		if !c.ended {
			heap.Fix(&u.open, 0)
			continue
		}
		heap.Pop(&u.open)
		if err := c.from.Close(); err != nil {
			return false, fmt.Errorf("backup: %w", err)
		}
	}
	return false, nil
}

func (u *union) close() {
	for _, c := range u.open {
		_ = c.from.Close() // it was only read
	}
}

// byEntry is a heap of cursors; those that have not begun are on top.
type byEntry []*cursor

func (h byEntry) Len() int { return len(h) }
func (h byEntry) Less(i, j int) bool {
	if !h[i].begun || !h[j].begun {
		return !h[i].begun && h[j].begun
	}
	return h[i].at.less(h[j].at)
}
func (h byEntry) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byEntry) Push(x any)   { *h = append(*h, x.(*cursor)) }
func (h *byEntry) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}
