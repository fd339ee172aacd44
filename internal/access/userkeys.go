package access

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// KeyHolder names whose keys are meant: a user of the account, or its root when
// User is empty.
type KeyHolder struct {
	Account keyhaven.AccountID
	User    string
}

const twoKeysPerUser = "Cannot exceed quota for AccessKeysPerUser: 2"

// id returns the unique id of the user; empty for the root.
func (h KeyHolder) id(r *meta.Reader) (string, error) {
	if h.User == "" {
		return "", nil
	}
	u, err := r.User(h.Account, h.User)
	if err != nil {
		return "", err
	}
	return u.ID, nil
}

func (h KeyHolder) keys(r *meta.Reader) (id string, keys []*meta.KeyRecord, err error) {
	if id, err = h.id(r); err != nil {
		return "", nil, err
	}
	if id == "" {
		keys, err = r.RootKeys(h.Account)
	} else {
		keys, err = r.UserKeys(id)
	}
	return id, keys, err
}

// find returns a key of the holder, or NotFound.
func (h KeyHolder) find(r *meta.Reader, keyID string) (*meta.KeyRecord, error) {
	_, keys, err := h.keys(r)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.ID == keyID {
			return k, nil
		}
	}
	return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: keyID}
}

// CreateKey makes an access key for a user or a root. The answer is the only
// place where its secret is ever seen. Errors: NotFound user; LimitExceeded
// access key for a third one, inactive ones counted.
func (s *Service) CreateKey(ctx context.Context, h KeyHolder) (*keyhaven.AccessKey, error) {
	rec, err := s.newKey()
	if err != nil {
		return nil, err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		id, keys, err := h.keys(&tx.Reader)
		if err != nil {
			return err
		}
		if len(keys) >= keyhaven.MaxKeysPerOwner {
			return tooManyKeys(twoKeysPerUser)
		}
		rec.Owner, rec.Account, rec.UserID = keyhaven.OwnerRoot, h.Account, id
		if id != "" {
			rec.Owner = keyhaven.OwnerUser
		}
		return tx.PutAccessKey(rec)
	})
	return &rec.AccessKey, err
}

// Keys returns the keys of a user or a root, oldest first, without secrets.
// Errors: NotFound user.
func (s *Service) Keys(ctx context.Context, h KeyHolder) ([]*keyhaven.AccessKey, error) {
	var recs []*meta.KeyRecord
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		_, recs, err = h.keys(r)
		return err
	})
	return s.listed(recs), err
}

// SetKeyStatus makes a key active or inactive. When it returns, an inactive key
// is refused, and every session that descends from it (A2). Errors: NotFound
// user; NotFound access key.
func (s *Service) SetKeyStatus(ctx context.Context, h KeyHolder, keyID string, status keyhaven.KeyStatus) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		k, err := h.find(&tx.Reader, keyID)
		if err != nil || k.Status == status {
			return err
		}
		k.Status = status
		return tx.PutAccessKey(k)
	})
}

// DeleteKey deletes a key for ever. When it returns, the key is refused, and
// every session that descends from it (A2). Errors: NotFound user; NotFound
// access key.
func (s *Service) DeleteKey(ctx context.Context, h KeyHolder, keyID string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		k, err := h.find(&tx.Reader, keyID)
		if err != nil {
			return err
		}
		return tx.DeleteAccessKey(k)
	})
}

// FindKey returns a key by its id, with its last use and without its secret, and
// the name of its user, empty for a root's or a bucket's. Errors: NotFound access
// key.
func (s *Service) FindKey(ctx context.Context, keyID string) (*keyhaven.AccessKey, string, error) {
	var rec *meta.KeyRecord
	name := ""
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		if rec, err = r.AccessKey(keyID); err != nil || rec.Owner != keyhaven.OwnerUser {
			return err
		}
		u, err := r.UserByID(rec.UserID)
		if err == nil {
			name = u.Name
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return s.listed([]*meta.KeyRecord{rec})[0], name, nil
}
