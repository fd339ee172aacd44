package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	blobPrefix = "blobs/"
	copyBytes  = 1 << 20 // read at a time
	maxNamed   = 10      // damaged blobs that an error names
)

// blobName splits the digits of the ref, so that a directory does not get too
// many names and names keep the order of refs.
func blobName(ref blob.Ref) string {
	h := ref.String()
	return blobPrefix + h[:12] + "/" + h[12:14] + "/" + h[14:]
}

// copyBlobs copies the blobs that the snapshot needs and the target lacks, and
// writes the index.
func (r *run) copyBlobs(ctx context.Context) error {
	r.report.step("blobs")
	held, err := r.held(ctx)
	if err != nil {
		return err
	}
	defer held.close()
	needed, err := r.needed.entries()
	if err != nil {
		return err
	}
	sized, err := newSpool(r.opts.SpoolDir)
	if err != nil {
		return err
	}
	defer sized.Close()
	c := &copier{run: r}
	err = c.copyAll(ctx, needed, held, sized)
	if err == nil {
		err = c.lost()
	}
	if err != nil {
		return err
	}
	return r.indexBlobs(ctx, sized)
}

// copier copies blobs, several at a time.
type copier struct {
	*run
	buffers sync.Pool

	mu      sync.Mutex
	damaged []string // blobs that the source cannot read
	first   error
}

func (c *copier) copyAll(parent context.Context, needed entries, held *held, sized *spool) error {
	g, ctx := errgroup.WithContext(parent)
	g.SetLimit(c.opts.Copiers)
	c.buffers.New = func() any { b := make([]byte, copyBytes); return &b }
	loop := func() error {
		for {
			e, ok, err := needed.next()
			if err != nil || !ok {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			ref := blob.Ref(e.id)
			size, found, err := held.find(ref)
			if err != nil {
				return err
			}
			if found && !c.in.Full {
				c.report.add(1, 0)
			} else if size, ok = c.begin(ctx, g, ref); !ok {
				continue
			}
			if err := sized.add(entry{id: ref, n: uint64(size)}); err != nil {
				return err
			}
		}
	}
	err := loop()
	if waitErr := g.Wait(); waitErr != nil {
		return waitErr
	}
	return errors.Join(err, parent.Err())
}

// begin copies a blob in the background and returns its size. It reports false
// when the blob cannot be opened.
func (c *copier) begin(ctx context.Context, g *errgroup.Group, ref blob.Ref) (int64, bool) {
	from, err := c.blobs.Open(ctx, ref)
	if err != nil {
		c.lose(ref, err)
		return 0, false
	}
	size := from.Size()
	g.Go(func() error {
		defer from.Close()
		_, err := putFile(ctx, c.t, blobName(ref), func(w io.Writer) error { return c.stream(ctx, w, from) })
		if bad, ok := errors.AsType[*sourceError](err); ok {
			c.lose(ref, bad.err)
			return nil
		}
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.m.Added.Blobs++
		c.m.Added.Bytes += size
		c.mu.Unlock()
		c.report.add(1, 0)
		return nil
	})
	return size, true
}

// sourceError is a failure of the installation's own store.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

func (c *copier) stream(ctx context.Context, w io.Writer, from blob.Reader) error {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	for off := int64(0); off < from.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := (*buf)[:min(int64(len(*buf)), from.Size()-off)]
		if n, err := from.ReadAt(p, off); n < len(p) {
			return &sourceError{err: err}
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		off += int64(len(p))
		c.report.add(0, int64(len(p)))
	}
	return nil
}

func (c *copier) lose(ref blob.Ref, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		c.first = err
	}
	c.damaged = append(c.damaged, ref.String())
}

// lost returns the error of a backup that some blobs keep from being whole. All
// others are in the target by then, for the next try.
func (c *copier) lost() error {
	if len(c.damaged) == 0 {
		return nil
	}
	slices.Sort(c.damaged)
	names := strings.Join(c.damaged[:min(len(c.damaged), maxNamed)], ", ")
	return fmt.Errorf("backup: %d blobs of the installation cannot be read and no backup was made; keyhaven scrub says whose they are (%s): %w",
		len(c.damaged), names, c.first)
}

func (r *run) indexBlobs(ctx context.Context, sized *spool) (err error) {
	d := &r.m.Blobs
	d.Index, err = putFile(ctx, r.t, indexDir+r.m.ID+"-blobs", func(w io.Writer) error {
		index := newIndexWriter(w, r.codec)
		from, err := sized.entries()
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
			d.Blobs++
			d.Bytes += int64(e.n)
			if err := index.add(e); err != nil {
				return err
			}
		}
	})
	return err
}

// held walks the blobs of the target, in the order of refs, beside the index of
// the newest backup, which says how large they should be.
type held struct {
	next  func() (File, error, bool)
	stop  func()
	at    File
	more  bool
	begun bool
	sizes *lookup
}

func (r *run) held(ctx context.Context) (*held, error) {
	h := &held{sizes: &lookup{note: r.report.note}}
	if r.prev != nil {
		index, err := openIndex(ctx, r.t, r.prev.Blobs.Index, r.codec)
		switch {
		case err == nil:
			h.sizes.cursors = []*cursor{{from: index}}
			h.sizes.number = []func(uint64) (int, bool){same}
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrNotFound):
			r.report.note(err.Error())
		default:
			return nil, err
		}
	}
	h.next, h.stop = iter.Pull2(r.t.List(ctx, blobPrefix))
	return h, nil
}

func (h *held) close() {
	h.stop()
	_ = h.sizes.Close() // it was only read
}

// find reports whether the target holds the blob, with the size that it must
// have as far as that is known, and returns the size.
func (h *held) find(ref blob.Ref) (size int64, found bool, err error) {
	name := blobName(ref)
	for !h.begun || h.more && h.at.Name < name {
		h.begun = true
		if h.at, err, h.more = h.next(); h.more && err != nil {
			return 0, false, fmt.Errorf("backup: list: %w", err)
		}
	}
	want, known, err := h.sizes.find([16]byte(ref))
	if err != nil {
		return 0, false, err
	}
	size = h.at.Size - trailerSize
	if !h.more || h.at.Name != name || size < 0 || known && size != int64(want) {
		return 0, false, nil
	}
	return size, true, nil
}

// parseBlobName reads what blobName wrote.
func parseBlobName(name string) (ref blob.Ref, ok bool) {
	h := strings.ReplaceAll(strings.TrimPrefix(name, blobPrefix), "/", "")
	if len(h) != hex.EncodedLen(len(ref)) {
		return ref, false
	}
	ref, err := blob.ParseRef(h)
	return ref, err == nil && blobName(ref) == name
}
