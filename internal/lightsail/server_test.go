package lightsail_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// server is a door over real services and an engine in memory, with two
// accounts that each have a root key.
type server struct {
	door     *lightsail.Door
	engine   kv.Store
	meta     *meta.Store
	access   *access.Service
	buckets  *bucket.Service
	metrics  *usage.Service
	machines *identity.Service
	framed   http.Handler // the door in the frame that writes the log
	log      bytes.Buffer
}

// keyPair is an access key as its owner holds it.
type keyPair struct{ id, secret string }

const (
	ownAccount   = keyhaven.AccountID("111122223333")
	otherAccount = keyhaven.AccountID("444455556666")
)

var (
	root      = keyPair{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	otherRoot = keyPair{"AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}
)

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{engine: memkv.New()}
	s.meta = meta.New(s.engine)
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	if err != nil {
		t.Fatal(err)
	}
	s.access = access.New(s.meta, ring, access.Options{LastUsedEvery: time.Hour, MaxFaults: -1})
	s.buckets = bucket.New(s.meta, bucket.Options{})
	s.metrics = usage.New(s.meta, usage.Options{})
	s.machines = identity.New(s.meta, ring, identity.Options{})
	t.Cleanup(func() {
		if err := s.access.Close(); err != nil && keyhaven.KindOf(err) != keyhaven.Unavailable {
			t.Errorf("closing access: %v", err)
		}
		s.engine.Close()
	})
	for account, key := range map[keyhaven.AccountID]keyPair{ownAccount: root, otherAccount: otherRoot} {
		err := s.meta.Update(context.Background(), func(tx *meta.Txn) error {
			return tx.PutAccount(keyhaven.Account{ID: account, CreatedAt: time.Now()})
		})
		if err == nil {
			err = s.access.SetEnvironmentKey(context.Background(), account, key.id, keyhaven.NewSecret(key.secret))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.door = lightsail.New(lightsail.Options{
		Access:   s.access,
		Buckets:  s.buckets,
		Metrics:  s.metrics,
		Machines: s.machines,
		Alarms:   alarm.New(s.meta, alarm.Options{Mail: true, Webhooks: true, URL: "http://localhost:9000"}),
		URL:      func(b *keyhaven.Bucket) string { return "http://" + b.Name + ".localhost:9000" },
	})
	s.framed = edge.New(edge.Options{S3: s.door, Log: slog.New(slog.NewTextHandler(&s.log, nil))})
	return s
}

// Do serves a request of the SDK without a socket, as synctest has none.
func (s *server) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.Host = r.URL.Host
	w := httptest.NewRecorder()
	s.framed.ServeHTTP(w, in)
	return w.Result(), nil
}

// client returns the real SDK client of a key in a region.
func (s *server) client(k keyPair, region string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       region,
		BaseEndpoint: aws.String("http://localhost:9000"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, nil
		}),
		HTTPClient: s,
		Retryer:    aws.NopRetryer{},
	})
}

// post sends a body to a target, signed.
func (s *server) post(t testing.TB, k keyPair, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header.Set("X-Amz-Target", target)
	sign(r, body, k, "us-east-2", "lightsail")
	w := httptest.NewRecorder()
	s.framed.ServeHTTP(w, r)
	return w
}

func sign(r *http.Request, body string, k keyPair, region, service string) {
	sigv4test.Signer{AccessKeyID: k.id, Secret: keyhaven.NewSecret(k.secret), Region: region, Service: service}.
		SignHeader(r, []byte(body))
}
