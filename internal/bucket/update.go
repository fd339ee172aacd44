package bucket

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// UpdateInput changes a bucket; nil members stay as they are.
type UpdateInput struct {
	Account              keyhaven.AccountID
	Region               string
	Name                 string
	GetObjectPublic      *bool
	AllowPublicOverrides *bool
	Versioning           *keyhaven.Versioning // VersioningEnabled or VersioningSuspended
	ViaS3                bool                 // suspends a bucket that was never versioned too
	CORS                 *keyhaven.CORS       // without rules it is removed
	// ReadonlyAccounts may read the objects; empty takes that from all. At most
	// keyhaven.MaxReadonlyAccounts.
	ReadonlyAccounts *[]keyhaven.AccountID
	Logging          *keyhaven.Logging // without a target it is ended
}

// Update changes access rules, versioning and CORS; all act on the next request.
// Changing the versioning of a bucket in individual-objects mode makes it
// private, unless the same call sets the rules (spec/lightsail-api.md §2.4).
// Suspending a bucket that was never versioned changes nothing, unless S3 asks.
// Errors: Denied access rules where the account blocks public policies; Invalid
// for a list of accounts, or for a versioning state that cannot be asked for; Conflict
// object lock for suspending a bucket that has it; those of SetLogging.
func (s *Service) Update(ctx context.Context, in UpdateInput) (*keyhaven.Bucket, keyhaven.Operation, error) {
	if v := in.Versioning; v != nil && *v != keyhaven.VersioningEnabled && *v != keyhaven.VersioningSuspended {
		return nil, keyhaven.Operation{}, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Versioning is Enabled or Suspended."}
	}
	if err := checkReaders(in.ReadonlyAccounts); err != nil {
		return nil, keyhaven.Operation{}, err
	}
	t := target{account: in.Account, region: in.Region, name: in.Name}
	return s.changeWith(ctx, t, "UpdateBucket", func(tx *meta.Txn, b *keyhaven.Bucket) error {
		if err := mayVersion(b, in.Versioning); err != nil {
			return err
		}
		if in.Versioning != nil && setVersioning(b, *in.Versioning, in.ViaS3) &&
			b.ViaLightsail && !b.AccessRules.GetObjectPublic && in.AllowPublicOverrides == nil {
			b.AccessRules.AllowPublicOverrides = false
		}
		if err := mayOpen(tx, b, in.GetObjectPublic); err != nil {
			return err
		}
		if in.ReadonlyAccounts != nil {
			b.ReadonlyAccounts = *in.ReadonlyAccounts
		}
		if in.GetObjectPublic != nil {
			b.AccessRules.GetObjectPublic = *in.GetObjectPublic
		}
		if in.AllowPublicOverrides != nil {
			b.AccessRules.AllowPublicOverrides = *in.AllowPublicOverrides
		}
		if in.Logging != nil {
			if err := setLogging(tx, b, in.Logging); err != nil {
				return err
			}
		}
		return setCORS(tx, b, in.CORS)
	})
}

func setCORS(tx *meta.Txn, b *keyhaven.Bucket, cors *keyhaven.CORS) error {
	switch {
	case cors == nil:
		return nil
	case len(cors.Rules) == 0:
		return tx.PutBucketConfig(b, keyhaven.ConfigCORS, nil)
	}
	return tx.PutBucketConfig(b, keyhaven.ConfigCORS, cors)
}

// mayVersion keeps the versioning of a bucket with object lock on.
func mayVersion(b *keyhaven.Bucket, v *keyhaven.Versioning) error {
	if v == nil || *v == keyhaven.VersioningEnabled || !b.Configs.Has(keyhaven.ConfigObjectLock) {
		return nil
	}
	return &keyhaven.Error{
		Kind: keyhaven.Conflict, Noun: keyhaven.NounObjectLock, ID: b.Name,
		Msg: "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
	}
}

func setVersioning(b *keyhaven.Bucket, v keyhaven.Versioning, viaS3 bool) (changed bool) {
	if v == b.Versioning || v == keyhaven.VersioningSuspended && b.Versioning == keyhaven.NeverEnabled && !viaS3 {
		return false
	}
	b.Versioning = v
	return true
}

// UpdateBundleInput changes a bucket's plan.
type UpdateBundleInput struct {
	Account  keyhaven.AccountID
	Region   string
	Name     string
	BundleID string
}

// UpdateBundle changes the plan, once in a monthly billing cycle. Errors:
// Invalid bundle, also for the plan that the bucket has; LimitExceeded bundle
// for a second change.
func (s *Service) UpdateBundle(ctx context.Context, in UpdateBundleInput) (*keyhaven.Bucket, keyhaven.Operation, error) {
	t := target{account: in.Account, region: in.Region, name: in.Name}
	return s.changeWith(ctx, t, "UpdateBucketBundle", func(tx *meta.Txn, b *keyhaven.Bucket) error {
		if err := s.checkBundle(in.BundleID); err != nil {
			return err
		}
		now := time.Now().UTC()
		if !AbleToUpdateBundle(b, now) {
			return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounBundle, ID: in.BundleID}
		}
		if b.BundleID == in.BundleID {
			return &keyhaven.Error{
				Kind: keyhaven.Invalid, Noun: keyhaven.NounBundle, ID: in.BundleID,
				Msg: "The bucket has this bundle already.",
			}
		}
		if err := s.restartQuota(tx, b, now); err != nil {
			return err
		}
		b.BundleID, b.BundleChangedAt = in.BundleID, now
		return nil
	})
}

// restartQuota begins the account of the new plan: what was used so far counts no
// more, but what was over the quota stays charged (spec/bucket-semantics.md §3).
func (s *Service) restartQuota(tx *meta.Txn, b *keyhaven.Bucket, now time.Time) error {
	month, err := tx.MonthUsage(b.ID, now)
	if err != nil {
		return err
	}
	if old, ok := s.opts.Bundles.Find(b.BundleID); ok {
		month.Overage += max(0, month.Transfer-month.Base-old.TransferQuota())
	}
	month.Base = month.Transfer
	return tx.PutMonthUsage(b.ID, now, month)
}

// AbleToUpdateBundle reports whether the bucket's plan may change now.
func AbleToUpdateBundle(b *keyhaven.Bucket, now time.Time) bool {
	return b.BundleChangedAt.IsZero() || !keyhaven.SameBillingMonth(b.BundleChangedAt, now)
}
