package check

import (
	"context"
	"fmt"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// primaries walks the records that say what there is, and holds everything that
// they name against what is there.
func (c *checker) primaries(ctx context.Context) error {
	steps := []struct {
		kind meta.Kind
		fn   func(context.Context, *meta.Entry) error
	}{
		{meta.KindSystem, func(context.Context, *meta.Entry) error { return nil }},
		{meta.KindAccount, c.account},
		{meta.KindEntity, c.entity},
		{meta.KindBucket, c.bucket},
		{meta.KindOutbox, c.outbox},
		{meta.KindAccessKey, c.accessKey},
		{meta.KindCurrent, c.current},
		{meta.KindUpload, c.upload},
		{meta.KindBucketConfig, c.config},
		{meta.KindLifecycle, c.lifecycle},
		{meta.KindManifest, c.needs},
		{meta.KindCompleted, c.needs},
		{meta.KindOperation, c.needs},
		{meta.KindWatch, func(context.Context, *meta.Entry) error { return nil }},
		{meta.KindSeries, func(context.Context, *meta.Entry) error { return nil }},
		{meta.KindQueue, func(context.Context, *meta.Entry) error { return nil }},
		{meta.KindLogBatch, func(context.Context, *meta.Entry) error { return nil }},
	}
	for _, s := range steps {
		if err := c.records(ctx, s.kind, func(e *meta.Entry) error { return s.fn(ctx, e) }); err != nil {
			return err
		}
		if s.kind == meta.KindCurrent {
			if err := c.versions(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) account(ctx context.Context, e *meta.Entry) error {
	c.accounts[keyhaven.AccountID(e.Name)] = 0
	return c.needs(ctx, e)
}

// entity checks that a record of IAM belongs to an account.
func (c *checker) entity(ctx context.Context, e *meta.Entry) error {
	if _, ok := c.accounts[e.Entity.Account]; !ok {
		if err := c.find(entrySubject(e), "its account "+string(e.Entity.Account)+" is not there", adviceBug); err != nil {
			return err
		}
	}
	if err := c.mfaDevice(ctx, e); err != nil {
		return err
	}
	return c.needs(ctx, e)
}

// mfaDevice checks that the seed of a device can be unsealed and that its user is
// there.
func (c *checker) mfaDevice(ctx context.Context, e *meta.Entry) error {
	d, s := e.MFADevice, entrySubject(e)
	if d == nil {
		return nil
	}
	if c.opts.Unseal != nil {
		if err := c.opts.Unseal(d.Seed, d.SealContext()); err != nil {
			if err := c.find(s, "its seed cannot be unsealed: "+err.Error(), "deactivate the device and make a new one"); err != nil {
				return err
			}
		}
	}
	if d.Owner == "" || d.Owner == string(d.Account) {
		return nil
	}
	return c.userThere(ctx, d.Owner, s)
}

// config checks that a document belongs to a bucket that says it has one.
func (c *checker) config(_ context.Context, e *meta.Entry) error {
	switch b := c.buckets[e.Bucket]; {
	case b == nil:
		return c.find(entrySubject(e), "its bucket is not there", adviceBug)
	case !b.purged() && !b.configs.Has(keyhaven.BucketConfig(e.What)):
		return c.find(entrySubject(e), "its bucket "+quote(b.name)+" does not have it", adviceBug)
	}
	return nil
}

// lifecycle checks that a run belongs to a bucket with a lifecycle.
func (c *checker) lifecycle(ctx context.Context, e *meta.Entry) error {
	e.What = byte(keyhaven.ConfigLifecycle)
	return c.config(ctx, e)
}

func (c *checker) bucket(ctx context.Context, e *meta.Entry) error {
	b := e.BucketRecord
	s := entrySubject(e)
	if _, ok := c.accounts[b.Account]; !ok {
		if err := c.find(s, "its account "+string(b.Account)+" is not there", adviceBug); err != nil {
			return err
		}
	}
	if other := c.buckets[b.ID]; other != nil {
		return c.find(s, "it has the id of bucket "+quote(other.name), adviceBug)
	}
	c.buckets[b.ID] = &bucketState{name: b.Name, configs: b.Configs}
	c.sum.Buckets++
	if b.ViaLightsail {
		c.accounts[b.Account]++
	}
	return c.needs(ctx, e)
}

// outbox notes what is being freed. An entry names only what nothing needs.
func (c *checker) outbox(ctx context.Context, e *meta.Entry) error {
	c.sum.Pending++
	w := e.Work
	s := entrySubject(e)
	var needed bool
	switch w.Kind {
	case meta.PurgeBucket:
		if c.buckets[w.Bucket] != nil {
			return c.find(s, fmt.Sprintf("it purges bucket %s, which is there", quote(c.buckets[w.Bucket].name)), adviceBug)
		}
		c.buckets[w.Bucket] = &bucketState{}
		return nil
	case meta.FreeBlob:
		r, err := c.blobs.Open(ctx, w.Blob)
		if err == nil {
			c.freeing++
			r.Close()
		}
		if err := c.view(ctx, s, func(r *meta.Reader) (err error) {
			needed, err = r.Referenced(w.Blob)
			return err
		}); err != nil {
			return err
		}
	case meta.FreeManifest:
		if err := c.view(ctx, s, func(r *meta.Reader) (err error) {
			needed, err = r.ManifestReferenced(w.ID)
			return err
		}); err != nil {
			return err
		}
	case meta.FreeUpload:
	}
	if needed {
		return c.find(s, "it frees what is still referenced", adviceBug)
	}
	return c.needs(ctx, e)
}

func (c *checker) accessKey(ctx context.Context, e *meta.Entry) error {
	k, s := e.AccessKey, entrySubject(e)
	switch b := c.buckets[k.BucketID]; k.Owner {
	case keyhaven.OwnerRoot:
		if _, ok := c.accounts[k.Account]; !ok {
			if err := c.find(s, "its account "+string(k.Account)+" is not there", adviceBug); err != nil {
				return err
			}
		}
	case keyhaven.OwnerBucket:
		if b == nil || b.purged() || b.name != k.BucketName {
			if err := c.find(s, "its bucket "+quote(k.BucketName)+" is not there", adviceBug); err != nil {
				return err
			}
		}
	case keyhaven.OwnerUser:
		if err := c.userThere(ctx, k.UserID, s); err != nil {
			return err
		}
	default:
		if err := c.find(s, "its owner is of unknown kind", adviceBug); err != nil {
			return err
		}
	}
	if c.opts.Unseal != nil {
		if err := c.opts.Unseal(k.Sealed, k.ID); err != nil {
			if err := c.find(s, "its secret cannot be unsealed: "+err.Error(), "delete the key and make a new one"); err != nil {
				return err
			}
		}
	}
	return c.needs(ctx, e)
}

// userThere checks that the user of a key or a device is there.
func (c *checker) userThere(ctx context.Context, id string, s subject) error {
	var gone bool
	err := c.view(ctx, s, func(r *meta.Reader) error {
		_, err := r.UserByID(id)
		gone = keyhaven.KindOf(err) == keyhaven.NotFound
		if gone {
			return nil
		}
		return err
	})
	if err != nil || !gone {
		return err
	}
	return c.find(s, "its user "+quote(id)+" is not there", adviceBug)
}

// scope returns the bucket of an entry. One that is unknown is a finding.
func (c *checker) scope(e *meta.Entry) (*bucketState, error) {
	if b := c.buckets[e.Bucket]; b != nil {
		return b, nil
	}
	err := c.find(entrySubject(e), "its bucket is not there and nothing purges it", adviceBug)
	return &bucketState{}, err
}

func (c *checker) current(ctx context.Context, e *meta.Entry) error {
	b, err := c.scope(e)
	if err != nil {
		return err
	}
	s := versionSubject(bucketName(c.buckets, e.Bucket), e.Version)
	if e.Version.DeleteMarker {
		if err := c.find(s, "it is a delete marker and stands where current versions do", adviceBug); err != nil {
			return err
		}
	}
	b.usage.Objects++
	return c.version(ctx, e, b, s)
}

func (c *checker) version(ctx context.Context, e *meta.Entry, b *bucketState, s subject) error {
	v := e.Version
	c.sum.Objects++
	c.tell()
	if v.DeleteMarker {
		b.usage.DeleteMarkers++
	} else {
		b.usage.Versions++
		b.usage.Bytes += v.Size
	}
	if err := c.bytes(ctx, s, v.Data, v.StoredSize(), v.ETag.Parts); err != nil {
		return err
	}
	return c.needs(ctx, e)
}

// bytes holds the bytes of a version or part against its record.
func (c *checker) bytes(ctx context.Context, s subject, d meta.Data, size int64, parts int) error {
	return c.data.check(ctx, d, size, parts, func(p problem) error {
		f := s.finding(p.text, adviceRestore)
		f.Blob = p.blob
		return c.report(f)
	})
}

// versions walks the noncurrent versions and delete markers, newest first
// within a key.
func (c *checker) versions(ctx context.Context) error {
	var last *meta.Entry
	return c.records(ctx, meta.KindVersion, func(e *meta.Entry) error {
		b, err := c.scope(e)
		if err != nil {
			return err
		}
		s := versionSubject(bucketName(c.buckets, e.Bucket), e.Version)
		if !b.purged() && (last == nil || last.Bucket != e.Bucket || last.ObjectKey != e.ObjectKey) {
			if err := c.newest(ctx, e, s); err != nil {
				return err
			}
		}
		last = e
		return c.version(ctx, e, b, s)
	})
}

// newest checks the newest of the versions that are not current: a current one
// is newer, and only a delete marker leaves a key without one.
func (c *checker) newest(ctx context.Context, e *meta.Entry, s subject) error {
	var cur *meta.Version
	err := c.view(ctx, s, func(r *meta.Reader) (err error) {
		cur, err = r.Current(e.Bucket, e.ObjectKey)
		return err
	})
	switch {
	case err != nil:
		return err
	case cur == nil && !e.Version.DeleteMarker:
		return c.find(s, "it is the newest of its key and not current", adviceBug)
	case cur != nil && cur.Version.Seq <= e.Version.Version.Seq:
		return c.find(s, "it is newer than the current version of its key", adviceBug)
	}
	return nil
}

func (c *checker) upload(ctx context.Context, e *meta.Entry) error {
	b, err := c.scope(e)
	if err != nil {
		return err
	}
	c.sum.Uploads++
	s := uploadSubject(bucketName(c.buckets, e.Bucket), e.Upload)
	var have, want meta.Usage
	var parts []meta.PartRecord
	err = c.view(ctx, s, func(r *meta.Reader) (err error) {
		if have, err = r.UploadUsage(e.ID); err != nil {
			return err
		}
		return r.Parts(e.Upload, 0, func(p *meta.PartRecord) bool {
			parts = append(parts, *p)
			return true
		})
	})
	if err != nil {
		return err
	}
	for i := range parts {
		p := &parts[i]
		want.Parts++
		want.PartBytes += p.Size
		if err := c.bytes(ctx, partSubject(s, p), p.Data, p.StoredSize(), 0); err != nil {
			return err
		}
	}
	b.usage.Parts += want.Parts
	b.usage.PartBytes += want.PartBytes
	if have != want {
		err := c.repairable(s, fmt.Sprintf("its counters say %d parts with %d bytes, there are %d with %d",
			have.Parts, have.PartBytes, want.Parts, want.PartBytes),
			func(tx *meta.Txn) error { return tx.SetUploadUsage(e.ID, want) })
		if err != nil {
			return err
		}
	}
	return c.needs(ctx, e)
}
