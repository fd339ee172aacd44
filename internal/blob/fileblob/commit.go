package fileblob

import (
	"context"
	"errors"
	"io/fs"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// Commit syncs the file, gives it its name and syncs the directory (F1, F2). A
// Commit that fails has aborted the blob. A context that ends later than the
// beginning of Commit does not stop it.
func (w *writer) Commit(ctx context.Context) (blob.Ref, error) {
	if w.ended {
		return blob.Ref{}, errEnded
	}
	if err := errors.Join(w.err, w.store.begin(ctx)); err != nil {
		return blob.Ref{}, errors.Join(err, w.Abort())
	}
	defer w.end()
	err := w.finish()
	if err == nil {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return blob.Ref{}, wrap(errors.Join(err, w.discard()), "commit")
	}
	if err := w.publish(); err != nil {
		return blob.Ref{}, wrap(err, "commit")
	}
	return w.ref, nil
}

// publish gives the synced file its name.
func (w *writer) publish() error {
	d, fsys := w.dir, w.store.fs
	d.hide(w.ref) // F3
	if err := fsys.Rename(d.temporary(w.ref), d.name(w.ref)); err != nil {
		return errors.Join(err, w.discard(), w.withdraw())
	}
	if err := d.makeDurable(fsys); err != nil {
		return errors.Join(err, w.withdraw())
	}
	d.show(w.ref)
	return nil
}

// withdraw removes the file under its name. One that cannot be removed stays
// hidden, and is a left-over of this session for those who open the store next.
func (w *writer) withdraw() error {
	err := w.store.fs.Remove(w.dir.name(w.ref))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.dir.show(w.ref)
	return nil
}

// Abort removes the temporary file.
func (w *writer) Abort() error {
	if w.ended {
		return nil
	}
	defer w.end()
	// The bytes are of no use any more, so an error of Close says nothing.
	_ = w.file.Close()
	if err := w.discard(); err != nil {
		return wrap(err, "abort")
	}
	return nil
}

// discard removes the temporary file, or leaves it to the next Open (F5). After
// a rename whose failure was a mistake it is not there, which is as good.
func (w *writer) discard() error {
	err := w.dir.removeTemporary(w.store.fs, w.dir.temporary(w.ref))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.store.stuck.Store(true)
		return err
	}
	return nil
}

// end gives back what the writer holds, once.
func (w *writer) end() {
	w.ended = true
	w.release()
	w.store.writers.Add(-1)
}
