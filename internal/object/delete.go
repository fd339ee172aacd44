package object

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// DeleteTarget is one key, or one version of it, to delete.
type DeleteTarget struct {
	Key        string
	Version    *keyhaven.VersionID // nil for the key itself
	Conditions Conditions
	Bypass     bool // the caller may, and wants to, overcome a retention in governance mode
	// Size and ModTime let an object go only if they are its own, the time to
	// the second; they say nothing about one that is not there.
	Size    *int64
	ModTime *time.Time
}

func (t *DeleteTarget) conditional() bool {
	return !t.Conditions.IsZero() || t.Size != nil || t.ModTime != nil
}

// Deleted is what a delete did.
type Deleted struct {
	Version      keyhaven.VersionID // the version or marker that was removed or made
	DeleteMarker bool               // a delete marker was made or removed
	Existed      bool
	Versioned    bool // the bucket keeps versions, so Version means something
	Err          error
}

// Delete deletes one target. In a versioned bucket a delete of the key makes a
// delete marker (S3 user guide, "Deleting object versions"). What is not there
// is deleted already.
func (s *Service) Delete(ctx context.Context, b *keyhaven.Bucket, target DeleteTarget) (Deleted, error) {
	out, err := s.DeleteMany(ctx, b, []DeleteTarget{target})
	if err != nil {
		return Deleted{}, err
	}
	return out[0], out[0].Err
}

// DeleteMany deletes the targets in one transaction and returns what happened to
// each. A condition that fails, a key that cannot be and a version that is locked
// are that target's error; any other error undoes all.
func (s *Service) DeleteMany(ctx context.Context, b *keyhaven.Bucket, targets []DeleteTarget) ([]Deleted, error) {
	var out []Deleted
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		out = make([]Deleted, len(targets))
		now, err := s.bucket(&tx.Reader, b)
		if err != nil {
			return err
		}
		for i, t := range targets {
			if out[i].Err = keyhaven.ValidObjectKey(t.Key); out[i].Err != nil {
				continue // or a delete marker would stand under it for ever
			}
			out[i], err = s.deleteOne(tx, now, t)
			switch keyhaven.KindOf(err) {
			case keyhaven.PreconditionFailed, keyhaven.NotFound, keyhaven.Denied:
				out[i].Err = err
			default:
				if err != nil {
					return err
				}
				if err := s.reportDeleted(ctx, tx, b, t, out[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) deleteOne(tx *meta.Txn, b *keyhaven.Bucket, t DeleteTarget) (Deleted, error) {
	if t.Version != nil {
		return s.deleteVersion(tx, b, t)
	}
	if b.Versioning != keyhaven.NeverEnabled {
		return s.mark(tx, b, t)
	}
	cur, err := tx.Current(b.ID, t.Key)
	if err != nil {
		return Deleted{}, err
	}
	if err := checkDelete(t, cur); err != nil || cur == nil {
		return Deleted{}, err
	}
	return s.removed(tx, b, cur, t.Bypass)
}

func (s *Service) deleteVersion(tx *meta.Txn, b *keyhaven.Bucket, t DeleteTarget) (Deleted, error) {
	v, err := tx.Version(b.ID, t.Key, *t.Version)
	if err != nil {
		return Deleted{}, err
	}
	if err := checkDelete(t, v); err != nil {
		return Deleted{}, err
	}
	if v == nil {
		return Deleted{Version: *t.Version, Versioned: true}, nil
	}
	d, err := s.removed(tx, b, v, t.Bypass)
	d.Versioned = true
	return d, err
}

func (s *Service) removed(tx *meta.Txn, b *keyhaven.Bucket, v *meta.Version, bypass bool) (Deleted, error) {
	use, err := s.remove(tx, b, v, bypass)
	if err != nil {
		return Deleted{}, err
	}
	return Deleted{Version: v.Version, DeleteMarker: v.DeleteMarker, Existed: true}, tx.AddUsage(b.ID, use)
}

// mark puts a delete marker on top of the key.
func (s *Service) mark(tx *meta.Txn, b *keyhaven.Bucket, t DeleteTarget) (Deleted, error) {
	if t.conditional() {
		cur, err := tx.Current(b.ID, t.Key)
		if err != nil {
			return Deleted{}, err
		}
		if err := checkDelete(t, cur); err != nil {
			return Deleted{}, err
		}
	}
	v := newVersion(b, t.Key, Attributes{})
	v.DeleteMarker = true
	if err := s.insert(tx, b, v, Conditions{}); err != nil {
		return Deleted{}, err
	}
	return Deleted{Version: v.Version, DeleteMarker: true, Existed: true, Versioned: true}, nil
}

func checkDelete(t DeleteTarget, v *meta.Version) error {
	if !t.conditional() {
		return nil
	}
	var cur *keyhaven.Object
	if v != nil {
		cur = &v.Object
	}
	if err := t.Conditions.write(t.Key, cur); err != nil || cur == nil {
		return err
	}
	switch {
	case t.ModTime != nil && !cur.ModTime.Truncate(time.Second).Equal(*t.ModTime):
		return preconditionFailed("If-Match-Last-Modified-Time")
	case t.Size != nil && cur.Size != *t.Size:
		return preconditionFailed("If-Match-Size")
	}
	return nil
}
