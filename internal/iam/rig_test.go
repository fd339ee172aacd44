package iam_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/iam"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/keycare"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sts"
)

const (
	account = keyhaven.AccountID("111122223333")
	other   = keyhaven.AccountID("444455556666")
	region  = "us-east-1"
)

// rig is every door over an engine in memory, with two accounts. It is also what
// the SDK's clients send their requests by.
type rig struct {
	closeAccess func() // writes last uses; access answers on
	t           testing.TB
	ctx         context.Context
	access      *access.Service
	ids         *identity.Service
	meta        *meta.Store
	engine      *countingStore
	edge        http.Handler
	doors       map[string]http.Handler // by service
	clock       atomic.Int64            // added to the time of the services
	federated   []edge.Federated        // of management calls that were answered
	root        keys
	other       keys // the root of the other account
	log         strings.Builder
}

// countingStore counts the read transactions of an engine.
type countingStore struct {
	kv.Store
	views atomic.Int64
}

func (s *countingStore) View(ctx context.Context, fn func(kv.Reader) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, fn)
}

// keys are credentials, long-term or temporary.
type keys struct{ id, secret, token string }

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigOver(t, memkv.New())
}

func newRigOver(t testing.TB, engine kv.Store) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), engine: &countingStore{Store: engine}}
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	check(t, err)
	r.meta = meta.New(r.engine)
	r.access = access.New(r.meta, ring, access.Options{LastUsedEvery: time.Hour, Now: r.now})
	r.closeAccess = sync.OnceFunc(func() { check(t, r.access.Close()) })
	t.Cleanup(r.closeAccess)
	r.ids = identity.New(r.meta, ring, identity.Options{Now: r.now})
	buckets := bucket.New(r.meta, bucket.Options{})
	objects := object.New(r.meta, memblob.New(), &blob.Pins{}, object.Options{})
	s3Door := s3.New(r.access, buckets, objects, s3.Options{Region: region})
	lightsailDoor := lightsail.New(lightsail.Options{Access: r.access, Buckets: buckets, Machines: r.ids, URL: func(b *keyhaven.Bucket) string { return "http://test/" + b.Name }})
	stsDoor := sts.New(r.access, r.ids, sts.Options{})
	r.doors = map[string]http.Handler{"s3": s3Door, "lightsail": lightsailDoor, "iam": iam.New(r.access, r.ids), "sts": stsDoor, "keyhaven": keycare.New(keycare.Options{Access: r.access, Buckets: buckets, Accounts: r.ids, Console: func(*http.Request) string { return "http://console" }})}
	r.open()
	check(t, r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutInstallation(meta.Installation{ID: "x", Account: account}) }))
	for _, id := range []keyhaven.AccountID{account, other} {
		check(t, r.meta.Update(r.ctx, func(tx *meta.Txn) error {
			return tx.PutAccount(keyhaven.Account{ID: id, CanonicalID: strings.Repeat(string(id[:4]), 16), CreatedAt: time.Now()})
		}))
		k, err := r.access.CreateRootKey(r.ctx, id)
		check(t, err)
		if id == account {
			r.root = keys{id: k.ID, secret: k.Secret.Reveal()}
		} else {
			r.other = keys{id: k.ID, secret: k.Secret.Reveal()}
		}
	}
	return r
}

// open puts the doors behind one address.
func (r *rig) open() {
	r.edge = edge.New(edge.Options{S3: r.doors["s3"], Forms: r.doors["sts"], Services: r.doors, Log: slog.New(slog.NewTextHandler(&r.log, nil))})
}

// now is the time of the services.
func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.clock.Load())) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Do answers the request of a client.
func (r *rig) Do(req *http.Request) (*http.Response, error) {
	req.RemoteAddr = "192.0.2.1:1234"
	if req.Body == nil {
		req.Body = http.NoBody
	}
	req.RequestURI = req.URL.RequestURI()
	req.Host = req.URL.Host
	w := httptest.NewRecorder()
	r.edge.ServeHTTP(w, req)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

func (k keys) provider() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}, nil
	})
}

const endpoint = "http://keyhaven.test"

func (r *rig) iam(k keys) *iamsdk.Client {
	return iamsdk.New(iamsdk.Options{Region: region, HTTPClient: r, RetryMaxAttempts: 1, Credentials: k.provider(), BaseEndpoint: aws.String(endpoint)})
}

func (r *rig) sts(k keys) *stssdk.Client {
	return stssdk.New(stssdk.Options{Region: region, HTTPClient: r, RetryMaxAttempts: 1, Credentials: k.provider(), BaseEndpoint: aws.String(endpoint)})
}

func (r *rig) lightsail(k keys) *lightsailsdk.Client {
	return lightsailsdk.New(lightsailsdk.Options{Region: region, HTTPClient: r, RetryMaxAttempts: 1, Credentials: k.provider(), BaseEndpoint: aws.String(endpoint)})
}

func (r *rig) s3(k keys) *s3sdk.Client {
	return s3sdk.New(s3sdk.Options{Region: region, HTTPClient: r, RetryMaxAttempts: 1, Credentials: k.provider(), BaseEndpoint: aws.String(endpoint), UsePathStyle: true})
}

// wantCode checks the error code of an answer.
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	if got, ok := errors.AsType[smithy.APIError](err); !ok || got.ErrorCode() != code {
		t.Errorf("%s: error = %v, want %s", what, err, code)
	}
}

// user makes a user with these policies and a key.
func (r *rig) user(name string, docs ...string) keys {
	r.t.Helper()
	c := r.iam(r.root)
	_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: &name})
	check(r.t, err)
	for i, doc := range docs {
		_, err := c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p" + string(rune('0'+i))), PolicyDocument: &doc})
		check(r.t, err)
	}
	return r.key(name)
}

func (r *rig) key(user string) keys {
	r.t.Helper()
	out, err := r.iam(r.root).CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: &user})
	check(r.t, err)
	return keys{id: *out.AccessKey.AccessKeyId, secret: *out.AccessKey.SecretAccessKey}
}

// allow is a document of one statement.
func allow(actions, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + quoted(actions) + `],"Resource":"` + resource + `"}]}`
}

func deny(actions, resource string) string {
	return strings.Replace(allow(actions, resource), "Allow", "Deny", 1)
}

func quoted(words string) string {
	return `"` + strings.Join(strings.Fields(words), `","`) + `"`
}

// trusts is a trust policy.
func trusts(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`
}

func (r *rig) role(name, trust string, docs ...string) string {
	r.t.Helper()
	c := r.iam(r.root)
	out, err := c.CreateRole(r.ctx, &iamsdk.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	check(r.t, err)
	for i, doc := range docs {
		_, err := c.PutRolePolicy(r.ctx, &iamsdk.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p" + string(rune('0'+i))), PolicyDocument: &doc})
		check(r.t, err)
	}
	return *out.Role.Arn
}

func of(c *ststypes.Credentials) keys {
	return keys{id: *c.AccessKeyId, secret: *c.SecretAccessKey, token: *c.SessionToken}
}

func (r *rig) assume(k keys, arn string) (keys, error) {
	out, err := r.sts(k).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
	if err != nil {
		return keys{}, err
	}
	return of(out.Credentials), nil
}

func (r *rig) mustAssume(k keys, arn string) keys {
	r.t.Helper()
	s, err := r.assume(k, arn)
	check(r.t, err)
	return s
}

// whoami is the ARN that STS tells.
func (r *rig) whoami(k keys) (string, error) {
	out, err := r.sts(k).GetCallerIdentity(r.ctx, nil)
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func (r *rig) put(k keys, bucket, key string) error {
	_, err := r.s3(k).PutObject(r.ctx, &s3sdk.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("hello")})
	return err
}

func (r *rig) get(k keys, bucket, key string) error {
	out, err := r.s3(k).GetObject(r.ctx, &s3sdk.GetObjectInput{Bucket: &bucket, Key: &key})
	if err == nil {
		_, err = io.Copy(io.Discard, out.Body)
	}
	return err
}

func (r *rig) bucket(name string) {
	r.t.Helper()
	_, err := r.lightsail(r.root).CreateBucket(r.ctx, &lightsailsdk.CreateBucketInput{BucketName: &name, BundleId: aws.String("small_1_0")})
	check(r.t, err)
}

func tag(key, value string) []iamtypes.Tag {
	return []iamtypes.Tag{{Key: &key, Value: &value}}
}
