package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

const (
	loadBytes   = 4 << 20 // of one transaction
	loadRecords = 4096
)

// RestoreInput says what is restored and to where.
type RestoreInput struct {
	From     Target
	Manifest *Manifest // from Find
	Meta     *meta.Store
	Blobs    *NamedBlobs
	// Ring must open every secret of the backup. With WithoutKeys the access keys
	// are left out, and it is a new ring.
	Ring        *seal.Ring
	WithoutKeys bool
	Report      func(Progress)
	Copiers     int // blobs copied at the same time; 4 when zero
}

// Restore writes a backup into an empty metadata store and beside blobs of the
// same backup that an earlier try has written. It is complete when it returns
// nil; after an error the metadata must be thrown away, while the blobs may stay
// for the next try.
func Restore(ctx context.Context, in RestoreInput) error {
	r, err := newReading(in.From, in.Manifest, in.Report, in.Copiers)
	if err != nil {
		return err
	}
	if in.Ring == nil {
		return errors.New("backup: restore: a key ring is needed")
	}
	if !in.WithoutKeys && in.Ring.Fingerprint() != in.Manifest.KeyRing {
		return errors.New("backup: this is not the key ring that sealed the secrets of the backup")
	}
	if err := checkEmpty(ctx, in.Meta); err != nil {
		return err
	}
	if err := loadMetadata(ctx, r, in); err != nil {
		return err
	}
	if err := checkMetadata(ctx, in); err != nil {
		return err
	}
	if err := loadSmall(ctx, r, in.Meta); err != nil {
		return err
	}
	err = r.blobs(ctx, in.Blobs.begin, func(ctx context.Context, ref blob.Ref, size int64) error {
		return restoreBlob(ctx, r, in.Blobs, ref, size)
	})
	if err != nil {
		return err
	}
	r.report.step("")
	return nil
}

func checkEmpty(ctx context.Context, m *meta.Store) error {
	empty := false
	err := m.View(ctx, func(rd *meta.Reader) (err error) {
		empty, err = rd.Empty()
		return err
	})
	if err == nil && !empty {
		err = errors.New("the metadata store is not empty")
	}
	if err != nil {
		return fmt.Errorf("backup: restore: %w", err)
	}
	return nil
}

// loader gathers what is written in one transaction.
type loader struct {
	meta  *meta.Store
	load  []func(*meta.Txn) error
	bytes int
}

// add takes slices that nobody else uses.
func (l *loader) add(ctx context.Context, size int, load func(*meta.Txn) error) error {
	l.load = append(l.load, load)
	if l.bytes += size; l.bytes < loadBytes && len(l.load) < loadRecords {
		return nil
	}
	return l.flush(ctx)
}

func (l *loader) flush(ctx context.Context) error {
	err := l.meta.Update(ctx, func(tx *meta.Txn) error {
		for _, load := range l.load {
			if err := load(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("backup: restore: %w", err)
	}
	clear(l.load)
	l.load, l.bytes = l.load[:0], 0
	return nil
}

func loadMetadata(ctx context.Context, r *reading, in RestoreInput) error {
	l := &loader{meta: in.Meta}
	err := r.pairs(ctx, func(k, v []byte) error {
		if in.WithoutKeys && meta.OfCredential(k) {
			return nil
		}
		return l.add(ctx, len(k)+len(v), func(tx *meta.Txn) error { return tx.LoadPair(k, v) })
	})
	if err != nil {
		return err
	}
	return l.flush(ctx)
}

func loadSmall(ctx context.Context, r *reading, m *meta.Store) error {
	l := &loader{meta: m}
	err := r.small(ctx, func(id meta.ID, data []byte) error {
		return l.add(ctx, len(id)+len(data), func(tx *meta.Txn) error { return tx.LoadInline(id, data) })
	})
	if err != nil {
		return err
	}
	return l.flush(ctx)
}

// opensAll wants of a ring that it opens every credential.
func opensAll(rd *meta.Reader, ring *seal.Ring) error {
	err := rd.AccessKeys(func(k *meta.KeyRecord) error {
		if _, err := ring.Open(k.Sealed, k.ID); err != nil {
			return fmt.Errorf("the key ring does not open the secret of access key %s: %w", k.ID, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rd.MFADevices(func(d *keyhaven.MFADevice) error {
		if _, err := ring.Open(d.Seed, d.SealContext()); err != nil {
			return fmt.Errorf("the key ring does not open the seed of MFA device %s: %w", d.ARN(), err)
		}
		return nil
	})
}

// checkMetadata wants the installation of the manifest, and of the ring that it
// opens every secret. Without keys it enters the new ring.
func checkMetadata(ctx context.Context, in RestoreInput) error {
	var found *meta.Installation
	err := in.Meta.View(ctx, func(rd *meta.Reader) (err error) {
		if found, err = rd.Installation(); err != nil {
			return err
		}
		if found == nil || found.ID != in.Manifest.Installation {
			return errors.New("the records are not those of the installation that the manifest names")
		}
		return opensAll(rd, in.Ring)
	})
	if err == nil && in.WithoutKeys {
		err = in.Meta.Update(ctx, func(tx *meta.Txn) error {
			found.KeyRing = in.Ring.Fingerprint()
			return tx.PutInstallation(*found)
		})
	}
	if err != nil {
		return fmt.Errorf("backup: restore: %w", err)
	}
	return nil
}

func restoreBlob(ctx context.Context, r *reading, to *NamedBlobs, ref blob.Ref, size int64) error {
	has, err := to.has(ctx, ref, size)
	if err != nil || has {
		return err
	}
	w, err := to.create(ctx, ref, size)
	if err != nil {
		return err
	}
	defer func() { _ = w.Abort() }() // after Commit it does nothing
	if err := r.copyBlob(ctx, w, ref, size); err != nil {
		return err
	}
	got, err := w.Commit(ctx)
	if err != nil {
		return fmt.Errorf("backup: restore blob %s: %w", ref, err)
	}
	if got != ref {
		return fmt.Errorf("backup: restore blob %s: it was stored as %s", ref, got)
	}
	return nil
}

// Verify reads all of a backup as Restore does, and writes nothing.
func Verify(ctx context.Context, t Target, m *Manifest, report func(Progress)) error {
	r, err := newReading(t, m, report, 0)
	if err != nil {
		return err
	}
	if err := r.pairs(ctx, func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	if err := r.small(ctx, func(meta.ID, []byte) error { return nil }); err != nil {
		return err
	}
	err = r.blobs(ctx, func(context.Context, blob.Session) error { return nil },
		func(ctx context.Context, ref blob.Ref, size int64) error { return r.copyBlob(ctx, nil, ref, size) })
	if err != nil {
		return err
	}
	r.report.step("")
	return nil
}
