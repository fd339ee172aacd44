package object

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// RetentionInput changes the retention of an object or a version.
type RetentionInput struct {
	Bucket    *keyhaven.Bucket
	Key       string
	Version   *keyhaven.VersionID // nil for the current one
	Retention keyhaven.Retention  // the zero value ends it
	Bypass    bool                // the caller may, and wants to, overcome governance mode
}

// SetRetention changes a retention (API reference, PutObjectRetention). One that
// holds may be extended; to shorten or end it, or to change its mode, takes a
// bypass in governance mode and is Denied in compliance mode. Errors: those of a
// look-up; Invalid when the bucket has no object lock.
func (s *Service) SetRetention(ctx context.Context, in RetentionInput) (*keyhaven.Object, error) {
	return s.amend(ctx, in.Bucket, in.Key, in.Version,
		func(b *keyhaven.Bucket, v *meta.Version) error {
			if err := lockable(b); err != nil {
				return err
			}
			if err := mayRetain(v.Lock.Retention, in.Retention, in.Bypass); err != nil {
				return err
			}
			v.Lock.Retention = in.Retention
			return nil
		})
}

func mayRetain(have, want keyhaven.Retention, bypass bool) error {
	extends := want.Mode == have.Mode && !want.Until.Before(have.Until)
	if extends || !(keyhaven.ObjectLock{Retention: have}).Holds(time.Now(), bypass) {
		return nil
	}
	return locked()
}

// SetLegalHold puts a legal hold on an object or a version, or takes it off (API
// reference, PutObjectLegalHold). Errors: those of a look-up; Invalid when the
// bucket has no object lock.
func (s *Service) SetLegalHold(ctx context.Context, in GetInput, hold keyhaven.LegalHold) (*keyhaven.Object, error) {
	return s.amend(ctx, in.Bucket, in.Key, in.Version, func(b *keyhaven.Bucket, v *meta.Version) error {
		v.Lock.Hold = hold
		return lockable(b)
	})
}

// lockable refuses to lock what is in a bucket without object lock.
func lockable(b *keyhaven.Bucket) error {
	if b.Configs.Has(keyhaven.ConfigObjectLock) {
		return nil
	}
	return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounObjectLock, Msg: "Bucket is missing Object Lock Configuration"}
}

// lock gives a new version the bucket's default retention, unless it has one of
// its own. A document that cannot be read is an error, so that nothing is stored
// without the protection that it asks for.
func lock(r *meta.Reader, b *keyhaven.Bucket, v *meta.Version) error {
	if v.DeleteMarker {
		return nil
	}
	if !v.Lock.IsZero() {
		if err := lockable(b); err != nil {
			return err
		}
	}
	if !v.Lock.Retention.IsZero() {
		return nil
	}
	conf, err := meta.ReadBucketConfig[keyhaven.LockConfig](r, b, keyhaven.ConfigObjectLock)
	if err != nil || conf == nil {
		return err
	}
	v.Lock.Retention = conf.Default(v.ModTime)
	return nil
}

// unlocked refuses to remove a version that is locked. It stands before every
// removal of a version; what a lock says is in the version's own record, so no
// configuration can lift it.
func unlocked(v *meta.Version, bypass bool) error {
	if !v.Lock.Holds(time.Now(), bypass) {
		return nil
	}
	return locked()
}

func locked() error {
	return &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounObjectLock, Msg: "Access Denied because object protected by object lock."}
}
