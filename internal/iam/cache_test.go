package iam_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// signed is a request of the key to S3.
func signed(k keys) *http.Request {
	req := httptest.NewRequest(http.MethodGet, endpoint+"/photos/a", nil)
	s := sigv4test.Signer{AccessKeyID: k.id, Secret: keyhaven.NewSecret(k.secret), Region: region, Service: "s3"}
	if k.token != "" {
		s.Token = keyhaven.NewSecret(k.token)
	}
	s.SignHeader(req, nil)
	return req
}

// TestCachedPrincipals: a key that nothing is known of costs one read transaction,
// with its user, groups and policies; from then on none, also with a session.
func TestCachedPrincipals(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob", allow("s3:* sts:*", "*"))
	arn := r.role("deploy", trusts("arn:aws:iam::111122223333:user/bob"), allow("s3:*", "*"))
	role := r.mustAssume(bob, arn)
	eve := r.user("eve", allow("s3:*", "*"))
	views := func(k keys) int64 {
		t.Helper()
		before := r.engine.views.Load()
		_, err := r.access.Authenticate(signed(k), "s3", "")
		check(t, err)
		return r.engine.views.Load() - before
	}
	if n := views(eve); n != 1 {
		t.Errorf("a key that nothing is known of costs %d read transactions", n)
	}
	views(role) // its role is not cached yet
	for _, k := range []keys{eve, bob, role} {
		if n := views(k); n != 0 {
			t.Errorf("a cached principal costs %d read transactions", n)
		}
	}
}

// BenchmarkDecide is a decision on a cached user with a policy, without the
// signature.
func BenchmarkDecide(b *testing.B) {
	r := newRig(b)
	bob := r.user("bob", allow("s3:GetObject s3:PutObject", "arn:aws:s3:::photos/*"))
	id, err := r.access.Authenticate(signed(bob), "s3", "")
	check(b, err)
	res := access.Resource{ARN: "arn:aws:s3:::photos/a", Account: account}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.access.Authorize(r.ctx, id, "s3:GetObject", res); err != nil {
			b.Fatal(err)
		}
	}
}
