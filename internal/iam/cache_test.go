package iam_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
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

const manyUsers = 100_000

// BenchmarkManyUsers is a decision where a hundred thousand users have two keys
// and a policy each: on a user that is cached, without the signature; and on keys
// at random, most of which are not cached, with it. The former may cost no read
// of the store and the latter one at most.
func BenchmarkManyUsers(b *testing.B) {
	engine, err := pebblekv.Open(b.TempDir(), pebblekv.Options{})
	check(b, err)
	b.Cleanup(func() { check(b, engine.Close()) })
	r := newRigOver(b, engine)
	pairs := r.manyUsers(manyUsers)
	res := access.Resource{ARN: "arn:aws:s3:::photos/a", Account: account}
	decide := func(b *testing.B, id *access.Identity) {
		if err := r.access.Authorize(r.ctx, id, "s3:GetObject", res); err != nil {
			b.Fatal(err)
		}
	}
	enter := func(b *testing.B, k keys) *access.Identity {
		id, err := r.access.Authenticate(signed(k), "s3", "")
		check(b, err)
		return id
	}
	reads := func(b *testing.B, most float64, run func()) {
		b.ReportAllocs()
		before := r.engine.views.Load()
		run()
		n := float64(r.engine.views.Load()-before) / float64(b.N)
		b.ReportMetric(n, "reads/op")
		if n > most {
			b.Errorf("%.3f reads of the store for a decision, want %v at most", n, most)
		}
	}
	b.Run("cached", func(b *testing.B) {
		ids := make([]*access.Identity, 1000)
		for i := range ids {
			ids[i] = enter(b, pairs[i])
		}
		reads(b, 0, func() {
			for i := 0; b.Loop(); i++ {
				decide(b, ids[i%len(ids)])
			}
		})
	})
	b.Run("at-random", func(b *testing.B) {
		reads(b, 1, func() {
			for b.Loop() {
				decide(b, enter(b, pairs[rand.IntN(len(pairs))]))
			}
		})
	})
}

// manyUsers makes users with two keys and an inline policy each.
func (r *rig) manyUsers(n int) []keys {
	doc := allow("s3:GetObject s3:PutObject", "arn:aws:s3:::photos/*")
	pairs := make([]keys, 2*n)
	g, ctx := errgroup.WithContext(r.ctx)
	g.SetLimit(64)
	for i := range n {
		g.Go(func() error {
			name := fmt.Sprintf("user-%06d", i)
			if _, err := r.ids.CreateUser(ctx, account, identity.NewUser{Name: name}); err != nil {
				return err
			}
			if err := r.ids.PutInline(ctx, account, identity.OfUser(name), "p", doc); err != nil {
				return err
			}
			for j := range 2 {
				k, err := r.access.CreateKey(ctx, access.KeyHolder{Account: account, User: name})
				if err != nil {
					return err
				}
				pairs[2*i+j] = keys{id: k.ID, secret: k.Secret.Reveal()}
			}
			return nil
		})
	}
	check(r.t, g.Wait())
	return pairs
}
