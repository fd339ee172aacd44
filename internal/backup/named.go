package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// NamedBlobs writes blobs under refs that they had before. A blob store gives
// out refs by itself, at random: so it is opened once for each session of the
// refs, with a source of randomness that says what the refs are to be.
type NamedBlobs struct {
	open func(random io.Reader) (blob.Store, error)

	mu    sync.Mutex // held while the store draws a ref
	store blob.Store
	dice  dice
}

// NewNamedBlobs returns a writer over the store that open opens. The store must
// draw its session from random when it opens, and the rest of a ref in Create,
// and nothing else.
func NewNamedBlobs(open func(random io.Reader) (blob.Store, error)) *NamedBlobs {
	return &NamedBlobs{open: open}
}

var errDice = errors.New("backup: the blob store draws other random bytes than those of a ref")

// dice gives what was put in.
type dice struct{ next []byte }

func (d *dice) Read(p []byte) (int, error) {
	if len(d.next) < len(p) {
		return 0, errDice
	}
	n := copy(p, d.next)
	d.next = d.next[n:]
	return n, nil
}

// begin opens the store for the blobs of a session. No blob is being written.
func (n *NamedBlobs) begin(_ context.Context, session blob.Session) error {
	if err := n.Close(); err != nil {
		return err
	}
	n.dice.next = session[:]
	store, err := n.open(&n.dice)
	if err != nil {
		return fmt.Errorf("backup: restore blobs: %w", err)
	}
	n.store = store
	if store.Session() != session {
		return errDice
	}
	return nil
}

// has reports whether the blob is there already, from an earlier try.
func (n *NamedBlobs) has(ctx context.Context, ref blob.Ref, size int64) (bool, error) {
	r, err := n.store.Open(ctx, ref)
	switch {
	case errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrCorrupt):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("backup: restore blob %s: %w", ref, err)
	}
	defer r.Close()
	return r.Size() == size, nil
}

func (n *NamedBlobs) create(ctx context.Context, ref blob.Ref, size int64) (blob.Writer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dice.next = ref[blob.SessionSize:]
	w, err := n.store.Create(ctx, size)
	if err != nil {
		return nil, fmt.Errorf("backup: restore blob %s: %w", ref, err)
	}
	return w, nil
}

// Close closes the store.
func (n *NamedBlobs) Close() error {
	if n.store == nil {
		return nil
	}
	err := n.store.Close()
	n.store = nil
	if err != nil {
		return fmt.Errorf("backup: restore blobs: %w", err)
	}
	return nil
}
