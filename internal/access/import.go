package access

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// The bounds of a secret that somebody chose, in bytes.
const (
	minImportedSecret = 8
	maxImportedSecret = 128
)

// ImportBucketKey gives a bucket a key whose id and secret were chosen by
// somebody, as when clients move here with the keys they have. Errors: Invalid;
// NotFound bucket; AlreadyExists access key; LimitExceeded access key for a third.
func (s *Service) ImportBucketKey(ctx context.Context, in BucketKeyInput, id string, secret keyhaven.Secret, c KeyChange) (*keyhaven.AccessKey, error) {
	return s.importKey(ctx, id, secret, c, func(tx *meta.Txn, rec *meta.KeyRecord) error {
		b, _, err := in.room(tx)
		if err != nil {
			return err
		}
		rec.Owner, rec.Account, rec.BucketID, rec.BucketName = keyhaven.OwnerBucket, b.Account, b.ID, b.Name
		return nil
	})
}

// ImportUserKey gives a user a key whose id and secret were chosen by somebody.
// Nobody imports a key of a root. Errors: Invalid; NotFound user; AlreadyExists
// access key; LimitExceeded access key for a third.
func (s *Service) ImportUserKey(ctx context.Context, h KeyHolder, id string, secret keyhaven.Secret, c KeyChange) (*keyhaven.AccessKey, error) {
	if h.User == "" {
		return nil, invalidKey("A key is imported for a user: name one.")
	}
	return s.importKey(ctx, id, secret, c, func(tx *meta.Txn, rec *meta.KeyRecord) error {
		user, keys, err := h.keys(&tx.Reader)
		if err != nil {
			return err
		}
		if len(keys) >= keyhaven.MaxKeysPerOwner {
			return tooManyKeys(twoKeysPerUser)
		}
		rec.Owner, rec.Account, rec.UserID = keyhaven.OwnerUser, h.Account, user
		return nil
	})
}

// importKey stores a key for whom own says.
func (s *Service) importKey(ctx context.Context, id string, secret keyhaven.Secret, c KeyChange, own func(*meta.Txn, *meta.KeyRecord) error) (*keyhaven.AccessKey, error) {
	if !keyhaven.ImportableAccessKeyID(id) {
		return nil, invalidKey("An access key id has 3 to 128 letters, digits, dots, dashes and underscores, and is none of temporary credentials.")
	}
	if !goodSecret(secret.Reveal()) {
		return nil, invalidKey("A secret access key has 8 to 128 printable ASCII characters without spaces.")
	}
	rec, err := s.sealKey(id, secret)
	if err != nil {
		return nil, err
	}
	rec.Care.Imported = true
	c.Status = nil // it begins active
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if _, err := tx.AccessKey(id); err == nil {
			return &keyhaven.Error{Kind: keyhaven.AlreadyExists, Noun: keyhaven.NounAccessKey, ID: id}
		} else if !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
			return err
		}
		if err := own(tx, rec); err != nil {
			return err
		}
		if err := s.apply(rec, c); err != nil {
			return err
		}
		return tx.PutAccessKey(rec)
	})
	return &rec.AccessKey, err
}

func goodSecret(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) >= minImportedSecret && len(s) <= maxImportedSecret
}

// Holder returns whose the keys of a user are. Errors: NotFound user.
func (s *Service) Holder(ctx context.Context, h KeyHolder) (held Held, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		u, err := r.User(h.Account, h.User)
		if err == nil {
			held = Held{u.ARN(), u.Boundary}
		}
		return err
	})
	return held, err
}
