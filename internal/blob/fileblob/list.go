package fileblob

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// List yields what stands under a ref's name. Sizes follow from those of the
// files, none of which is read: a damaged blob is listed too, so that it can be
// found and deleted. List ends at the first error.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for i := range s.dirs {
			for info, err := range s.list(ctx, &s.dirs[i]) {
				if err != nil {
					yield(blob.Info{}, wrap(err, "list"))
					return
				}
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// list yields the blobs of one directory, in the order that the file system has.
func (s *Store) list(ctx context.Context, d *directory) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(blob.Info{}, err)
			return
		}
		for name, err := range s.fs.Names(d.path) {
			if err = errors.Join(err, s.begin(ctx)); err != nil {
				yield(blob.Info{}, err)
				return
			}
			ref, ok := refOf(name)
			if !ok || s.directory(ref) != d || d.hides(ref) {
				continue
			}
			size, err := s.fs.Size(d.name(ref))
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			info := blob.Info{Ref: ref}
			info.Size, _ = dataSize(size)
			if !yield(info, err) {
				return
			}
		}
	}
}
