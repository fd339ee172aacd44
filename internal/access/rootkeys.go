package access

import (
	"context"
	"crypto/subtle"
	"regexp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// RootKeys returns the keys of the account's root, oldest first, without
// secrets.
func (s *Service) RootKeys(ctx context.Context, account keyhaven.AccountID) ([]*keyhaven.AccessKey, error) {
	var recs []*meta.KeyRecord
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		recs, err = r.RootKeys(account)
		return err
	})
	return s.listed(recs), err
}

// CreateRootKey makes a key of the account's root. The answer is the only place
// where its secret is ever seen. Errors: LimitExceeded for a third one.
func (s *Service) CreateRootKey(ctx context.Context, account keyhaven.AccountID) (*keyhaven.AccessKey, error) {
	rec, err := s.newKey()
	if err != nil {
		return nil, err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error { return putRootKey(tx, account, rec) })
	return &rec.AccessKey, err
}

func putRootKey(tx *meta.Txn, account keyhaven.AccountID, rec *meta.KeyRecord) error {
	keys, err := tx.RootKeys(account)
	if err != nil {
		return err
	}
	if len(keys) >= keyhaven.MaxKeysPerOwner {
		return tooManyKeys("The account's root can have at most two access keys. Delete one before you create another.")
	}
	rec.Owner, rec.Account = keyhaven.OwnerRoot, account
	return tx.PutAccessKey(rec)
}

// DeleteRootKey deletes a key of the account's root.
func (s *Service) DeleteRootKey(ctx context.Context, account keyhaven.AccountID, keyID string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		rec, err := tx.AccessKey(keyID)
		if err != nil {
			return err
		}
		if rec.Owner != keyhaven.OwnerRoot || rec.Account != account {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: keyID}
		}
		return tx.DeleteAccessKey(rec)
	})
}

var givenKeyID = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`)

// ValidGivenKey checks a key pair that an operator chose: an id of 16 to 128
// letters, digits and underscores, as IAM allows, and a secret of at least 16
// characters.
func ValidGivenKey(id string, secret keyhaven.Secret) error {
	if !givenKeyID.MatchString(id) {
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounAccessKey, ID: id,
			Msg: "An access key id has 16 to 128 letters, digits and underscores.",
		}
	}
	if n := len(secret.Reveal()); n < 16 || n > 128 {
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounAccessKey, ID: id,
			Msg: "A secret access key has 16 to 128 characters.",
		}
	}
	return nil
}

// SetEnvironmentKey makes the pair from the server's environment a root key: it
// replaces the one that came from the environment before, under the same id or
// another. Errors: Invalid; AlreadyExists when the id belongs to another key;
// LimitExceeded.
func (s *Service) SetEnvironmentKey(ctx context.Context, account keyhaven.AccountID, id string, secret keyhaven.Secret) error {
	if err := ValidGivenKey(id, secret); err != nil {
		return err
	}
	rec, err := s.sealKey(id, secret)
	if err != nil {
		return err
	}
	rec.FromEnvironment = true
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		keys, err := tx.RootKeys(account)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == id && s.sameSecret(k, secret) {
				return nil
			}
			if k.FromEnvironment {
				if err := tx.DeleteAccessKey(k); err != nil {
					return err
				}
			}
		}
		if _, err := tx.AccessKey(id); err == nil {
			return &keyhaven.Error{
				Kind: keyhaven.AlreadyExists, Noun: keyhaven.NounAccessKey, ID: id,
				Msg: "The access key id of the environment belongs to a key with another secret.",
			}
		} else if !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
			return err
		}
		return putRootKey(tx, account, rec)
	})
}

func (s *Service) sameSecret(k *meta.KeyRecord, secret keyhaven.Secret) bool {
	have, err := s.ring.Open(k.Sealed, k.ID)
	return err == nil && subtle.ConstantTimeCompare(have, []byte(secret.Reveal())) == 1
}
