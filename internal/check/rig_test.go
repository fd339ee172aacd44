package check_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

const (
	account = keyhaven.AccountID("111122223333")
	region  = "us-east-1"
	large   = meta.MaxInline + 1000
)

// rig is a store in memory with the services over it.
type rig struct {
	t       *testing.T
	engine  kv.Store
	meta    *meta.Store
	blobs   blob.Store
	ring    *seal.Ring
	buckets *bucket.Service
	objects *object.Service
	access  *access.Service
	sweep   *sweep.Service
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, engine: memkv.New(), blobs: memblob.New()}
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	r.must(err)
	r.ring = ring
	r.meta = meta.New(r.engine)
	pins := &blob.Pins{}
	r.buckets = bucket.New(r.meta, bucket.Options{MaxPerAccount: 20})
	r.objects = object.New(r.meta, r.blobs, pins, object.Options{})
	r.access = access.New(r.meta, ring, access.Options{})
	t.Cleanup(func() { r.access.Close() })
	r.sweep = sweep.New(r.meta, r.blobs, pins, sweep.Options{})
	r.must(r.meta.Update(t.Context(), func(tx *meta.Txn) error {
		if err := tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "c0ffee", CreatedAt: time.Now()}); err != nil {
			return err
		}
		return tx.PutInstallation(meta.Installation{ID: "i", Account: account, KeyRing: ring.Fingerprint()})
	}))
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) bucket(name string, versioning bool) *keyhaven.Bucket {
	r.t.Helper()
	b, _, err := r.buckets.Create(r.t.Context(), bucket.CreateInput{
		Account: account, Region: region, Name: name, BundleID: keyhaven.DefaultBundleID,
		Versioning: versioning, ViaLightsail: true,
	})
	r.must(err)
	return b
}

// content is n bytes that are the same for the same seed.
func content(seed uint64, n int) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	random.Read(b)
	return b
}

func (r *rig) put(b *keyhaven.Bucket, key string, n int) *keyhaven.Object {
	r.t.Helper()
	o, err := r.objects.Put(r.t.Context(), object.PutInput{
		Bucket: b, Key: key, Body: bytes.NewReader(content(uint64(n), n)), Size: int64(n),
	})
	r.must(err)
	return o
}

func (r *rig) delete(b *keyhaven.Bucket, key string) {
	r.t.Helper()
	_, err := r.objects.Delete(r.t.Context(), b, object.DeleteTarget{Key: key})
	r.must(err)
}

// upload begins an upload and puts parts of these sizes.
func (r *rig) upload(b *keyhaven.Bucket, key string, sizes ...int) (object.UploadTarget, []object.CompletePart) {
	r.t.Helper()
	u, err := r.objects.CreateUpload(r.t.Context(), object.CreateUploadInput{Bucket: b, Key: key})
	r.must(err)
	target := object.UploadTarget{Bucket: b, Key: key, UploadID: u.ID}
	var list []object.CompletePart
	for i, n := range sizes {
		p, err := r.objects.PutPart(r.t.Context(), object.PutPartInput{
			UploadTarget: target, Number: i + 1, Body: bytes.NewReader(content(uint64(n), n)), Size: int64(n),
		})
		r.must(err)
		list = append(list, object.CompletePart{Number: i + 1, ETag: p.ETag.String()})
	}
	return target, list
}

func (r *rig) complete(target object.UploadTarget, list []object.CompletePart) {
	r.t.Helper()
	_, err := r.objects.Complete(r.t.Context(), object.CompleteInput{UploadTarget: target, Parts: list, Size: -1})
	r.must(err)
}

func (r *rig) copy(from, to *keyhaven.Bucket, key, as string) {
	r.t.Helper()
	_, err := r.objects.Copy(r.t.Context(), object.CopyInput{
		Source: object.GetInput{Bucket: from, Key: key}, Bucket: to, Key: as,
	})
	r.must(err)
}

// fill puts something of everything into the store, work for sweep included.
func (r *rig) fill() {
	r.t.Helper()
	plain, kept := r.bucket("plain", false), r.bucket("kept", true)
	r.put(plain, "empty", 0)
	r.put(plain, "small", 100)
	r.put(plain, "zero\x00byte", 101)
	r.put(plain, "large", large)
	r.put(plain, "replaced", large+1)
	r.put(plain, "replaced", 102)
	r.copy(plain, kept, "large", "shared")
	r.copy(plain, plain, "small", "small-copy")
	for _, n := range []int{200, large + 2, 201} {
		r.put(kept, "versions", n)
	}
	r.put(kept, "deleted", 300)
	r.delete(kept, "deleted")
	_, _, err := r.buckets.Update(r.t.Context(), bucket.UpdateInput{Account: account, Region: region, Name: "kept", Versioning: new(keyhaven.VersioningSuspended)})
	r.must(err)
	r.put(kept, "null", 301)
	_, _, err = r.buckets.Update(r.t.Context(), bucket.UpdateInput{Account: account, Region: region, Name: "kept", Versioning: new(keyhaven.VersioningEnabled)})
	r.must(err)
	r.put(kept, "null", 302)

	target, list := r.upload(plain, "multipart", keyhaven.MinPartSize, 400)
	r.complete(target, list)
	r.copy(plain, kept, "multipart", "multipart-copy")
	target, list = r.upload(plain, "unused part", keyhaven.MinPartSize, 401, 402)
	r.complete(target, list[:2])
	r.upload(plain, "unfinished", large+3, 403)
	r.upload(kept, "no parts yet")
	target, _ = r.upload(plain, "aborted", large+4, 404)
	r.must(r.objects.AbortUpload(r.t.Context(), target, nil))
	target, list = r.upload(plain, "gone", 405)
	r.complete(target, list)
	r.delete(plain, "gone")

	in := access.BucketKeyInput{Account: account, Region: region, Bucket: "plain"}
	_, _, err = r.access.CreateBucketKey(r.t.Context(), in)
	r.must(err)
	root, err := r.access.CreateRootKey(r.t.Context(), account)
	r.must(err)
	r.must(r.meta.Update(r.t.Context(), func(tx *meta.Txn) error {
		used := keyhaven.LastUsed{Time: time.Now(), Region: region, Service: "s3"}
		role := &keyhaven.Role{Entity: keyhaven.Entity{ID: "AROA1", Account: account, Name: "deploy", Path: "/", CreatedAt: time.Now()}, Trust: "{}"}
		return errors.Join(tx.PutEntity(role), tx.PutLastUsed(role.ID, used, keyhaven.KeyActivity{}), tx.PutLastUsed(root.ID, used, keyhaven.KeyActivity{}))
	}))

	doomed := r.bucket("doomed", true)
	r.put(doomed, "a", 500)
	r.put(doomed, "a", large+5)
	r.upload(doomed, "u", 501)
	_, err = r.buckets.Delete(r.t.Context(), bucket.DeleteInput{Account: account, Name: "doomed", Force: true})
	r.must(err)
}

// run checks the store and returns what it found, a line each.
func (r *rig) run(opts check.Options) ([]string, check.Summary) {
	r.t.Helper()
	var lines []string
	opts.Report = func(f check.Finding) error {
		lines = append(lines, f.String())
		return nil
	}
	opts.Unseal = func(sealed []byte, sealedFor string) error {
		_, err := r.ring.Open(sealed, sealedFor)
		return err
	}
	sum, err := check.Run(r.t.Context(), r.meta, r.blobs, opts)
	r.must(err)
	if int(sum.Findings) != len(lines) {
		r.t.Errorf("the summary says %d findings, there were %d", sum.Findings, len(lines))
	}
	return lines, sum
}

func (r *rig) expectClean(when string) check.Summary {
	r.t.Helper()
	lines, sum := r.run(check.Options{Deep: true})
	if len(lines) > 0 {
		r.t.Fatalf("%s: check found\n%s", when, strings.Join(lines, "\n"))
	}
	return sum
}

type pair struct{ key, value []byte }

// pairs returns everything that the engine holds, but for counters that are
// zero: nobody can tell whether they are there.
func (r *rig) pairs() (all []pair) {
	r.t.Helper()
	r.must(r.engine.View(context.Background(), func(x kv.Reader) error {
		it := x.Scan(kv.Span{From: []byte{0}})
		for it.Next() {
			v, err := it.Value()
			if err != nil {
				return err
			}
			if n, err := kv.DecodeCounter(v); it.Key()[0] == 't' && err == nil && n == 0 {
				continue
			}
			all = append(all, pair{bytes.Clone(it.Key()), bytes.Clone(v)})
		}
		return it.Close()
	}))
	return all
}

func (r *rig) set(key, value []byte) {
	r.t.Helper()
	r.must(r.engine.Update(context.Background(), func(x kv.Txn) error { return x.Set(key, value) }))
}

func (r *rig) unset(key []byte) {
	r.t.Helper()
	r.must(r.engine.Update(context.Background(), func(x kv.Txn) error { return x.Delete(key) }))
}

// lasting returns the data records that belong to an object or an unfinished
// upload: those of the others go with the work of the outbox, unread.
func (r *rig) lasting() map[string]bool {
	r.t.Helper()
	keys := map[string]bool{}
	add := func(d meta.Data) {
		for _, n := range meta.DataNeeds(d, meta.ID{}) {
			keys[string(n.Key)] = true
		}
	}
	r.must(r.meta.View(context.Background(), func(x *meta.Reader) error {
		for _, kind := range []meta.Kind{meta.KindCurrent, meta.KindVersion} {
			_, err := x.Entries(kind, meta.Page{Limit: 1000}, func(e *meta.Entry) error {
				add(e.Version.Data)
				return nil
			})
			r.must(err)
		}
		_, err := x.Entries(meta.KindUpload, meta.Page{Limit: 1000}, func(e *meta.Entry) error {
			return x.UploadNeeds(e.ID, func(p *meta.PartRecord, _ []meta.Need) { add(p.Data) })
		})
		return err
	}))
	return keys
}
