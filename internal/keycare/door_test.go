package keycare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

const (
	account = keyhaven.AccountID("111122223333")
	region  = "us-east-2"
)

// rig is the door over real services, with the root of the first account, the
// bucket "photos" and a key of it.
type rig struct {
	t       *testing.T
	meta    *meta.Store
	console string // its address
	bucket  func(owner keyhaven.AccountID, name string)
	door    *Door
	keys    *access.Service
	ids     *identity.Service
	now     time.Time // of the service of accounts
	root    *keyhaven.AccessKey
	key     *keyhaven.AccessKey
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	must(t, err)
	m := meta.New(memkv.NewRerunning())
	must(t, m.Update(t.Context(), func(tx *meta.Txn) error {
		return errors.Join(tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "canonical"}), tx.PutInstallation(meta.Installation{ID: "x", Account: account}))
	}))
	keys := access.New(m, ring, access.Options{})
	t.Cleanup(func() { must(t, keys.Close()) })
	buckets := bucket.New(m, bucket.Options{})
	r := &rig{t: t, meta: m, keys: keys, now: time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)}
	r.ids = identity.New(m, ring, identity.Options{Now: func() time.Time { return r.now }})
	r.door = New(Options{Access: keys, Buckets: buckets, Accounts: r.ids, Console: func(*http.Request) string { return r.console }})
	r.console = "https://console.test"
	r.bucket = func(owner keyhaven.AccountID, name string) {
		_, _, err := buckets.Create(t.Context(), bucket.CreateInput{Account: owner, Region: region, Name: name})
		must(t, err)
	}
	r.bucket(account, "photos")
	r.root, err = keys.CreateRootKey(t.Context(), account)
	must(t, err)
	r.key, _, err = keys.CreateBucketKey(t.Context(), access.BucketKeyInput{Account: account, Region: region, Bucket: "photos"})
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call sends a request that is signed by the key and returns the answer.
func (r *rig) call(k *keyhaven.AccessKey, op, body string) (typ string, out map[string]any) {
	r.t.Helper()
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://localhost/", strings.NewReader(body))
	req.Header.Set("X-Amz-Target", Target+"."+op)
	sigv4test.Signer{AccessKeyID: k.ID, Secret: k.Secret, Region: region, Service: Service}.SignHeader(req, []byte(body))
	w := httptest.NewRecorder()
	r.door.ServeHTTP(w, req)
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		r.t.Fatalf("%s: %d %q is no JSON", op, w.Code, w.Body)
	}
	typ, _ = out["__type"].(string)
	if (w.Code == http.StatusOK) != (typ == "") || typ != w.Header().Get("X-Amzn-ErrorType") {
		r.t.Errorf("%s: %d %v", op, w.Code, out)
	}
	if op != "RotateBucketAccessKey" && bytes.Contains(w.Body.Bytes(), []byte(r.key.Secret.Reveal())) {
		r.t.Errorf("%s answers a secret", op)
	}
	return typ, out
}

func TestEveryOperationByRoot(t *testing.T) {
	r := newRig(t)
	for _, c := range [][2]string{
		{"GetBucketAccessKeys", `{"bucketName":"photos"}`},
		{"GetAccessKey", `{"accessKeyId":"` + r.key.ID + `"}`},
		{"GetAccessKey", `{"accessKeyId":"` + r.root.ID + `"}`},
		{"GetAccessKeyActivity", `{"accessKeyId":"` + r.key.ID + `"}`},
		{"UpdateAccessKey", `{"accessKeyId":"` + r.key.ID + `","name":"n","expiresAt":4102444800,"scope":{"readOnly":true,"prefixes":["a/"],"networks":["192.0.2.0/24"]}}`},
		{"RotateBucketAccessKey", `{"bucketName":"photos"}`},
		{"GetBucketAccessKeyRotation", `{"bucketName":"photos"}`},
		{"StepBucketAccessKeyRotation", `{"bucketName":"photos","step":"DisableOld"}`},
		{"StepBucketAccessKeyRotation", `{"bucketName":"photos","step":"DeleteOld"}`},
		{"ImportBucketAccessKey", `{"bucketName":"photos","accessKeyId":"AKIAIOSFODNN7EXAMPLE","secretAccessKey":"0123456789abcdefghij"}`},
	} {
		if typ, out := r.call(r.root, c[0], c[1]); typ != "" {
			t.Errorf("%s %s = %v", c[0], c[1], out)
		}
	}
	_, out := r.call(r.root, "GetBucketAccessKeys", `{"bucketName":"photos"}`)
	keys := out["accessKeys"].([]any)
	if len(keys) != 2 || keys[0].(map[string]any)["name"] != "n" || keys[1].(map[string]any)["imported"] != true {
		t.Errorf("in the end there are %v", keys)
	}
}

// TestWarnedAt: a key says when its people were warned of the end that it has.
func TestWarnedAt(t *testing.T) {
	r := newRig(t)
	ends := func(in time.Duration) {
		t.Helper()
		if typ, out := r.call(r.root, "UpdateAccessKey", fmt.Sprintf(`{"accessKeyId":%q,"expiresAt":%d}`, r.key.ID, time.Now().Add(in).Unix())); typ != "" {
			t.Fatal(out)
		}
	}
	warned := func() (at any) {
		t.Helper()
		must(t, alarm.New(r.meta, alarm.Options{Log: slog.New(slog.DiscardHandler)}).WarnOfExpiry(t.Context()))
		_, out := r.call(r.root, "GetAccessKey", `{"accessKeyId":"`+r.key.ID+`"}`)
		return out["accessKey"].(map[string]any)["warnedAt"]
	}
	ends(30 * 24 * time.Hour)
	if at := warned(); at != nil {
		t.Errorf("a month before the end it was warned at %v", at)
	}
	before := time.Now().Truncate(time.Millisecond)
	ends(12 * time.Hour)
	if at, ok := warned().(float64); !ok || seconds(at).time().Before(before) || seconds(at).time().After(time.Now()) {
		t.Errorf("it was warned at %v, want now", at)
	}
	ends(30 * 24 * time.Hour)
	if at := warned(); at != nil {
		t.Errorf("of another end it was warned at %v", at)
	}
}

func TestErrors(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		by             *keyhaven.AccessKey
		op, body, want string
	}{
		{r.root, "Nothing", "{}", "UnknownOperationException"},
		{r.root, "GetAccessKey", "[", "SerializationException"},
		{r.root, "GetAccessKey", "{}", "NotFoundException"},
		{r.root, "GetAccessKey", `{"accessKeyId":"` + strings.Repeat("A", 5000) + `"}`, "NotFoundException"},
		{r.root, "GetBucketAccessKeys", `{"bucketName":"none"}`, "NotFoundException"},
		{r.root, "GetBucketAccessKeys", `{}`, "NotFoundException"},
		{r.root, "UpdateAccessKey", `{"accessKeyId":"` + r.key.ID + `","status":"Off"}`, "InvalidInputException"},
		{r.root, "UpdateAccessKey", `{"accessKeyId":"` + r.key.ID + `","expiresAt":1}`, "InvalidInputException"},
		{r.root, "UpdateAccessKey", `{"accessKeyId":"` + r.root.ID + `","scope":{"readOnly":true}}`, "InvalidInputException"},
		{r.root, "ImportBucketAccessKey", `{"bucketName":"photos"}`, "InvalidInputException"},
		{r.root, "ImportBucketAccessKey", `{"bucketName":"photos","accessKeyId":"` + r.key.ID + `","secretAccessKey":"0123456789abcdefghij"}`, "AlreadyExistsException"},
		{r.root, "StepBucketAccessKeyRotation", `{"bucketName":"photos","step":"DeleteOld"}`, "ConflictException"},
		// A bucket's key reaches its objects and nothing else.
		{r.key, "GetAccessKey", `{"accessKeyId":"` + r.key.ID + `"}`, "AccessDeniedException"},
		{r.key, "GetAccessKey", `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}`, "AccessDeniedException"},
		{r.key, "GetBucketAccessKeys", `{"bucketName":"photos"}`, "AccessDeniedException"},
		{r.key, "GetBucketAccessKeys", `{"bucketName":"none"}`, "AccessDeniedException"},
		{r.key, "RotateBucketAccessKey", `{"bucketName":"photos"}`, "AccessDeniedException"},
		{&keyhaven.AccessKey{ID: "AKIAIOSFODNN7EXAMPL9", Secret: r.key.Secret}, "GetAccessKey", "{}", "UnrecognizedClientException"},
		{&keyhaven.AccessKey{ID: r.root.ID, Secret: r.key.Secret}, "GetAccessKey", "{}", "InvalidSignatureException"},
	} {
		if typ, out := r.call(c.by, c.op, c.body); typ != c.want {
			t.Errorf("%s %.80s = %v, want %s", c.op, c.body, out, c.want)
		}
	}
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	req.Header.Set("X-Amz-Target", Target+".GetAccessKey")
	r.door.ServeHTTP(w, req)
	if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 400 || got != "MissingAuthenticationTokenException" {
		t.Errorf("unsigned = %d %s", w.Code, got)
	}
}

func FuzzBodies(f *testing.F) {
	f.Add("UpdateAccessKey", `{"accessKeyId":"A","expiresAt":-1e400,"scope":{"prefixes":[null]}}`)
	f.Add("ImportBucketAccessKey", `{"bucketName":"photos","expiresAt":1e18}`)
	f.Fuzz(func(t *testing.T, name, body string) {
		var in updateInput
		if json.Unmarshal([]byte(body), &in) == nil {
			if c := in.of(); c.ExpiresAt != nil && c.ExpiresAt.Year() > 9999 {
				t.Errorf("an expiry in the year %d", c.ExpiresAt.Year())
			}
		}
	})
}
