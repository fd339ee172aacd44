package access

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// NewKeyID returns a fresh id of a long-term key: AKIA and sixteen of A-Z2-7.
func NewKeyID() string {
	var b [10]byte
	rand.Read(b[:])
	return "AKIA" + base32.StdEncoding.EncodeToString(b[:])
}

// newSecret returns forty characters of the base64 alphabet: 240 random bits.
func newSecret() keyhaven.Secret {
	var b [30]byte
	rand.Read(b[:])
	return keyhaven.NewSecret(base64.StdEncoding.EncodeToString(b[:]))
}

// BucketKeyInput names a bucket whose keys are meant. Account is the caller's
// and Region the call's: a bucket of another account or region is not found.
type BucketKeyInput struct {
	Account keyhaven.AccountID
	Region  string
	Bucket  string
}

func (in BucketKeyInput) find(r *meta.Reader) (*keyhaven.Bucket, error) {
	b, err := r.Bucket(in.Bucket)
	if err == nil && (b.Account != in.Account || b.Region != in.Region) {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: in.Bucket}
	}
	return b, err
}

func (in BucketKeyInput) operation(tx *meta.Txn, typ string) (keyhaven.Operation, error) {
	op := keyhaven.Operation{
		Account: in.Account, Region: in.Region, ResourceName: in.Bucket, ResourceType: "Bucket",
		Type: typ, CreatedAt: time.Now().UTC(),
	}
	err := tx.PutOperation(&op) // gives op its id
	return op, err
}

// CreateBucketKey makes an access key for a bucket. The answer is the only
// place where its secret is ever seen. Errors: NotFound bucket; LimitExceeded
// access key for a third one.
func (s *Service) CreateBucketKey(ctx context.Context, in BucketKeyInput) (*keyhaven.AccessKey, keyhaven.Operation, error) {
	rec, err := s.newKey()
	if err != nil {
		return nil, keyhaven.Operation{}, err
	}
	var op keyhaven.Operation
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := in.find(&tx.Reader)
		if err != nil {
			return err
		}
		keys, err := tx.BucketKeys(b.ID)
		if err != nil {
			return err
		}
		if len(keys) >= keyhaven.MaxKeysPerOwner {
			return tooManyKeys("A bucket can have at most two access keys. Delete one before you create another.")
		}
		rec.Owner, rec.Account, rec.BucketID, rec.BucketName = keyhaven.OwnerBucket, b.Account, b.ID, b.Name
		if err := tx.PutAccessKey(rec); err != nil {
			return err
		}
		op, err = in.operation(tx, "CreateBucketAccessKey")
		return err
	})
	return &rec.AccessKey, op, err
}

// newKey makes a key that belongs to nobody yet, its secret sealed.
func (s *Service) newKey() (*meta.KeyRecord, error) {
	return s.sealKey(NewKeyID(), newSecret())
}

func (s *Service) sealKey(id string, secret keyhaven.Secret) (*meta.KeyRecord, error) {
	sealed, err := s.ring.Seal([]byte(secret.Reveal()), id)
	if err != nil {
		return nil, err
	}
	return &meta.KeyRecord{
		AccessKey: keyhaven.AccessKey{ID: id, Secret: secret, Status: keyhaven.KeyActive, CreatedAt: time.Now().UTC()},
		Sealed:    sealed,
	}, nil
}

func tooManyKeys(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounAccessKey, Msg: msg}
}

// BucketKeys returns the keys of a bucket, oldest first, without secrets.
func (s *Service) BucketKeys(ctx context.Context, in BucketKeyInput) ([]*keyhaven.AccessKey, error) {
	var recs []*meta.KeyRecord
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		b, err := in.find(r)
		if err != nil {
			return err
		}
		recs, err = r.BucketKeys(b.ID)
		return err
	})
	return s.listed(recs), err
}

// listed orders keys by age and puts in the uses that are not on disk yet.
func (s *Service) listed(recs []*meta.KeyRecord) []*keyhaven.AccessKey {
	keys := make([]*keyhaven.AccessKey, len(recs))
	for i, r := range recs {
		r.LastUsed = s.used.overlay(r.ID, r.LastUsed)
		keys[i] = &r.AccessKey
	}
	slices.SortStableFunc(keys, func(a, b *keyhaven.AccessKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys
}

// DeleteBucketKey deletes a key of the bucket for ever. When it returns, the key
// is refused (A2). Errors: NotFound bucket; NotFound access key when the bucket
// has no such key.
func (s *Service) DeleteBucketKey(ctx context.Context, in BucketKeyInput, keyID string) (keyhaven.Operation, error) {
	var op keyhaven.Operation
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := in.find(&tx.Reader)
		if err != nil {
			return err
		}
		missing := &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: keyID}
		if !keyhaven.ImportableAccessKeyID(keyID) {
			return missing
		}
		rec, err := tx.AccessKey(keyID)
		if err != nil {
			return err
		}
		if rec.Owner != keyhaven.OwnerBucket || rec.BucketID != b.ID {
			return missing
		}
		if err := tx.DeleteAccessKey(rec); err != nil {
			return err
		}
		op, err = in.operation(tx, "DeleteBucketAccessKey")
		return err
	})
	return op, err
}
