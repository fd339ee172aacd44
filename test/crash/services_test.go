package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

const (
	account = keyhaven.AccountID("111122223333")
	region  = "us-east-1"
)

// services is the api of the services in this process, over any engines.
type services struct {
	engine  kv.Store
	blobs   blob.Store
	meta    *meta.Store
	pins    *blob.Pins
	ring    *seal.Ring
	access  *access.Service
	bucket  *bucket.Service
	objects *object.Service
	sweep   *sweep.Service
}

var _ api = (*services)(nil)

func newServices(engine kv.Store, blobs blob.Store, ring *seal.Ring) *services {
	s := &services{engine: engine, blobs: blobs, ring: ring, pins: &blob.Pins{}, meta: meta.New(engine)}
	s.access = access.New(s.meta, ring, access.Options{})
	s.bucket = bucket.New(s.meta, bucket.Options{MaxPerAccount: 1000})
	s.objects = object.New(s.meta, blobs, s.pins, object.Options{})
	s.sweep = sweep.New(s.meta, blobs, s.pins, sweep.Options{})
	return s
}

// install makes the first records.
func (s *services) install() error {
	return s.meta.Update(context.Background(), func(tx *meta.Txn) error {
		return errors.Join(
			tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "c0ffee", CreatedAt: time.Now()}),
			tx.PutInstallation(meta.Installation{ID: "crash", Account: account, KeyRing: s.ring.Fingerprint()}),
		)
	})
}

func (s *services) close() error {
	return errors.Join(s.access.Close(), s.engine.Close(), s.blobs.Close())
}

// check runs the check service, and returns what it finds as an error.
func (s *services) check(deep bool) (check.Summary, error) {
	var found []error
	sum, err := check.Run(context.Background(), s.meta, s.blobs, check.Options{
		Deep: deep,
		Unseal: func(sealed []byte, sealedFor string) error {
			_, err := s.ring.Open(sealed, sealedFor)
			return err
		},
		Report: func(f check.Finding) error {
			found = append(found, errors.New(f.String()))
			return nil
		},
	})
	return sum, errors.Join(append(found, err)...)
}

// domain puts an error into the words of the workload.
func domain(err error) error {
	switch keyhaven.KindOf(err) {
	case keyhaven.NotFound:
		return fmt.Errorf("%w: %w", errAbsent, err)
	case keyhaven.PreconditionFailed, keyhaven.AlreadyExists, keyhaven.Conflict, keyhaven.Invalid, keyhaven.LimitExceeded, keyhaven.NotEmpty:
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
}

func (s *services) find(name string) (*keyhaven.Bucket, error) {
	b, err := s.meta.Bucket(context.Background(), name)
	return b, domain(err)
}

func (s *services) createBucket(name string, versioned bool) error {
	_, _, err := s.bucket.Create(context.Background(), bucket.CreateInput{
		Account: account, Region: region, Name: name, BundleID: keyhaven.DefaultBundleID, Versioning: versioned, ViaLightsail: true,
	})
	return domain(err)
}

func (s *services) deleteBucket(name string) error {
	_, err := s.bucket.Delete(context.Background(), bucket.DeleteInput{Account: account, Name: name, Force: true})
	return domain(err)
}

func (s *services) buckets() (names []string, err error) {
	err = s.meta.View(context.Background(), func(r *meta.Reader) error {
		return r.Buckets(account, "", func(b *keyhaven.Bucket) bool {
			names = append(names, b.Name)
			return true
		})
	})
	return names, err
}

func (s *services) put(bucket, key string, body []byte, ifAbsent bool) error {
	b, err := s.find(bucket)
	if err != nil {
		return err
	}
	in := object.PutInput{Bucket: b, Key: key, Body: bytes.NewReader(body), Size: int64(len(body))}
	if ifAbsent {
		in.Conditions.IfNoneMatch = "*"
	}
	_, err = s.objects.Put(context.Background(), in)
	return domain(err)
}

func (s *services) copyObject(bucket, from, to string) error {
	b, err := s.find(bucket)
	if err != nil {
		return err
	}
	_, err = s.objects.Copy(context.Background(), object.CopyInput{
		Source: object.GetInput{Bucket: b, Key: from}, Bucket: b, Key: to,
	})
	return domain(err)
}

func (s *services) get(bucket, key, version string) ([]byte, error) {
	b, err := s.find(bucket)
	if err != nil {
		return nil, err
	}
	in := object.GetInput{Bucket: b, Key: key}
	if version != "" {
		id, err := keyhaven.ParseVersionID(version)
		if err != nil {
			return nil, err
		}
		in.Version = &id
	}
	c, err := s.objects.Get(context.Background(), in)
	if err != nil {
		return nil, domain(err)
	}
	defer c.Close()
	body, err := io.ReadAll(c)
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) != c.Size:
		return nil, fmt.Errorf("%s/%s has %d bytes, the answer %d", bucket, key, c.Size, len(body))
	case c.ETag.Parts == 0 && sumOf(body) != c.ETag.String():
		return nil, fmt.Errorf("R16: %s/%s has the entity tag %s, the answer the MD5 %s", bucket, key, c.ETag, sumOf(body))
	}
	return body, nil
}

func (s *services) remove(bucket, key, version string) error {
	b, err := s.find(bucket)
	if err != nil {
		return err
	}
	target := object.DeleteTarget{Key: key}
	if version != "" {
		id, err := keyhaven.ParseVersionID(version)
		if err != nil {
			return err
		}
		target.Version = &id
	}
	_, err = s.objects.Delete(context.Background(), b, target)
	return domain(err)
}

func (s *services) list(bucket string) (all []listed, err error) {
	b, err := s.find(bucket)
	if err != nil {
		return nil, err
	}
	err = s.meta.View(context.Background(), func(r *meta.Reader) error {
		it := r.Objects(b.ID, "")
		for it.Next() {
			v, err := it.Version()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			all = append(all, listed{v.Key, v.Size, v.ETag.String()})
		}
		return it.Close()
	})
	return all, err
}

func (s *services) versions(bucket, key string) (all []version, err error) {
	b, err := s.find(bucket)
	if err != nil {
		return nil, err
	}
	err = s.meta.View(context.Background(), func(r *meta.Reader) error {
		it := r.Versions(b.ID, key)
		for it.Next() {
			v, err := it.Version()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			if v.Key == key {
				all = append(all, version{v.Version.String(), v.DeleteMarker, v.Latest})
			}
		}
		return it.Close()
	})
	return all, err
}

func (s *services) target(bucket, key, id string) (object.UploadTarget, error) {
	b, err := s.find(bucket)
	return object.UploadTarget{Bucket: b, Key: key, UploadID: id}, err
}

func (s *services) createUpload(bucket, key string) (string, error) {
	b, err := s.find(bucket)
	if err != nil {
		return "", err
	}
	u, err := s.objects.CreateUpload(context.Background(), object.CreateUploadInput{Bucket: b, Key: key})
	if err != nil {
		return "", domain(err)
	}
	return u.ID, nil
}

func (s *services) putPart(bucket, key, id string, number int, body []byte) (string, error) {
	t, err := s.target(bucket, key, id)
	if err != nil {
		return "", err
	}
	p, err := s.objects.PutPart(context.Background(), object.PutPartInput{
		UploadTarget: t, Number: number, Body: bytes.NewReader(body), Size: int64(len(body)),
	})
	if err != nil {
		return "", domain(err)
	}
	return p.ETag.String(), nil
}

func (s *services) complete(bucket, key, id string, parts []part) error {
	t, err := s.target(bucket, key, id)
	if err != nil {
		return err
	}
	in := object.CompleteInput{UploadTarget: t, Size: -1}
	for _, p := range parts {
		in.Parts = append(in.Parts, object.CompletePart{Number: p.number, ETag: p.etag})
	}
	_, err = s.objects.Complete(context.Background(), in)
	return domain(err)
}

func (s *services) abort(bucket, key, id string) error {
	t, err := s.target(bucket, key, id)
	if err != nil {
		return err
	}
	return domain(s.objects.AbortUpload(context.Background(), t, nil))
}

func (s *services) uploads(bucket string) (all []upload, err error) {
	b, err := s.find(bucket)
	if err != nil {
		return nil, err
	}
	err = s.meta.View(context.Background(), func(r *meta.Reader) error {
		it := r.Uploads(b.ID, "")
		for it.Next() {
			u, err := it.Upload()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			all = append(all, upload{u.Key, u.ID})
		}
		return it.Close()
	})
	return all, err
}

func (s *services) parts(bucket, key, id string) (all []part, err error) {
	t, err := s.target(bucket, key, id)
	if err != nil {
		return nil, err
	}
	page, err := s.objects.ListParts(context.Background(), t, 0, 100)
	if err != nil {
		return nil, domain(err)
	}
	for _, p := range page.Parts {
		all = append(all, part{p.Number, p.ETag.String(), p.Size})
	}
	return all, nil
}

func (s *services) keyInput(bucket string) access.BucketKeyInput {
	return access.BucketKeyInput{Account: account, Region: region, Bucket: bucket}
}

func (s *services) createKey(bucket string) (accessKey, error) {
	k, _, err := s.access.CreateBucketKey(context.Background(), s.keyInput(bucket))
	if err != nil {
		return accessKey{}, domain(err)
	}
	return accessKey{k.ID, k.Secret.Reveal()}, nil
}

func (s *services) deleteKey(bucket, id string) error {
	_, err := s.access.DeleteBucketKey(context.Background(), s.keyInput(bucket), id)
	return domain(err)
}

func (s *services) keys(bucket string) (ids []string, err error) {
	keys, err := s.access.BucketKeys(context.Background(), s.keyInput(bucket))
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids, domain(err)
}

// accepted looks whether the key is there and its secret what it was.
func (s *services) accepted(_ string, k accessKey) (ok bool, err error) {
	err = s.meta.View(context.Background(), func(r *meta.Reader) error {
		rec, err := r.AccessKey(k.id)
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
			return nil
		}
		if err != nil {
			return err
		}
		secret, err := s.ring.Open(rec.Sealed, rec.ID)
		ok = err == nil && string(secret) == k.secret
		return err
	})
	return ok, err
}
