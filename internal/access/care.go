package access

import (
	"context"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Held says whose a key is.
type Held struct {
	ARN      string // of the bucket, the user or the root
	Boundary string // the ARN of the user's permissions boundary; "" for none
}

// Key returns a long-term key of the account by its id, without its secret, and
// whose it is. Errors: NotFound access key.
func (s *Service) Key(ctx context.Context, account keyhaven.AccountID, id string) (k *keyhaven.AccessKey, holder Held, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		rec, err := keyOf(r, account, id)
		if err != nil {
			return err
		}
		k = s.listed([]*meta.KeyRecord{rec})[0]
		holder, err = heldBy(r, rec)
		return err
	})
	return k, holder, err
}

func keyOf(r *meta.Reader, account keyhaven.AccountID, id string) (*meta.KeyRecord, error) {
	missing := &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: id}
	if id == "" || len(id) > 128 {
		return nil, missing
	}
	rec, err := r.AccessKey(id)
	if err == nil && rec.Account != account {
		return nil, missing
	}
	return rec, err
}

// heldBy names the bucket, the user or the root that a key belongs to.
func heldBy(r *meta.Reader, k *meta.KeyRecord) (Held, error) {
	switch k.Owner {
	case keyhaven.OwnerBucket:
		b, err := r.Bucket(k.BucketName)
		if err != nil {
			return Held{}, err
		}
		return Held{ARN: b.ARN()}, nil
	case keyhaven.OwnerUser:
		u, err := r.UserByID(k.UserID)
		if err != nil {
			return Held{}, err
		}
		return Held{u.ARN(), u.Boundary}, nil
	default:
		return Held{ARN: (&keyhaven.Principal{Kind: keyhaven.Root, Account: k.Account}).ARN()}, nil
	}
}

// KeyChange says what to change of a key; nil members stay.
type KeyChange struct {
	Name      *string
	Note      *string
	ExpiresAt *time.Time // zero: never
	Status    *keyhaven.KeyStatus
	Scope     *keyhaven.KeyScope // of a bucket's key alone
}

// ChangeKey changes what Keyhaven keeps of a key beyond AWS, and its status. When
// it returns, the change is in force (A2). Errors: NotFound access key; Invalid.
func (s *Service) ChangeKey(ctx context.Context, account keyhaven.AccountID, id string, c KeyChange) (k *keyhaven.AccessKey, err error) {
	var rec *meta.KeyRecord
	err = s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
		if rec, err = keyOf(&tx.Reader, account, id); err != nil {
			return err
		}
		if err := s.apply(rec, c); err != nil {
			return err
		}
		return tx.PutAccessKey(rec)
	})
	if err != nil {
		return nil, err
	}
	return s.listed([]*meta.KeyRecord{rec})[0], nil
}

// DropKey deletes the key of a bucket or a user for ever, by its id alone. When it
// returns, the key is refused (A2). Errors: NotFound access key; Invalid for a
// root's.
func (s *Service) DropKey(ctx context.Context, account keyhaven.AccountID, id string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		rec, err := keyOf(&tx.Reader, account, id)
		if err != nil {
			return err
		}
		if rec.Owner == keyhaven.OwnerRoot {
			return invalidKey("The key of a root is deleted by the IAM API.")
		}
		return tx.DeleteAccessKey(rec)
	})
}

func (s *Service) apply(rec *meta.KeyRecord, c KeyChange) error {
	if rec.FromEnvironment {
		return invalidKey("The key comes from the server's environment: change it there.")
	}
	care := &rec.Care
	if c.Name != nil {
		care.Name = strings.TrimSpace(*c.Name)
	}
	if c.Note != nil {
		care.Note = *c.Note
	}
	if c.ExpiresAt != nil {
		care.Warned, care.WarnedAt = 0, time.Time{}
		if care.ExpiresAt = *c.ExpiresAt; care.Expired(s.now()) {
			return invalidKey("The expiry of a key must be in the future.")
		}
	}
	if c.Scope != nil {
		if rec.Owner != keyhaven.OwnerBucket && !c.Scope.IsZero() {
			return invalidKey("Only the keys of buckets have a scope; policies say what users may do.")
		}
		care.Scope = *c.Scope
	}
	if c.Status != nil {
		if *c.Status != keyhaven.KeyActive && *c.Status != keyhaven.KeyInactive {
			return invalidKey("The status of a key is Active or Inactive.")
		}
		rec.Status = *c.Status
	}
	if err := care.Check(); err != nil {
		return err
	}
	_, err := scopePolicies(&rec.AccessKey) // refuses what could not be enforced
	return err
}

func invalidKey(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounAccessKey, Msg: msg}
}

// room returns the bucket and its keys when there is room for one more.
func (in BucketKeyInput) room(tx *meta.Txn) (*keyhaven.Bucket, []*meta.KeyRecord, error) {
	b, err := in.find(&tx.Reader)
	if err != nil {
		return nil, nil, err
	}
	keys, err := tx.BucketKeys(b.ID)
	if err != nil {
		return nil, nil, err
	}
	if len(keys) >= keyhaven.MaxKeysPerOwner {
		return nil, nil, tooManyKeys("A bucket can have at most two access keys. Delete one before you create another.")
	}
	return b, keys, nil
}

// Activity returns the last use of a key and what is known of its use beside.
// Errors: NotFound access key.
func (s *Service) Activity(ctx context.Context, account keyhaven.AccountID, id string) (u keyhaven.LastUsed, a keyhaven.KeyActivity, err error) {
	// Within a flush a count is neither in memory nor on disk.
	s.used.flushM.Lock()
	defer s.used.flushM.Unlock()
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		rec, err := keyOf(r, account, id)
		if err != nil {
			return err
		}
		u = rec.LastUsed
		a, err = r.KeyActivity(id)
		return err
	})
	if err != nil {
		return u, a, err
	}
	a = s.used.activity(id, u, a)
	return s.used.overlay(id, u), a, nil
}
