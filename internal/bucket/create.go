package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// CreateInput makes a bucket.
type CreateInput struct {
	Account      keyhaven.AccountID
	Region       string
	Name         string
	BundleID     string // DefaultBundleID when empty and made through S3
	Tags         []keyhaven.Tag
	Versioning   bool
	ObjectLock   bool // turns versioning on too
	ViaLightsail bool // Lightsail's naming rules and caps apply, else S3's

	Ownership keyhaven.ObjectOwnership
	ACL       keyhaven.CannedACL // of the bucket itself
	Grants    []keyhaven.Grant   // when ACL is keyhaven.ACLGrants
}

// Create makes a bucket. Errors: Invalid bucket name, bundle or tag;
// AlreadyExists bucket, by Lightsail's rules also when an instance of the account
// has the name; Conflict bucket when the account itself owns the name;
// LimitExceeded bucket.
func (s *Service) Create(ctx context.Context, in CreateInput) (*keyhaven.Bucket, keyhaven.Operation, error) {
	b, err := s.newBucket(in)
	if err != nil {
		return nil, keyhaven.Operation{}, err
	}
	var op keyhaven.Operation
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if old, err := tx.Bucket(b.Name); err == nil {
			return taken(old, in.Account)
		} else if keyhaven.KindOf(err) != keyhaven.NotFound {
			return err
		}
		if err := errors.Join(resourceNameFree(tx, b), s.count(tx, b)); err != nil {
			return err
		}
		if err := tx.PutBucket(b); err != nil {
			return err
		}
		if in.ObjectLock {
			if err := tx.PutBucketConfig(b, keyhaven.ConfigObjectLock, &keyhaven.LockConfig{}); err != nil {
				return err
			}
		}
		op, err = record(tx, b, "CreateBucket")
		return err
	})
	return b, op, err
}

func taken(b *keyhaven.Bucket, account keyhaven.AccountID) error {
	e := &keyhaven.Error{Kind: keyhaven.AlreadyExists, Noun: keyhaven.NounBucket, ID: b.Name}
	if b.Account == account {
		e.Kind = keyhaven.Conflict
	}
	return e
}

func (s *Service) newBucket(in CreateInput) (*keyhaven.Bucket, error) {
	valid := keyhaven.ValidS3BucketName
	if in.ViaLightsail {
		valid = keyhaven.ValidLightsailBucketName
	}
	if !valid(in.Name) {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounBucketName, ID: in.Name}
	}
	if in.BundleID == "" && !in.ViaLightsail {
		in.BundleID = keyhaven.DefaultBundleID
	}
	if err := s.checkBundle(in.BundleID); err != nil {
		return nil, err
	}
	if err := keyhaven.ValidateTags(in.Tags); err != nil {
		return nil, err
	}
	b := &keyhaven.Bucket{
		Name: in.Name, Account: in.Account, Region: in.Region, CreatedAt: time.Now().UTC(),
		ViaLightsail: in.ViaLightsail, BundleID: in.BundleID, Tags: in.Tags, Versioning: keyhaven.NeverEnabled,
	}
	// Lightsail's rules make a bucket private to begin with. By S3's, access
	// control lists count.
	b.AccessRules.AllowPublicOverrides = !in.ViaLightsail
	b.Ownership, b.ACL, b.Grants = in.Ownership, in.ACL, in.Grants
	if in.Versioning || in.ObjectLock {
		b.Versioning = keyhaven.VersioningEnabled
	}
	rand.Read(b.ID[:])
	b.ID[6], b.ID[8] = b.ID[6]&0x0f|0x40, b.ID[8]&0x3f|0x80 // a version 4 UUID
	return b, nil
}

func (s *Service) checkBundle(id string) error {
	if plan, ok := s.opts.Bundles.Find(id); !ok || !plan.Active {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounBundle, ID: id}
	}
	return nil
}

// resourceNameFree keeps Lightsail's names of resources apart: those of an
// account's buckets and instances (spec/lightsail-api.md §1.5).
func resourceNameFree(tx *meta.Txn, b *keyhaven.Bucket) error {
	if !b.ViaLightsail {
		return nil
	}
	taken, err := tx.EntityTaken(b.Account, meta.EntityInstance, b.Name)
	if err == nil && taken {
		return &keyhaven.Error{Kind: keyhaven.AlreadyExists, Noun: keyhaven.NounBucket, ID: b.Name}
	}
	return err
}

// count keeps Lightsail's cap of buckets.
func (s *Service) count(tx *meta.Txn, b *keyhaven.Bucket) error {
	if !b.ViaLightsail {
		return nil
	}
	n, err := tx.LightsailBuckets(b.Account)
	if err != nil {
		return err
	}
	if n >= int64(s.opts.MaxPerAccount) {
		return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounBucket}
	}
	return nil
}
