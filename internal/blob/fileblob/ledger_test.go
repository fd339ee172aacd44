package fileblob_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

// ledger is what was promised to the caller. Contents are unique, so a content
// tells which Commit made a blob whose ref was never returned.
type ledger struct {
	mu        sync.Mutex
	committed map[blob.Ref]string // Commit returned nil, Delete did not yet
	deleted   map[blob.Ref]bool   // Delete returned nil
	deleting  map[blob.Ref]bool   // Delete was called
	offered   map[string]bool     // contents with which Commit was called
}

func newLedger() *ledger {
	return &ledger{
		committed: make(map[blob.Ref]string),
		deleted:   make(map[blob.Ref]bool),
		deleting:  make(map[blob.Ref]bool),
		offered:   make(map[string]bool),
	}
}

func (l *ledger) clone() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &ledger{
		committed: maps.Clone(l.committed),
		deleted:   maps.Clone(l.deleted),
		deleting:  maps.Clone(l.deleting),
		offered:   maps.Clone(l.offered),
	}
}

// put writes a blob, commits it and enters it.
func (l *ledger) put(s *fileblob.Store, content []byte, step int) error {
	ctx := context.Background()
	w, err := s.Create(ctx, int64(len(content)))
	if err != nil {
		return err
	}
	defer w.Abort() // after Commit it does nothing (B5)
	for part := range slices.Chunk(content, step) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	l.mu.Lock()
	l.offered[string(content)] = true
	l.mu.Unlock()
	ref, err := w.Commit(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.committed[ref] = string(content)
	return nil
}

func (l *ledger) delete(s *fileblob.Store, ref blob.Ref) error {
	l.mu.Lock()
	l.deleting[ref] = true
	l.mu.Unlock()
	if err := s.Delete(context.Background(), ref); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.committed, ref)
	l.deleted[ref] = true
	return nil
}

// contents returns every blob that the store lists, verified.
func contents(s *fileblob.Store) (map[blob.Ref]string, error) {
	ctx := context.Background()
	all := make(map[blob.Ref]string)
	for info, err := range s.List(ctx) {
		if err != nil {
			return nil, err
		}
		content, err := readBlob(s, info.Ref)
		if err != nil {
			return nil, fmt.Errorf("listed blob: %w", err)
		}
		if int64(len(content)) != info.Size {
			return nil, fmt.Errorf("%s is listed with %d bytes and has %d", info.Ref, info.Size, len(content))
		}
		if err := s.Verify(ctx, info.Ref); err != nil {
			return nil, err
		}
		all[info.Ref] = string(content)
	}
	return all, nil
}

func readBlob(s *fileblob.Store, ref blob.Ref) ([]byte, error) {
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := make([]byte, r.Size())
	n, err := r.ReadAt(p, 0)
	if errors.Is(err, io.EOF) && n == len(p) {
		err = nil
	}
	return p[:n], err
}

// checkAfterCrash opens what a crash left and compares it with the promises.
// Those of before were made when the crash came; those of after say what may
// have been on its way.
func checkAfterCrash(fsys *crashfs.FS, before, after *ledger) error {
	s, err := fileblob.Open("blobs", fileblob.Options{FS: fsys})
	if err != nil {
		return err
	}
	for _, name := range fsys.Files() {
		if strings.HasSuffix(name, ".tmp") {
			return fmt.Errorf("%s is left after Open", name)
		}
	}
	there, err := contents(s)
	if err != nil {
		return err
	}
	for ref, content := range before.committed {
		got, ok := there[ref]
		if !ok && !after.deleting[ref] {
			return fmt.Errorf("committed blob %s is gone", ref)
		}
		if ok && got != content {
			return fmt.Errorf("committed blob %s has changed", ref)
		}
	}
	for ref, content := range there {
		if before.deleted[ref] {
			return fmt.Errorf("deleted blob %s is back", ref)
		}
		if !after.offered[content] {
			return fmt.Errorf("%s was never committed", ref)
		}
	}
	for ref := range before.deleted {
		if _, err := s.Open(context.Background(), ref); !errors.Is(err, blob.ErrNotFound) {
			return fmt.Errorf("Open of deleted blob %s: %w", ref, err)
		}
	}
	return s.Close()
}

// claim picks a committed blob that nobody deletes yet.
func (l *ledger) claim() (blob.Ref, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ref := range l.committed {
		if !l.deleting[ref] {
			l.deleting[ref] = true
			return ref, true
		}
	}
	return blob.Ref{}, false
}

// oneDirectory is a source of randomness that chooses the same directory for all
// refs: it gives random bytes, the first of which is zero.
type oneDirectory struct{}

func (oneDirectory) Read(p []byte) (int, error) {
	n, err := rand.Read(p)
	p[0] = 0
	return n, err
}
