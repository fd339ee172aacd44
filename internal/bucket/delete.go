package bucket

import (
	"context"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// DeleteInput deletes a bucket. An empty Region means any.
type DeleteInput struct {
	Account keyhaven.AccountID
	Region  string
	Name    string
	Force   bool // objects, uploads and keys go too
	// ViaS3 keeps S3's rule: only objects hold a bucket, the rest goes with it.
	ViaS3 bool
}

// Delete deletes a bucket. Without Force it must be empty. Its name is free when
// Delete returns and its keys are refused; sweep frees what was in it. With
// Force too a version that object lock holds keeps the bucket, whatever the mode.
// Errors: NotFound; NotEmpty with a Msg that names what is left; Conflict object
// lock.
func (s *Service) Delete(ctx context.Context, in DeleteInput) (keyhaven.Operation, error) {
	var op keyhaven.Operation
	t := target{account: in.Account, region: in.Region, name: in.Name}
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := t.find(&tx.Reader)
		if err != nil {
			return err
		}
		keys, err := tx.BucketKeys(b.ID)
		if err != nil {
			return err
		}
		if !in.Force {
			if err := checkEmpty(tx, b, len(keys), in.ViaS3); err != nil {
				return err
			}
		}
		if err := checkUnlocked(tx, b); err != nil {
			return err
		}
		for _, k := range keys {
			if err := tx.DeleteAccessKey(k); err != nil {
				return err
			}
		}
		if err := tx.DeleteBucket(b); err != nil {
			return err
		}
		if err := tx.PurgeBucket(b.ID); err != nil {
			return err
		}
		op, err = record(tx, b, "DeleteBucket")
		return err
	})
	return op, err
}

// checkEmpty refuses to delete a bucket that still holds something
// (spec/lightsail-api.md §2.2).
func checkEmpty(tx *meta.Txn, b *keyhaven.Bucket, keys int, viaS3 bool) error {
	var left []string
	objects, err := tx.BucketHasObjects(b.ID)
	if err != nil {
		return err
	}
	if objects {
		left = append(left, "objects")
	}
	if keys > 0 && !viaS3 {
		left = append(left, "access keys")
	}
	attached, err := receivers(&tx.Reader, b)
	if err != nil {
		return err
	}
	if len(attached) > 0 && !viaS3 {
		left = append(left, "attached instances")
	}
	if left == nil {
		return nil
	}
	return &keyhaven.Error{
		Kind: keyhaven.NotEmpty, Noun: keyhaven.NounBucket, ID: b.Name,
		Msg: "The bucket still has " + strings.Join(left, " and ") + ".",
	}
}

// checkUnlocked refuses to delete a bucket with a version that is locked. Only
// what is in a bucket with object lock can be, so any other costs nothing; the
// search through one that has it ends at the first.
func checkUnlocked(tx *meta.Txn, b *keyhaven.Bucket) error {
	if !b.Configs.Has(keyhaven.ConfigObjectLock) {
		return nil
	}
	key, err := tx.LockedVersion(b.ID, time.Now())
	if err != nil || key == "" {
		return err
	}
	return &keyhaven.Error{
		Kind: keyhaven.Conflict, Noun: keyhaven.NounObjectLock, ID: b.Name,
		Msg: "The bucket has versions that object lock protects.",
	}
}
