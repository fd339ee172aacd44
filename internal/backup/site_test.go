package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

const (
	account      = keyhaven.AccountID("111122223333")
	region       = "us-east-1"
	installation = "6a0b1e62-0000-4000-8000-000000000001"
)

// quiet swallows the log, which no test reads.
var quiet = slog.New(slog.DiscardHandler)

// tester is what testing.T and rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// site is an installation.
type site struct {
	t        tester
	kv       kv.Store
	meta     *meta.Store
	blobs    blob.Store
	pins     *blob.Pins
	ring     *seal.Ring
	ringPath string
	access   *access.Service
	buckets  *bucket.Service
	objects  *object.Service
	sweeper  *sweep.Service
	backups  *backup.Service
	rand     *rand.Rand
	step     int
}

// ringOf makes a key ring for all installations of a test.
func ringOf(t *testing.T) (*seal.Ring, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyring.json")
	ring, err := seal.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	return ring, path
}

var smallOptions = backup.Options{Release: "test", StoreFormat: 1, SegmentBytes: 4 << 10, Copiers: 2, Log: quiet}

// newSite returns a new installation with an account and a key.
func newSite(t tester, ring *seal.Ring, engine kv.Store, blobs blob.Store, opts backup.Options) *site {
	t.Helper()
	s := siteOn(t, ring, engine, blobs, opts)
	ctx := context.Background()
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		if err := tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: strings.Repeat("a", 64), CreatedAt: time.Now()}); err != nil {
			return err
		}
		return tx.PutInstallation(meta.Installation{ID: installation, Account: account, KeyRing: ring.Fingerprint()})
	})
	if err == nil {
		_, err = s.access.CreateRootKey(ctx, account)
	}
	if err != nil {
		t.Fatalf("new installation: %v", err)
	}
	return s
}

// siteOn wires the services over stores that may hold something.
func siteOn(t tester, ring *seal.Ring, engine kv.Store, blobs blob.Store, opts backup.Options) *site {
	m, pins := meta.New(engine), &blob.Pins{}
	return &site{
		t: t, kv: engine, meta: m, blobs: blobs, pins: pins, ring: ring,
		access:  access.New(m, ring, access.Options{LastUsedEvery: time.Hour, Log: quiet}),
		buckets: bucket.New(m, bucket.Options{}),
		objects: object.New(m, blobs, pins, object.Options{Log: quiet}),
		sweeper: sweep.New(m, blobs, pins, sweep.Options{Log: quiet}),
		backups: backup.New(m, blobs, pins, opts),
		rand:    rand.New(rand.NewPCG(1, 2)),
	}
}

func newMemorySite(t *testing.T) *site {
	t.Helper()
	ring, path := ringOf(t)
	s := newSite(t, ring, memkv.New(), memblob.New(), smallOptions)
	s.ringPath = path
	t.Cleanup(s.close)
	return s
}

func (s *site) close() { _ = s.access.Close() }

// sizes of objects: none, small ones, and one that takes a blob.
var sizes = []int{0, 1, 900, 2000, 5000, 140_000}

func (s *site) body() []byte {
	p := make([]byte, sizes[s.rand.IntN(len(sizes))])
	for i := range p {
		p[i] = byte(s.rand.Uint32() >> (i % 3))
	}
	return p
}

func (s *site) key() string { return fmt.Sprintf("key %d\x00é", s.rand.IntN(6)) }

// act changes something at random. What is not possible now is no failure.
func (s *site) act() {
	s.t.Helper()
	s.step++
	ctx := context.Background()
	name := fmt.Sprintf("bucket-%d", s.rand.IntN(3))
	b, err := s.buckets.Get(ctx, name)
	if err != nil {
		_, _, err := s.buckets.Create(ctx, bucket.CreateInput{Account: account, Region: region, Name: name, Versioning: s.rand.IntN(2) == 0})
		s.allow("CreateBucket", err)
		return
	}
	switch s.rand.IntN(16) {
	case 0, 1, 2, 3, 4:
		s.put(b, s.key(), s.body())
	case 5, 6:
		_, err = s.objects.Delete(ctx, b, object.DeleteTarget{Key: s.key()})
	case 7, 8:
		_, err = s.objects.Copy(ctx, object.CopyInput{Source: object.GetInput{Bucket: b, Key: s.key()}, Bucket: b, Key: s.key()})
	case 9, 10:
		err = s.upload(b)
	case 11:
		err = s.endUpload(b)
	case 12:
		_, _, err = s.access.CreateBucketKey(ctx, access.BucketKeyInput{Account: account, Region: region, Bucket: name})
	case 13:
		err = s.deleteVersion(b)
	case 14:
		err = s.sweeper.Once(ctx)
	case 15:
		if s.rand.IntN(3) == 0 {
			_, err = s.buckets.Delete(ctx, bucket.DeleteInput{Account: account, Region: region, Name: name, Force: true})
		} else {
			v := []keyhaven.Versioning{keyhaven.VersioningEnabled, keyhaven.VersioningSuspended}[s.rand.IntN(2)]
			_, _, err = s.buckets.Update(ctx, bucket.UpdateInput{Account: account, Region: region, Name: name, Versioning: &v})
		}
	}
	s.allow("a change", err)
}

// allow wants err to be nil or a refusal by the rules.
func (s *site) allow(what string, err error) {
	s.t.Helper()
	if _, ok := errors.AsType[*keyhaven.Error](err); err != nil && (!ok || keyhaven.KindOf(err) == keyhaven.Internal) {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *site) put(b *keyhaven.Bucket, key string, body []byte) {
	s.t.Helper()
	_, err := s.objects.Put(context.Background(), object.PutInput{Bucket: b, Key: key, Body: bytes.NewReader(body), Size: int64(len(body))})
	s.allow("Put", err)
}

func (s *site) upload(b *keyhaven.Bucket) error {
	ctx := context.Background()
	u, err := s.objects.CreateUpload(ctx, object.CreateUploadInput{Bucket: b, Key: s.key()})
	if err != nil {
		return err
	}
	for n := range 1 + s.rand.IntN(2) {
		body := s.body()
		_, err = s.objects.PutPart(ctx, object.PutPartInput{
			UploadTarget: object.UploadTarget{Bucket: b, Key: u.Key, UploadID: u.ID},
			Number:       n + 1, Body: bytes.NewReader(body), Size: int64(len(body)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endUpload completes an upload with its first part, or aborts it.
func (s *site) endUpload(b *keyhaven.Bucket) error {
	ctx := context.Background()
	page, err := s.objects.ListUploads(ctx, object.UploadsInput{Bucket: b, Max: 1})
	if err != nil || len(page.Uploads) == 0 {
		return err
	}
	u := page.Uploads[0]
	target := object.UploadTarget{Bucket: b, Key: u.Key, UploadID: u.ID}
	if s.rand.IntN(3) == 0 {
		return s.objects.AbortUpload(ctx, target, nil)
	}
	parts, err := s.objects.ListParts(ctx, target, 0, 1)
	if err != nil {
		return err
	}
	_, err = s.objects.Complete(ctx, object.CompleteInput{
		UploadTarget: target, Size: -1,
		Parts: []object.CompletePart{{Number: 1, ETag: parts.Parts[0].ETag.String()}},
	})
	return err
}

func (s *site) deleteVersion(b *keyhaven.Bucket) error {
	ctx := context.Background()
	page, err := s.objects.ListVersions(ctx, object.VersionsInput{Bucket: b, Max: 10})
	if err != nil || len(page.Versions) == 0 {
		return err
	}
	v := page.Versions[s.rand.IntN(len(page.Versions))]
	_, err = s.objects.Delete(ctx, b, object.DeleteTarget{Key: v.Key, Version: &v.Version})
	return err
}

// state is all that an installation holds: each record, the bytes of small
// objects and the sum of each blob that is needed, a line each.
func state(t tester, m *meta.Store, blobs blob.Store) (lines []string) {
	t.Helper()
	lines, refs := records(t, m)
	for _, ref := range refs {
		r, err := blobs.Open(context.Background(), ref)
		if err != nil {
			t.Fatalf("blob %s: %v", ref, err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, io.NewSectionReader(r, 0, r.Size())); err != nil {
			t.Fatalf("blob %s: %v", ref, err)
		}
		r.Close()
		lines = append(lines, fmt.Sprintf("blob %s %x", ref, h.Sum(nil)))
	}
	return lines
}

func records(t tester, m *meta.Store) (lines []string, refs []blob.Ref) {
	t.Helper()
	err := m.View(context.Background(), func(r *meta.Reader) error {
		err := r.Pairs(func(k, v []byte) error {
			lines = append(lines, fmt.Sprintf("%q %x", k, v))
			return nil
		})
		if err != nil {
			return err
		}
		it := r.InlineData(meta.ID{})
		defer it.Close()
		for it.Next() {
			id, err := it.ID()
			if err != nil {
				return err
			}
			data, err := it.Data()
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("data %v %x", id, sha256.Sum256(data)))
		}
		if err := it.Close(); err != nil {
			return err
		}
		return r.Blobs(func(ref blob.Ref) error {
			refs = append(refs, ref)
			return nil
		})
	})
	if err != nil {
		t.Fatalf("reading the records: %v", err)
	}
	return lines, refs
}

func (s *site) state() []string {
	s.t.Helper()
	return state(s.t, s.meta, s.blobs)
}

// run makes a backup that must succeed.
func (s *site) run(to backup.Target) *backup.Manifest {
	s.t.Helper()
	m, err := s.backups.Run(context.Background(), backup.Input{To: to})
	if err != nil {
		s.t.Fatalf("Run = %v", err)
	}
	return m
}

// restored is where restores go: a store in memory, and blobs on a disk in
// memory.
type restored struct {
	kv      kv.Store
	meta    *meta.Store
	fs      *crashfs.FS
	dir     string
	copiers int
}

func newRestored() *restored {
	r := &restored{kv: memkv.New(), fs: crashfs.New("blobs"), dir: "blobs"}
	r.meta = meta.New(r.kv)
	return r
}

func (r *restored) named() *backup.NamedBlobs {
	return backup.NewNamedBlobs(func(random io.Reader) (blob.Store, error) {
		return fileblob.Open(r.dir, fileblob.Options{FS: r.fs, Random: random})
	})
}

func (r *restored) restore(from backup.Target, ring *seal.Ring, id string) error {
	m, err := backup.Find(context.Background(), from, id)
	if err != nil {
		return err
	}
	named := r.named()
	err = backup.Restore(context.Background(), backup.RestoreInput{From: from, Manifest: m, Meta: r.meta, Blobs: named, Ring: ring, Copiers: r.copiers})
	return errors.Join(err, named.Close())
}

// wantRestored wants a backup to restore to a state.
func wantRestored(t tester, from backup.Target, ring *seal.Ring, id string, want []string) *restored {
	t.Helper()
	r := newRestored()
	if err := r.restore(from, ring, id); err != nil {
		t.Fatalf("Restore of %q = %v", id, err)
	}
	blobs, err := fileblob.Open(r.dir, fileblob.Options{FS: r.fs})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer blobs.Close()
	if d := cmp.Diff(want, state(t, r.meta, blobs)); d != "" {
		t.Fatalf("what was restored of %q (-want +got):\n%s", id, d)
	}
	count := 0
	for _, err := range blobs.List(context.Background()) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		count++
	}
	_, refs := records(t, r.meta)
	if count != len(refs) {
		t.Errorf("%d blobs were restored, and %d are needed", count, len(refs))
	}
	return r
}

// bucket makes a bucket, or returns the one that is there.
func (s *site) bucket(name string) *keyhaven.Bucket {
	s.t.Helper()
	ctx := context.Background()
	_, _, err := s.buckets.Create(ctx, bucket.CreateInput{Account: account, Region: region, Name: name})
	s.allow("CreateBucket", err)
	b, err := s.buckets.Get(ctx, name)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return b
}
