package s3target_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/s3target"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
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
	secret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// server is a Keyhaven in memory, whose answers a test can change.
type server struct {
	url     string
	handler http.Handler

	mu        sync.Mutex
	intercept func(w http.ResponseWriter, r *http.Request) (done bool)
}

func (s *server) setIntercept(fn func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = fn
}

func newServer(t *testing.T) *server {
	t.Helper()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	m, blobs := meta.New(memkv.New()), memblob.New()
	keys := access.New(m, ring, access.Options{LastUsedEvery: time.Hour, Log: log})
	t.Cleanup(func() { keys.Close() })
	err = m.Update(t.Context(), func(tx *meta.Txn) error {
		return tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: strings.Repeat("a", 64), CreatedAt: time.Now()})
	})
	if err == nil {
		err = keys.SetEnvironmentKey(t.Context(), account, keyID, keyhaven.NewSecret(secret))
	}
	if err != nil {
		t.Fatal(err)
	}
	door := s3.New(keys, bucket.New(m, bucket.Options{}), object.New(m, blobs, &blob.Pins{}, object.Options{Log: log}), s3.Options{Region: "us-east-1"})
	handler := edge.New(edge.Options{S3: door, Services: map[string]http.Handler{"s3": door}, Log: log})
	s := &server{handler: handler}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		intercept := s.intercept
		s.mu.Unlock()
		if intercept == nil || !intercept(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(ts.Close)
	s.url = ts.URL
	if _, err := s.client().CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("backups")}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) client() *awss3.Client {
	return awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.url), UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, nil
		}),
	})
}

// forward runs a request whose answer nobody gets.
func (s *server) forward(r *http.Request) { s.handler.ServeHTTP(httptest.NewRecorder(), r) }

func (s *server) open(t *testing.T, prefix string) backup.Target {
	t.Helper()
	at, err := s3target.Parse("s3://backups/" + prefix + "?endpoint=" + s.url + "&region=eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	return s3target.Open(at, s3target.Credentials{AccessKeyID: keyID, Secret: keyhaven.NewSecret(secret)}, s3target.Options{PartSize: 5 << 20})
}

func TestContract(t *testing.T) {
	s := newServer(t)
	n := 0
	targettest.Run(t, func(t *testing.T) func() backup.Target {
		n++
		prefix := strings.Repeat("p", n)
		return func() backup.Target { return s.open(t, prefix) }
	})
}

func TestContractWithoutPrefix(t *testing.T) {
	targettest.Run(t, func(t *testing.T) func() backup.Target {
		s := newServer(t)
		return func() backup.Target { return s.open(t, "") }
	})
}

func put(t *testing.T, target backup.Target, name string, content []byte) {
	t.Helper()
	err := target.Put(t.Context(), name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		t.Fatalf("Put = %v", err)
	}
}

// TestGetGoesOn cuts connections in the middle of downloads.
func TestGetGoesOn(t *testing.T) {
	s := newServer(t)
	target := s.open(t, "x")
	content := make([]byte, 3<<20)
	rand.Read(content)
	put(t, target, "f", content)
	cuts := 0
	s.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || cuts == 4 {
			return false
		}
		cuts++
		s.handler.ServeHTTP(&cutWriter{ResponseWriter: w, left: 300_000}, r)
		return true
	})
	r, size, err := target.Get(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if size != int64(len(content)) || !bytes.Equal(got, content) {
		t.Errorf("the download that was cut off %d times is not what was uploaded", cuts)
	}
	if cuts != 4 {
		t.Errorf("the download was cut off %d times, want 4", cuts)
	}
}

// TestGetGivesUp wants an error, and not the end of the file, from a server that
// cuts every connection.
func TestGetGivesUp(t *testing.T) {
	s := newServer(t)
	target := s.open(t, "x")
	put(t, target, "f", make([]byte, 1000))
	s.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 500))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r, _, err := target.Get(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading %d of 1000 bytes ended with %v, want an error that is no end of file", len(got), err)
	}
}

// TestChangedMeanwhile wants an object that was replaced between two requests of
// one download to be refused.
func TestChangedMeanwhile(t *testing.T) {
	s := newServer(t)
	target := s.open(t, "x")
	put(t, target, "f", bytes.Repeat([]byte("a"), 1000))
	first := true
	s.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !first || r.Method != http.MethodGet {
			return false
		}
		first = false
		w.Header().Set("Etag", `"of what was there before"`)
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 500))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r, _, err := target.Get(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); err == nil {
		t.Error("a download of two different objects is accepted")
	}
}

// TestRetries lets every third request fail.
func TestRetries(t *testing.T) {
	s := newServer(t)
	target := s.open(t, "x")
	var mu sync.Mutex
	n := 0
	s.setIntercept(func(w http.ResponseWriter, _ *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if n++; n%3 != 0 {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	l, err := target.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 6<<20)
	rand.Read(content)
	put(t, target, "f", content)
	r, _, err := target.Get(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("what came back differs, or %v", err)
	}
	if err := l.Release(); err != nil {
		t.Errorf("Release = %v", err)
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	s := newServer(t)
	at, err := s3target.Parse("s3://backups/x?endpoint=" + s.url)
	if err != nil {
		t.Fatal(err)
	}
	const wrong = "not-the-secret-of-this-key-0123456789ABC"
	target := s3target.Open(at, s3target.Credentials{AccessKeyID: keyID, Secret: keyhaven.NewSecret(wrong)}, s3target.Options{})
	_, err = target.Lock(t.Context())
	if err == nil || strings.Contains(err.Error(), wrong) {
		t.Errorf("Lock with a wrong secret = %v, want an error without it", err)
	}
	if !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("the error does not say why: %v", err)
	}
	if strings.Contains(target.String(), wrong) {
		t.Error("the target's name has its secret")
	}
}
