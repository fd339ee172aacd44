package access

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// QuietPeriod is how long the old key of a rotation must have been unused, while
// the new one is used, before the rotation is told to be quiet.
const QuietPeriod = 24 * time.Hour

// RotationState is how far a rotation has come.
type RotationState string

// The states, in their order.
const (
	NoRotation       RotationState = "None"
	RotationWatching RotationState = "Watching" // the old key may still be in use
	RotationQuiet    RotationState = "Quiet"    // it has not been used for QuietPeriod, and the new one has
	RotationDisabled RotationState = "Disabled" // it is inactive, and can be made active again or deleted
)

// Rotation is the exchange of a bucket's key for a new one. There is no record of
// it beside the keys: the new one names the one that it replaces.
type Rotation struct {
	State    RotationState
	Old, New *keyhaven.AccessKey // nil without a rotation
	QuietAt  time.Time           // when it will be quiet if the old key is not used again; zero while the new one is unused
}

// RotateBucketKey begins to exchange a key of a bucket for a new one with the
// same scope, which is the only place where the new one's secret is seen. keyID
// is the key to replace; "" for the bucket's only one. Errors: NotFound bucket,
// access key; Conflict access key while there is a rotation; LimitExceeded access
// key when the bucket has two.
func (s *Service) RotateBucketKey(ctx context.Context, in BucketKeyInput, keyID string) (*keyhaven.AccessKey, error) {
	rec, err := s.newKey()
	if err != nil {
		return nil, err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if rot, err := s.rotation(&tx.Reader, in); err != nil {
			return err
		} else if rot.State != NoRotation {
			return conflict("The bucket's keys are being rotated already.")
		}
		b, keys, err := in.room(tx)
		if err != nil {
			return err
		}
		if len(keys) == 0 || keyID != "" && keys[0].ID != keyID {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: keyID}
		}
		rec.Owner, rec.Account, rec.BucketID, rec.BucketName = keyhaven.OwnerBucket, b.Account, b.ID, b.Name
		rec.Care = keyhaven.KeyCare{Name: keys[0].Care.Name, Note: keys[0].Care.Note, Scope: keys[0].Care.Scope, Replaces: keys[0].ID}
		return tx.PutAccessKey(rec)
	})
	return &rec.AccessKey, err
}

func conflict(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounAccessKey, Msg: msg}
}

// BucketKeyRotation tells how far the rotation of a bucket's key has come.
func (s *Service) BucketKeyRotation(ctx context.Context, in BucketKeyInput) (rot *Rotation, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		rot, err = s.rotation(r, in)
		return err
	})
	return rot, err
}

func (s *Service) rotation(r *meta.Reader, in BucketKeyInput) (*Rotation, error) {
	b, err := in.find(r)
	if err != nil {
		return nil, err
	}
	recs, err := r.BucketKeys(b.ID)
	if err != nil {
		return nil, err
	}
	keys := s.listed(recs)
	if len(keys) != 2 {
		return &Rotation{State: NoRotation}, nil
	}
	rot := &Rotation{}
	switch {
	case keys[1].Care.Replaces == keys[0].ID:
		rot.Old, rot.New = keys[0], keys[1]
	case keys[0].Care.Replaces == keys[1].ID: // they were made in the same instant
		rot.Old, rot.New = keys[1], keys[0]
	default:
		return &Rotation{State: NoRotation}, nil
	}
	rot.judge(s.now())
	return rot, nil
}

// judge sets the state.
func (rot *Rotation) judge(now time.Time) {
	if rot.Old.Status == keyhaven.KeyInactive {
		rot.State = RotationDisabled
		return
	}
	rot.State = RotationWatching
	if rot.New.LastUsed.Time.IsZero() {
		return
	}
	rot.QuietAt = rot.New.CreatedAt.Add(QuietPeriod)
	if at := rot.Old.LastUsed.Time.Add(QuietPeriod); at.After(rot.QuietAt) {
		rot.QuietAt = at
	}
	if !now.Before(rot.QuietAt) {
		rot.State = RotationQuiet
	}
}

// RotationStep is what to do next in a rotation.
type RotationStep string

// The steps.
const (
	DisableOld RotationStep = "DisableOld" // the old key is refused from now on
	EnableOld  RotationStep = "EnableOld"  // undo that
	DeleteOld  RotationStep = "DeleteOld"  // ends the rotation; only after DisableOld
	DeleteNew  RotationStep = "DeleteNew"  // gives the rotation up; the old key is active again
)

// StepRotation goes a step further in the rotation of a bucket's key. Errors:
// NotFound bucket; Conflict access key for a step that is not open; Invalid.
func (s *Service) StepRotation(ctx context.Context, in BucketKeyInput, step RotationStep) (rot *Rotation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if rot, err = s.rotation(&tx.Reader, in); err != nil {
			return err
		}
		if rot.State == NoRotation {
			return conflict("The bucket's keys are not being rotated.")
		}
		old, err := tx.AccessKey(rot.Old.ID)
		if err != nil {
			return err
		}
		fresh, err := tx.AccessKey(rot.New.ID)
		if err != nil {
			return err
		}
		if err := takeStep(tx, step, rot.State, old, fresh); err != nil {
			return err
		}
		rot, err = s.rotation(&tx.Reader, in)
		return err
	})
	return rot, err
}

func takeStep(tx *meta.Txn, step RotationStep, state RotationState, old, fresh *meta.KeyRecord) error {
	switch step {
	case DisableOld, EnableOld:
		old.Status = keyhaven.KeyActive
		if step == DisableOld {
			old.Status = keyhaven.KeyInactive
		}
		return tx.PutAccessKey(old)
	case DeleteOld:
		if state != RotationDisabled {
			return conflict("Disable the old key first: that can be undone.")
		}
		if err := tx.DeleteAccessKey(old); err != nil {
			return err
		}
		fresh.Care.Replaces = ""
		return tx.PutAccessKey(fresh)
	case DeleteNew:
		if err := tx.DeleteAccessKey(fresh); err != nil {
			return err
		}
		old.Status = keyhaven.KeyActive
		return tx.PutAccessKey(old)
	}
	return invalidKey("There is no such step of a rotation.")
}
