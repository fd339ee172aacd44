package object

import (
	"context"
	"io"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Attributes are what a client stores with an object beside its bytes.
type Attributes struct {
	Header   keyhaven.ObjectHeader
	Metadata []keyhaven.MetadataPair
	ACL      keyhaven.CannedACL
	Grants   []keyhaven.Grant // when ACL is keyhaven.ACLGrants
	Tags     []keyhaven.Tag   // keyhaven.ValidateObjectTags
	// RedirectLocation is where a website sends requests for the object.
	RedirectLocation string
	Lock             keyhaven.ObjectLock // the bucket's default applies where it has no retention
	SSE              EncryptionRequest
}

// PutInput is one PUT of an object.
type PutInput struct {
	Bucket     *keyhaven.Bucket
	Key        string
	Body       io.Reader
	Size       int64 // bytes, or -1 when unknown
	Attributes Attributes
	Integrity  Integrity
	Conditions Conditions
}

// Put stores an object and returns what was stored.
func (s *Service) Put(ctx context.Context, in PutInput) (*keyhaven.Object, error) {
	if err := keyhaven.ValidObjectKey(in.Key); err != nil {
		return nil, err
	}
	enc, err := s.sealer(ctx, in.Bucket, in.Attributes.SSE)
	if err != nil {
		return nil, err
	}
	if err := s.room(ctx, in.Bucket, in.Size); err != nil {
		return nil, err
	}
	st, err := s.ingest(ctx, in.Body, in.Size, in.Integrity, enc)
	if err != nil {
		return nil, err
	}
	var v *meta.Version
	err = s.updateWithin(ctx, in.Bucket, st.size, func(tx *meta.Txn) error {
		v = newVersion(in.Bucket, in.Key, in.Attributes)
		v.Size, v.ETag.MD5, v.Checksum = st.size, st.md5, st.checksum
		enc.mark(v, st.salt)
		v.Data, err = place(tx, st)
		if err != nil {
			return err
		}
		if err := s.insert(tx, in.Bucket, v, in.Conditions); err != nil {
			return err
		}
		return s.report(ctx, tx, in.Bucket, eventPut, &v.Object)
	})
	s.settle(ctx, st, err)
	if err != nil {
		return nil, err
	}
	return &v.Object, nil
}

func newVersion(b *keyhaven.Bucket, key string, a Attributes) *meta.Version {
	return &meta.Version{Object: keyhaven.Object{
		Key: key, ModTime: time.Now().UTC(), Latest: true, Owner: b.Account,
		Header: a.Header, Metadata: a.Metadata, ACL: a.ACL, Grants: a.Grants, Tags: a.Tags, Lock: a.Lock, RedirectLocation: a.RedirectLocation,
	}}
}

// place names the stored bytes: a blob, a data record, or nothing for none.
func place(tx *meta.Txn, st *stored) (meta.Data, error) {
	if !st.blob.IsZero() {
		return meta.Data{Blob: st.blob}, nil
	}
	if len(st.small) == 0 {
		return meta.Data{}, nil
	}
	return tx.PutInline(st.small)
}

// insert makes v the newest version of its key, by the rules of the bucket's
// versioning state, and gives it its id.
func (s *Service) insert(tx *meta.Txn, authorized *keyhaven.Bucket, v *meta.Version, cond Conditions) error {
	b, err := s.bucket(&tx.Reader, authorized)
	if err != nil {
		return err
	}
	prev, err := newest(&tx.Reader, b, v.Key)
	if err != nil {
		return err
	}
	if !cond.IsZero() {
		var cur *keyhaven.Object
		if prev != nil {
			cur = &prev.Object
		}
		if err := cond.write(v.Key, cur); err != nil {
			return err
		}
	}
	if v.Encryption.Mode == keyhaven.SSENone && !v.DeleteMarker && v.Data.Manifest.IsZero() && b.Configs.Has(keyhaven.ConfigEncryption) {
		// The default was set while the bytes came in: they are in the clear.
		return &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounObject, ID: v.Key}
	}
	if err := lock(&tx.Reader, b, v); err != nil {
		return err
	}
	v.Version = keyhaven.VersionID{
		Seq: s.meta.NextSeq(), Rand: meta.Random(),
		Null: b.Versioning != keyhaven.VersioningEnabled,
	}
	if prev != nil {
		v.Version.Seq = max(v.Version.Seq, prev.Version.Seq+1)
	}
	if err := tx.Refer(v.Data, v); err != nil {
		return err
	}
	use := usageOf(v, 1)
	if v.Version.Null && prev != nil && prev.Version.Null && !prev.DeleteMarker && !v.DeleteMarker {
		return s.replace(tx, b, prev, v, use)
	}
	if v.Version.Null && b.Versioning == keyhaven.VersioningSuspended {
		if prev, err = s.dropNull(tx, b, prev, v.Key, &use); err != nil {
			return err
		}
	}
	if hasContent(prev) {
		use.Objects--
	}
	if err := tx.PutVersion(b.ID, prev, v); err != nil {
		return err
	}
	return tx.AddUsage(b.ID, use)
}

// replace is the common case: the null version takes the place of the null
// version before it.
func (s *Service) replace(tx *meta.Txn, b *keyhaven.Bucket, prev, v *meta.Version, use meta.Usage) error {
	if err := unlocked(prev, false); err != nil {
		return err
	}
	if err := tx.Release(prev); err != nil {
		return err
	}
	use.Objects, use.Versions = 0, 0
	use.Bytes -= prev.Size
	if err := tx.ReplaceCurrent(b.ID, v); err != nil {
		return err
	}
	return tx.AddUsage(b.ID, use)
}

// dropNull removes the null version that a write to a suspended bucket
// replaces, and returns the newest of what is left.
func (s *Service) dropNull(tx *meta.Txn, b *keyhaven.Bucket, prev *meta.Version, key string, use *meta.Usage) (*meta.Version, error) {
	old, err := tx.Version(b.ID, key, keyhaven.VersionID{Null: true})
	if err != nil || old == nil {
		return prev, err
	}
	change, err := s.remove(tx, b, old, false)
	if err != nil {
		return nil, err
	}
	addUsage(use, change)
	return tx.Newest(b.ID, key)
}

// remove takes a version out of its key and returns the change of the counters.
func (s *Service) remove(tx *meta.Txn, b *keyhaven.Bucket, v *meta.Version, bypass bool) (meta.Usage, error) {
	if err := unlocked(v, bypass); err != nil {
		return meta.Usage{}, err
	}
	objects, err := tx.RemoveVersion(b.ID, v)
	if err != nil {
		return meta.Usage{}, err
	}
	use := usageOf(v, -1)
	use.Objects = objects
	return use, tx.Release(v)
}

// newest returns the newest version of the key. A bucket that was never
// versioned has no other, and no delete markers.
func newest(r *meta.Reader, b *keyhaven.Bucket, key string) (*meta.Version, error) {
	if b.Versioning == keyhaven.NeverEnabled {
		return r.Current(b.ID, key)
	}
	return r.Newest(b.ID, key)
}

func hasContent(v *meta.Version) bool { return v != nil && !v.DeleteMarker }

// usageOf is what one version counts for, with Objects as if it were current.
func usageOf(v *meta.Version, sign int64) meta.Usage {
	if v.DeleteMarker {
		return meta.Usage{DeleteMarkers: sign}
	}
	return meta.Usage{Objects: sign, Versions: sign, Bytes: sign * v.Size}
}

func addUsage(to *meta.Usage, d meta.Usage) {
	to.Objects += d.Objects
	to.Versions += d.Versions
	to.DeleteMarkers += d.DeleteMarkers
	to.Bytes += d.Bytes
}
