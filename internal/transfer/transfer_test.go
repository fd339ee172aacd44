package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/seal"
)

const (
	account = keyhaven.AccountID("111122223333")
	keyID   = "AKIAIOSFODNN7EXAMPLE"
)

var secret = keyhaven.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

// server is a whole server on a real connection. Every request whose number
// fail returns true for is answered 500.
type server struct {
	client  *sdk.Client
	buckets *bucket.Service
	count   atomic.Int64
	fail    func(n int64, r *http.Request) bool
}

func newServer(t *testing.T) *server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	m := meta.New(memkv.New())
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	if err != nil {
		t.Fatal(err)
	}
	keys := access.New(m, ring, access.Options{LastUsedEvery: time.Hour, Log: log})
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	err = m.Update(context.Background(), func(tx *meta.Txn) error {
		return tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: strings.Repeat("1", 64)})
	})
	if err == nil {
		err = keys.SetEnvironmentKey(context.Background(), account, keyID, secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &server{buckets: bucket.New(m, bucket.Options{}), fail: func(int64, *http.Request) bool { return false }}
	door := s3.New(keys, s.buckets, object.New(m, memblob.New(), &blob.Pins{}, object.Options{Log: log}), s3.Options{Region: "us-east-1"})
	frame := edge.New(edge.Options{S3: door, Services: map[string]http.Handler{"s3": door}, Log: log})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.fail(s.count.Add(1), r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		frame.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	c := Endpoint{URL: srv.URL, Region: "us-east-1", AccessKeyID: keyID, Secret: secret}.Client()
	s.client = sdk.New(c.Options(), func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} }) // whose pauses are real
	return s
}

func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func random(n int, seed uint64) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

// fill makes a bucket with versions and one without.
func (s *server) fill(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"plain", "versioned"} {
		must(s.client.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: &name}))(t)
	}
	must(s.client.PutBucketVersioning(ctx, &sdk.PutBucketVersioningInput{
		Bucket: aws.String("versioned"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}))(t)
	must(s.client.PutBucketTagging(ctx, &sdk.PutBucketTaggingInput{
		Bucket: aws.String("plain"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}},
	}))(t)
	put := func(bucket, key string, body []byte) {
		must(s.client.PutObject(ctx, &sdk.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("text/x"), CacheControl: aws.String("no-cache"),
			Metadata: map[string]string{"author": "Ann"}, Tagging: aws.String("k=v%20w"),
		}))(t)
	}
	for i, key := range []string{"a", "a/b", "a//c", "dir/", "ü & +%", "../up", "A", "x:y", "p", "p/q"} {
		put("plain", key, random(100+i, uint64(i)))
	}
	put("plain", "empty", nil)
	for i := range 3 {
		put("versioned", "v", random(10+i, uint64(i)))
	}
	must(s.client.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: aws.String("versioned"), Key: aws.String("v")}))(t)
	put("versioned", "v", random(20, 9))
	put("versioned", "gone", random(5, 1))
	must(s.client.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: aws.String("versioned"), Key: aws.String("gone")}))(t)
	up := must(s.client.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: aws.String("plain"), Key: aws.String("big")}))(t)
	var parts []types.CompletedPart
	for i, size := range []int{5<<20 + 7, 5 << 20, 11} { // of unequal size
		n := int32(i + 1)
		p := must(s.client.UploadPart(ctx, &sdk.UploadPartInput{
			Bucket: aws.String("plain"), Key: aws.String("big"), UploadId: up.UploadId, PartNumber: &n, Body: bytes.NewReader(random(size, uint64(n))),
		}))(t)
		parts = append(parts, types.CompletedPart{PartNumber: &n, ETag: p.ETag})
	}
	must(s.client.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
		Bucket: aws.String("plain"), Key: aws.String("big"), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}))(t)
}

// inventory describes all that is in a server, in order, without ids and times.
func (s *server) inventory(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	for _, bk := range must(s.client.ListBuckets(ctx, &sdk.ListBucketsInput{}))(t).Buckets {
		name := *bk.Name
		v := must(s.client.GetBucketVersioning(ctx, &sdk.GetBucketVersioningInput{Bucket: &name}))(t)
		fmt.Fprintf(&b, "bucket %s %s\n", name, v.Status)
		all, _, err := versionsOf(ctx, s.client, &sdk.ListObjectVersionsInput{Bucket: &name})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			fmt.Fprintf(&b, "%q %v %s %d", x.key, x.marker, x.etag, x.size)
			if !x.marker {
				o := must(s.client.GetObject(ctx, &sdk.GetObjectInput{Bucket: &name, Key: &x.key, VersionId: &x.id}))(t)
				sum := sha256.New()
				if _, err := io.Copy(sum, o.Body); err != nil {
					t.Fatal(err)
				}
				o.Body.Close()
				tags := must(s.client.GetObjectTagging(ctx, &sdk.GetObjectTaggingInput{Bucket: &name, Key: &x.key, VersionId: &x.id}))(t)
				fmt.Fprintf(&b, " %x %s %s %v", sum.Sum(nil), aws.ToString(o.ContentType), aws.ToString(o.CacheControl), o.Metadata)
				for _, tag := range tags.TagSet {
					fmt.Fprintf(&b, " %s=%s", *tag.Key, *tag.Value)
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// TestImport copies everything, once: a second run has nothing to do.
func TestImport(t *testing.T) {
	from, to := newServer(t), newServer(t)
	from.fill(t)
	failed := func(bucket, key string, err error) { t.Errorf("%s/%q: %v", bucket, key, err) }
	done, err := Import(t.Context(), from.client, to.client, ImportOptions{Failed: failed})
	if err != nil || done.Failed != 0 || done.Present != 0 || done.Copied != 19 {
		t.Fatalf("Import() = %+v, %v", done, err)
	}
	if got, want := to.inventory(t), from.inventory(t); got != want {
		t.Errorf("copied\n%s\nwant\n%s", got, want)
	}
	tags := must(to.client.GetBucketTagging(t.Context(), &sdk.GetBucketTaggingInput{Bucket: aws.String("plain")}))(t)
	if len(tags.TagSet) != 1 || *tags.TagSet[0].Value != "a" {
		t.Errorf("tags of the bucket = %+v", tags.TagSet)
	}
	done, err = Import(t.Context(), from.client, to.client, ImportOptions{Failed: failed})
	if err != nil || done.Copied != 0 || done.Present != 19 {
		t.Errorf("second Import() = %+v, %v; want nothing copied", done, err)
	}
}

// TestImportResumes: a run that is cut off anywhere is begun again and ends as
// one that was not.
func TestImportResumes(t *testing.T) {
	from := newServer(t)
	from.fill(t)
	want := from.inventory(t)
	for _, after := range []int64{3, 9, 20, 31} {
		to := newServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		to.fail = func(n int64, _ *http.Request) bool {
			if n == after {
				cancel()
			}
			return false
		}
		if _, err := Import(ctx, from.client, to.client, ImportOptions{Workers: 2}); !errors.Is(err, context.Canceled) {
			t.Errorf("cut off after %d requests: %v", after, err)
		}
		to.fail = func(int64, *http.Request) bool { return false }
		if _, err := Import(t.Context(), from.client, to.client, ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := to.inventory(t); got != want {
			t.Errorf("cut off after %d requests, copied\n%s\nwant\n%s", after, got, want)
		}
	}
}

// TestImportVerifies: bytes that are not those of the entity tag fail their key
// and no other.
func TestImportVerifies(t *testing.T) {
	if err := verify("aa", `"bb"`, ""); err == nil {
		t.Error("other bytes were stored, and that is right")
	}
	if err := verify("aa", `"aa"`, `"bb"`); err == nil {
		t.Error("other bytes were sent, and that is right")
	}
	from, to := newServer(t), newServer(t)
	from.fill(t)
	from.fail = func(_ int64, r *http.Request) bool {
		return r.Method == "GET" && r.URL.Path == "/plain/a" && r.URL.RawQuery == "x-id=GetObject"
	}
	var failed []string
	done, err := Import(t.Context(), from.client, to.client, ImportOptions{
		Buckets: []string{"plain"}, Workers: 1, Failed: func(_, key string, _ error) { failed = append(failed, key) },
	})
	if err != nil || done.Failed != 1 || len(failed) != 1 || failed[0] != "a" || done.Copied != 11 {
		t.Errorf("Import() = %+v, %v; failed %q", done, err, failed)
	}
}

// TestExport writes files that are the objects, under names that no key can
// break out of, and reads again only what has changed.
func TestExport(t *testing.T) {
	from := newServer(t)
	from.fill(t)
	dir := t.TempDir()
	done, err := Export(t.Context(), from.client, ExportOptions{Dir: dir})
	if err != nil || done.Copied != 13 {
		t.Fatalf("Export() = %+v, %v", done, err)
	}
	entries, err := readManifest(filepath.Join(dir, "plain", ManifestName))
	if err != nil || len(entries) != 12 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	files := map[string]bool{}
	for key, e := range entries {
		path := filepath.Join(dir, "plain", filepath.FromSlash(e.File))
		if rel, err := filepath.Rel(filepath.Join(dir, "plain", "files"), path); err != nil || strings.HasPrefix(rel, "..") || files[strings.ToLower(rel)] {
			t.Errorf("%q is in %s", key, e.File)
		}
		files[strings.ToLower(e.File)] = true
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		if err != nil || int64(len(data)) != e.Size || hex.EncodeToString(sum[:]) != e.SHA256 {
			t.Errorf("%q: %v, %d bytes, want %d", key, err, len(data), e.Size)
		}
		if key != "big" && (e.Tags["k"] != "v w" || e.Metadata["author"] != "Ann" || e.Headers["Content-Type"] != "text/x") {
			t.Errorf("%q: %+v", key, e)
		}
	}
	for key, want := range map[string]string{"p": "files/p", "p/q": "files/p%/q", "A": "files/A", "a": "files/a%", "a//c": "files/a/%/c", "../up": "files/%2E%2E/up", "x:y": "files/x%3Ay", "dir/": "files/dir/%"} {
		if got := entries[key].File; got != want {
			t.Errorf("%q is in %s, want %s", key, got, want)
		}
	}
	if _, err := from.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("plain"), Key: aws.String("x:y"), Body: strings.NewReader("new")}); err != nil {
		t.Fatal(err)
	}
	done, err = Export(t.Context(), from.client, ExportOptions{Dir: dir, Buckets: []string{"plain"}})
	if err != nil || done.Copied != 1 || done.Present != 11 {
		t.Errorf("second Export() = %+v, %v; want one object read", done, err)
	}
}
