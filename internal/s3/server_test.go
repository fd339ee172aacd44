package s3_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/accesslog"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
	"github.com/keyhaven/keyhaven/internal/sse"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

// server is the API port over real services, with two accounts that each have a
// root key.
type server struct {
	door    *s3.Door
	handler http.Handler // the door in its frame
	meta    *meta.Store
	blobs   blob.Store
	access  *access.Service
	buckets *bucket.Service
	objects *object.Service
	sweeper *sweep.Service
	logs    *accesslog.Service
	log     logbook

	// virtualHost makes do address buckets as hosts.
	virtualHost bool
	disk        bool             // slower
	quotas      map[string]int64 // of bundles that are enforcing
}

// keyPair is an access key as its owner holds it; the zero value is nobody's.
type keyPair struct{ id, secret string }

const (
	account = keyhaven.AccountID("111122223333")
	other   = keyhaven.AccountID("444455556666")
	region  = "us-east-1"
	domain  = "example.test"
)

var (
	root      = keyPair{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	otherRoot = keyPair{"AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}
	anonymous = keyPair{}
)

// signer signs at one moment: chunks must have the time of their request.
func (k keyPair) signer() sigv4test.Signer {
	now := time.Now()
	return sigv4test.Signer{
		AccessKeyID: k.id, Secret: keyhaven.NewSecret(k.secret), Region: region, Service: "s3",
		Now: func() time.Time { return now },
	}
}

// newServer returns a server in memory.
func newServer(t testing.TB) *server { return newServerOn(t, memkv.New(), memblob.New()) }

// newDiskServer returns a server over the engines that are the default.
func newDiskServer(t testing.TB) *server {
	engine, err := pebblekv.Open("meta", pebblekv.Options{FS: vfs.NewMem(), ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := fileblob.Open(t.TempDir(), fileblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newServerOn(t, engine, blobs)
	s.disk = true
	return s
}

func newServerOn(t testing.TB, engine kv.Store, blobs blob.Store) *server {
	t.Helper()
	s := &server{meta: meta.New(engine), blobs: blobs}
	log := s.logger()
	ring := newRing(t)
	s.access = access.New(s.meta, ring, access.Options{LastUsedEvery: time.Hour, MaxFaults: -1, Log: log})
	s.buckets = bucket.New(s.meta, bucket.Options{})
	pins := &blob.Pins{}
	s.objects = object.New(s.meta, blobs, pins, object.Options{
		Log: log, Ring: ring, LocalKeys: localKeys(t), Quota: func(id string) int64 { return s.quotas[id] },
	})
	s.sweeper = sweep.New(s.meta, blobs, pins, sweep.Options{Log: log})
	t.Cleanup(func() {
		if err := s.access.Close(); err != nil && keyhaven.KindOf(err) != keyhaven.Unavailable {
			t.Errorf("closing access: %v", err)
		}
		if err := engine.Close(); err != nil {
			t.Errorf("closing the engine: %v", err)
		}
		if err := blobs.Close(); err != nil {
			t.Errorf("closing the blobs: %v", err)
		}
	})
	for i, k := range []keyPair{root, otherRoot} {
		id := []keyhaven.AccountID{account, other}[i]
		err := s.meta.Update(context.Background(), func(tx *meta.Txn) error {
			return tx.PutAccount(keyhaven.Account{ID: id, CanonicalID: strings.Repeat(string(id[:4]), 16), CreatedAt: time.Now()})
		})
		if err == nil {
			err = s.access.SetEnvironmentKey(context.Background(), id, k.id, keyhaven.NewSecret(k.secret))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.logs = accesslog.New(s.meta, accesslog.Options{Log: log, Store: s.storeLog})
	s.door = s3.New(s.access, s.buckets, s.objects, s3.Options{Domain: domain, Region: region, Logs: s.logs, Webhook: func(name string) bool { return name == "audit" || name == "other" }})
	website := s3.NewWebsite(s.door, "sites.test")
	s.handler = edge.New(edge.Options{
		Hosts: []edge.HostHandler{{Host: website.Host, Handler: website}},
		S3:    s.door, Services: map[string]http.Handler{"s3": s.door}, BucketHost: s.door.BucketHost, Log: log,
	})
	return s
}

// localKeys is the one key "main", which is the same in every test.
func localKeys(t testing.TB) *sse.LocalKeys {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.key"), []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := sse.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// newRing makes a key ring; one for each test, as it is a file.
func newRing(t testing.TB) *seal.Ring {
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// run runs a test of behaviour in path style and in virtual-host style.
func run(t *testing.T, fn func(t *testing.T, s *server)) {
	t.Run("path", func(t *testing.T) { fn(t, newServer(t)) })
	t.Run("host", func(t *testing.T) {
		s := newServer(t)
		s.virtualHost = true
		fn(t, s)
	})
}

// runAll is run, and once more over the engines of the default installation.
func runAll(t *testing.T, fn func(t *testing.T, s *server)) {
	run(t, fn)
	t.Run("disk", func(t *testing.T) {
		if testing.Short() {
			t.Skip("-short")
		}
		fn(t, newDiskServer(t))
	})
}

// request builds an unsigned request for "/bucket/key?query". Headers are
// "Name: value".
func (s *server) request(t testing.TB, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	host := "localhost:9000"
	if s.virtualHost && len(target) > 1 && target[1] != '?' {
		end := 1 + strings.IndexAny(target[1:]+"/", "/?")
		host = target[1:end] + ".s3." + domain + ":9000"
		if target = target[end:]; !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host = host
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ": ")
		if !ok {
			t.Fatalf("bad header %q", h)
		}
		r.Header.Add(name, value)
	}
	return r
}

// do sends a request signed over its body, or unsigned by nobody.
func (s *server) do(t testing.TB, k keyPair, method, target, body string, headers ...string) *answer {
	t.Helper()
	r := s.request(t, method, target, body, headers...)
	if k != anonymous {
		k.signer().SignHeader(r, []byte(body))
	}
	return s.serve(r)
}

// serve sends a request as it is. A handler that breaks the connection gives an
// answer with broken set.
func (s *server) serve(r *http.Request) *answer {
	w := httptest.NewRecorder()
	broken := func() (broken bool) {
		defer func() {
			p := recover()
			if err, _ := p.(error); errors.Is(err, http.ErrAbortHandler) {
				broken = true
			} else if p != nil {
				panic(p)
			}
		}()
		s.handler.ServeHTTP(w, r)
		return false
	}()
	a := &answer{status: w.Code, header: http.Header{}, body: w.Body.String(), broken: broken}
	for name, values := range w.Result().Header {
		for _, v := range values {
			a.header.Add(name, v) // in canonical spelling
		}
	}
	return a
}

// must is do for what has to succeed.
func (s *server) must(t testing.TB, k keyPair, method, target, body string, headers ...string) *answer {
	t.Helper()
	a := s.do(t, k, method, target, body, headers...)
	if a.status/100 != 2 {
		t.Fatalf("%s %s = %d %s, want success\n%s", method, target, a.status, a.code(), a.body)
	}
	return a
}

// newBucket makes a bucket of the account.
func (s *server) newBucket(t testing.TB, name string) {
	t.Helper()
	_, _, err := s.buckets.Create(t.Context(), bucket.CreateInput{Account: account, Region: region, Name: name})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) newLightsailBucket(t testing.TB, name string) {
	t.Helper()
	_, _, err := s.buckets.Create(t.Context(), bucket.CreateInput{
		Account: account, Region: region, Name: name, ViaLightsail: true, BundleID: "small_1_0",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newKey makes an access key for a bucket of the account.
func (s *server) newKey(t testing.TB, bucketName string) keyPair {
	t.Helper()
	k, _, err := s.access.CreateBucketKey(t.Context(), access.BucketKeyInput{Account: account, Region: region, Bucket: bucketName})
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{k.ID, k.Secret.Reveal()}
}

// rules sets the access rules of a bucket.
func (s *server) rules(t testing.TB, bucketName string, public, overrides bool) {
	t.Helper()
	_, _, err := s.buckets.Update(t.Context(), bucket.UpdateInput{
		Account: account, Name: bucketName, GetObjectPublic: &public, AllowPublicOverrides: &overrides,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// versioning sets the versioning state of a bucket.
func (s *server) versioning(t testing.TB, bucketName string, v keyhaven.Versioning) {
	t.Helper()
	_, _, err := s.buckets.Update(t.Context(), bucket.UpdateInput{Account: account, Name: bucketName, Versioning: &v})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) logger() *slog.Logger { return slog.New(&s.log) }

// logbook keeps what was logged.
type logbook struct {
	mu      sync.Mutex
	records []slog.Record
	waiting []chan struct{}
}

// await returns once a request for the operation has been logged.
func (l *logbook) await(t testing.TB, op string) {
	t.Helper()
	for {
		more := make(chan struct{})
		l.mu.Lock()
		l.waiting = append(l.waiting, more)
		l.mu.Unlock()
		if l.last("op") == op {
			return
		}
		select {
		case <-more:
		case <-time.After(20 * time.Second):
			t.Fatalf("no request for %s ends", op)
		}
	}
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r)
	for _, more := range l.waiting {
		close(more)
	}
	l.waiting = nil
	return nil
}

// last returns an attribute of the last record.
func (l *logbook) last(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	value := ""
	if len(l.records) > 0 {
		l.records[len(l.records)-1].Attrs(func(a slog.Attr) bool {
			if a.Key == key {
				value = a.Value.String()
			}
			return true
		})
	}
	return value
}

// clear forgets what was logged.
func (l *logbook) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = nil
}

// text returns all that was logged.
func (l *logbook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, r := range l.records {
		io.WriteString(&b, r.Message)
		r.Attrs(func(a slog.Attr) bool {
			b.WriteString(" " + a.String())
			return true
		})
		b.WriteByte('\n')
	}
	return b.String()
}
