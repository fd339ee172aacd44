package s3_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// TestR3_DiskFull: what has no room gets 507 and is not there; reading and
// deleting go on.
func TestR3_DiskFull(t *testing.T) {
	store := faultblob.New(memblob.New())
	s := newServerOn(t, memkv.New(), store)
	s.newBucket(t, "photos")
	large := content(300 << 10)
	s.must(t, root, "PUT", "/photos/there", large)
	upload := s.begin(t, root, "/photos/parts")
	for _, op := range []faultblob.Op{faultblob.Create, faultblob.Write, faultblob.Commit} {
		store.FailAll(op, blob.ErrNoSpace)
		s.do(t, root, "PUT", "/photos/new", large).want(t, 507, "InsufficientStorage")
		s.do(t, root, "PUT", "/photos/there", large+"x").want(t, 507, "InsufficientStorage")
		s.do(t, root, "PUT", "/photos/parts?partNumber=1&uploadId="+upload, large).want(t, 507, "InsufficientStorage")
		s.do(t, root, "GET", "/photos/new", "").want(t, 404, "NoSuchKey")
		s.do(t, root, "GET", "/photos/there", "").wantBody(t, 200, large)
		store.Heal()
	}
	s.must(t, root, "DELETE", "/photos/there", "")
	s.must(t, root, "PUT", "/photos/new", large)
	if !strings.Contains(s.log.text(), "no space") {
		t.Error("the log does not say why")
	}
}

// TestBrokenReads: an object whose bytes cannot be read is our fault before the
// head is sent, and a broken connection after; never a shorter object.
func TestBrokenReads(t *testing.T) {
	store := faultblob.New(memblob.New())
	s := newServerOn(t, memkv.New(), store)
	s.newBucket(t, "photos")
	large := content(1 << 20)
	s.must(t, root, "PUT", "/photos/a", large)
	failure := errors.New("the disk is on fire")

	store.FailAll(faultblob.Open, failure)
	a := s.do(t, root, "GET", "/photos/a", "").want(t, 500, "InternalError")
	for _, v := range []string{a.body, strings.Join(a.header.Values("Etag"), "")} {
		if strings.Contains(v, "fire") || strings.HasPrefix(v, `"`) {
			t.Errorf("the answer tells %q", v)
		}
	}
	s.do(t, root, "HEAD", "/photos/a", "").wantBody(t, 200, "") // needs no bytes
	store.Heal()

	store.FailFunc(func(c faultblob.Call) error {
		if c.Op == faultblob.ReadAt && c.Off > 300<<10 {
			return failure
		}
		return nil
	})
	a = s.do(t, root, "GET", "/photos/a", "")
	if !a.broken || len(a.body) >= len(large) || !strings.HasPrefix(large, a.body) {
		t.Errorf("GET = %d with %d bytes, broken %v", a.status, len(a.body), a.broken)
	}
	store.Heal()
	s.do(t, root, "GET", "/photos/a", "").wantBody(t, 200, large)
	if !strings.Contains(s.log.text(), "on fire") {
		t.Error("the log does not say why")
	}
}

// TestR4_DamagedBytes on disk are never sent, and can be replaced.
func TestR4_DamagedBytes(t *testing.T) {
	dir := t.TempDir()
	blobs, err := fileblob.Open(dir, fileblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newServerOn(t, memkv.New(), blobs)
	s.newBucket(t, "photos")
	large := content(1 << 20)
	s.must(t, root, "PUT", "/photos/a", large)
	damage(t, dir, 700<<10)
	a := s.do(t, root, "GET", "/photos/a", "")
	if !a.broken && a.status != http.StatusInternalServerError || !strings.HasPrefix(large, a.body) && !a.broken {
		t.Errorf("GET = %d with %d bytes, broken %v", a.status, len(a.body), a.broken)
	}
	if a.broken && !strings.HasPrefix(large, a.body) {
		t.Error("wrong bytes were sent")
	}
	s.do(t, root, "GET", "/photos/a", "", "Range: bytes=0-999").wantBody(t, 206, large[:1000])
	s.must(t, root, "PUT", "/photos/a", large)
	s.do(t, root, "GET", "/photos/a", "").wantBody(t, 200, large)
	damage(t, dir, 100<<10)
	s.must(t, root, "DELETE", "/photos/a", "")
}

// damage flips a bit in every blob of the directory.
func damage(t *testing.T, dir string, at int64) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, infoErr := os.Stat(path)
		if err != nil || infoErr != nil || d.IsDir() || info.Size() <= at {
			return errors.Join(err, infoErr)
		}
		n++
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		var b [1]byte
		if _, err := f.ReadAt(b[:], at); err != nil {
			return err
		}
		b[0] ^= 1
		_, err = f.WriteAt(b[:], at)
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("damaged %d blobs: %v", n, err)
	}
}

// TestStoreGone: without its metadata the server says so, and that it may pass.
func TestStoreGone(t *testing.T) {
	engine := memkv.New()
	s := newServerOn(t, engine, memblob.New())
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a", "hello")
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		s.do(t, root, method, "/photos/a", "").want(t, 503, "ServiceUnavailable").wantHeader(t, "Retry-After", "1")
	}
}
