package access_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/policy"
)

func (r *rig) change(k *keyhaven.AccessKey, c access.KeyChange) {
	r.t.Helper()
	_, err := r.ChangeKey(r.ctx, account, k.ID, c)
	r.must("change key", err)
}

// TestKeyExpires: a key with an expiry works until then and not after it, and
// does again when the expiry is taken away.
func TestKeyExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		k := r.createKey("photos")
		r.mustAuth(k)
		at := time.Now().Add(time.Hour)
		r.change(k, access.KeyChange{ExpiresAt: &at})
		time.Sleep(time.Hour - time.Nanosecond)
		r.mustAuth(k)
		time.Sleep(time.Nanosecond)
		_, err := r.auth(k.ID, k.Secret)
		wantUnknown(t, "an expired key", err)
		_, err = r.ChangeKey(r.ctx, account, k.ID, access.KeyChange{ExpiresAt: &at})
		wantError(t, "an expiry in the past", err, keyhaven.Invalid, keyhaven.NounAccessKey)
		r.change(k, access.KeyChange{ExpiresAt: new(time.Time)})
		r.mustAuth(k)
	})
}

func TestKeyIsDisabledAtOnce(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	r.mustAuth(k)
	r.change(k, access.KeyChange{Status: new(keyhaven.KeyInactive), Name: new(" laptop "), Note: new("of Ann")})
	_, err := r.auth(k.ID, k.Secret)
	wantUnknown(t, "an inactive key", err)
	if got := r.keys("photos")[0]; got.Status != keyhaven.KeyInactive || got.Care.Name != "laptop" || got.Care.Note != "of Ann" {
		t.Errorf("the key is listed as %+v", got)
	}
	r.change(k, access.KeyChange{Status: new(keyhaven.KeyActive)})
	r.mustAuth(k)
}

// may reports whether a key may do something from an address.
func (r *rig) may(k *keyhaven.AccessKey, b *keyhaven.Bucket, from, action, key string, keys policy.Values) bool {
	r.t.Helper()
	id := r.mustAuth(k)
	id.HTTP.RemoteAddr = from
	res := access.Resource{ARN: "arn:aws:s3:::" + b.Name, Bucket: b, Context: keys}
	if key != "" {
		res.ARN += "/" + key
	}
	d, err := r.Decide(r.ctx, id, action, res)
	r.must("decide", err)
	return d.Allowed && !d.ByACL
}

func TestKeyScope(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	b, err := r.buckets.Get(r.ctx, "photos")
	r.must("bucket", err)
	const home, away = "192.0.2.7:5000", "198.51.100.7:5000"
	prefixed := func(p string) policy.Values { return policy.Values{"s3:prefix": {p}} }
	for name, c := range map[string]struct {
		scope  keyhaven.KeyScope
		may    []string // action, key or ?prefix, from
		mayNot []string
	}{
		"none": {keyhaven.KeyScope{}, []string{"s3:PutObject a home", "s3:ListBucket ? home", "s3:DeleteObject a away"}, nil},
		"read-only": {
			keyhaven.KeyScope{ReadOnly: true},
			[]string{"s3:GetObject a home", "s3:GetObjectTagging a home", "s3:ListBucket ? home", "s3:GetBucketLocation - home"},
			[]string{"s3:PutObject a home", "s3:DeleteObject a home", "s3:AbortMultipartUpload a home", "s3:PutObjectTagging a home", "s3:PutObjectAcl a home"},
		},
		"prefixes": {
			keyhaven.KeyScope{Prefixes: []string{"a/", "b*"}},
			[]string{"s3:PutObject a/x home", "s3:GetObject b*z home", "s3:ListBucket ?a/ home", "s3:ListBucket ?a/b home", "s3:GetBucketLocation - home"},
			[]string{"s3:PutObject a home", "s3:GetObject bz home", "s3:ListBucket ? home", "s3:ListBucket ?b home", "s3:DeleteObject c/a/ home"},
		},
		"networks": {
			keyhaven.KeyScope{Networks: []string{"192.0.2.0/24", "2001:db8::1"}},
			[]string{"s3:PutObject a home", "s3:ListBucket ? home"},
			[]string{"s3:PutObject a away", "s3:ListBucket ? away", "s3:GetObject a away"},
		},
		"all": {
			keyhaven.KeyScope{ReadOnly: true, Prefixes: []string{"a/"}, Networks: []string{"192.0.2.7"}},
			[]string{"s3:GetObject a/x home"},
			[]string{"s3:GetObject a/x away", "s3:GetObject b home", "s3:PutObject a/x home"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.change(k, access.KeyChange{Scope: &c.scope})
			for i, list := range [][]string{c.may, c.mayNot} {
				for _, text := range list {
					f := strings.Fields(text)
					from := home
					if f[2] == "away" {
						from = away
					}
					var keys policy.Values
					key := f[1]
					if prefix, ok := strings.CutPrefix(key, "?"); ok {
						key, keys = "", prefixed(prefix)
					} else if key == "-" {
						key = ""
					}
					if got, want := r.may(k, b, from, f[0], key, keys), i == 0; got != want {
						t.Errorf("%s: allowed = %t, want %t", text, got, want)
					}
				}
			}
		})
	}
	if got := r.keys("photos")[0].Care.Scope; len(got.Networks) == 1 && got.Networks[0] == "192.0.2.7" {
		t.Errorf("networks are stored as they came: %v", got.Networks)
	}
}

func TestKeyCareIsChecked(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	for name, c := range map[string]access.KeyChange{
		"a long name":       {Name: new(strings.Repeat("n", keyhaven.MaxKeyName+1))},
		"a name of lines":   {Name: new("a\nb")},
		"a long note":       {Note: new(strings.Repeat("n", keyhaven.MaxKeyNote+1))},
		"a strange status":  {Status: new(keyhaven.KeyStatus("Maybe"))},
		"an empty prefix":   {Scope: &keyhaven.KeyScope{Prefixes: []string{""}}},
		"too many prefixes": {Scope: &keyhaven.KeyScope{Prefixes: make([]string, keyhaven.MaxKeyPrefixes+1)}},
		"no network":        {Scope: &keyhaven.KeyScope{Networks: []string{"example.com"}}},
		"a zone":            {Scope: &keyhaven.KeyScope{Networks: []string{"fe80::1%eth0"}}},
		"too many networks": {Scope: &keyhaven.KeyScope{Networks: make([]string, keyhaven.MaxKeyNetworks+1)}},
	} {
		_, err := r.ChangeKey(r.ctx, account, k.ID, c)
		wantError(t, name, err, keyhaven.Invalid, keyhaven.NounAccessKey)
	}
	_, err := r.ChangeKey(r.ctx, other, k.ID, access.KeyChange{})
	wantError(t, "another account's key", err, keyhaven.NotFound, keyhaven.NounAccessKey)
}

func TestImportedKey(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		const id = "AKIAIOSFODNN7EXAMPLE"
		secret := keyhaven.NewSecret("a secret from elsewhere"[2:8] + strings.Repeat("x", 34))
		_, err := r.ImportBucketKey(r.ctx, of("photos"), id, secret, access.KeyChange{Scope: &keyhaven.KeyScope{ReadOnly: true}})
		r.must("import", err)
		if _, err := r.auth(id, secret); err != nil {
			t.Errorf("the imported key is refused: %v", err)
		}
		if k := r.keys("photos")[0]; !k.Care.Imported || !k.Care.Scope.ReadOnly || !k.Secret.IsZero() {
			t.Errorf("the imported key is listed as %+v", k)
		}
		_, err = r.ImportBucketKey(r.ctx, of("photos"), id, secret, access.KeyChange{})
		wantError(t, "the same id again", err, keyhaven.AlreadyExists, keyhaven.NounAccessKey)
		for name, c := range map[string][2]string{
			"a short id": {"AK", secret.Reveal()}, "an id with a slash": {"my/key", secret.Reveal()}, "a session's id": {"ASIAIOSFODNN7EXAMPLE", secret.Reveal()},
			"a short secret": {"AKIAIOSFODNN7EXAMPL2", "short"}, "a secret with spaces": {"AKIAIOSFODNN7EXAMPL2", strings.Repeat("a b", 10)},
		} {
			_, err := r.ImportBucketKey(r.ctx, of("photos"), c[0], keyhaven.NewSecret(c[1]), access.KeyChange{})
			wantError(t, name, err, keyhaven.Invalid, keyhaven.NounAccessKey)
		}
		r.createKey("photos")
		_, err = r.ImportBucketKey(r.ctx, of("photos"), "AKIAIOSFODNN7EXAMPL3", secret, access.KeyChange{})
		wantError(t, "a third key", err, keyhaven.LimitExceeded, keyhaven.NounAccessKey)
	})
}

// TestRotation goes through a rotation: the old key is watched, quiet, disabled,
// enabled again, disabled and deleted.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		state := func(want access.RotationState) *access.Rotation {
			t.Helper()
			rot, err := r.BucketKeyRotation(r.ctx, of("photos"))
			r.must("rotation", err)
			if rot.State != want {
				t.Errorf("the rotation is %s, want %s", rot.State, want)
			}
			return rot
		}
		step := func(s access.RotationStep) {
			t.Helper()
			_, err := r.StepRotation(r.ctx, of("photos"), s)
			r.must(string(s), err)
		}
		old := r.createKey("photos")
		r.change(old, access.KeyChange{Name: new("backup"), Scope: &keyhaven.KeyScope{ReadOnly: true}})
		state(access.NoRotation)
		_, err := r.StepRotation(r.ctx, of("photos"), access.DisableOld)
		wantError(t, "a step without a rotation", err, keyhaven.Conflict, keyhaven.NounAccessKey)
		_, err = r.RotateBucketKey(r.ctx, of("photos"), "AKIAIOSFODNN7EXAMPLE")
		wantError(t, "another key", err, keyhaven.NotFound, keyhaven.NounAccessKey)
		time.Sleep(time.Hour)
		fresh, err := r.RotateBucketKey(r.ctx, of("photos"), "")
		r.must("rotate", err)
		if fresh.Care.Name != "backup" || !fresh.Care.Scope.ReadOnly || fresh.Care.Replaces != old.ID {
			t.Errorf("the new key is %+v", fresh)
		}
		_, err = r.RotateBucketKey(r.ctx, of("photos"), "")
		wantError(t, "a second rotation", err, keyhaven.Conflict, keyhaven.NounAccessKey)

		r.mustAuth(old)
		time.Sleep(access.QuietPeriod * 2)
		if rot := state(access.RotationWatching); !rot.QuietAt.IsZero() { // nobody has used the new one
			t.Errorf("it would be quiet at %v", rot.QuietAt)
		}
		r.mustAuth(fresh)
		state(access.RotationQuiet)
		r.mustAuth(old)
		rot := state(access.RotationWatching)
		if want := time.Now().Add(access.QuietPeriod); !rot.QuietAt.Equal(want) {
			t.Errorf("it will be quiet at %v, want %v", rot.QuietAt, want)
		}
		time.Sleep(access.QuietPeriod)
		state(access.RotationQuiet)

		_, err = r.StepRotation(r.ctx, of("photos"), access.DeleteOld)
		wantError(t, "deleting an active key", err, keyhaven.Conflict, keyhaven.NounAccessKey)
		step(access.DisableOld)
		state(access.RotationDisabled)
		_, err = r.auth(old.ID, old.Secret)
		wantUnknown(t, "the disabled key", err)
		step(access.EnableOld)
		r.mustAuth(old)
		step(access.DisableOld)
		step(access.DeleteOld)
		state(access.NoRotation)
		if keys := r.keys("photos"); len(keys) != 1 || keys[0].ID != fresh.ID || keys[0].Care.Replaces != "" {
			t.Errorf("left are %+v", keys)
		}
		second, err := r.RotateBucketKey(r.ctx, of("photos"), fresh.ID)
		r.must("rotate again", err)
		step(access.DeleteNew)
		_, err = r.auth(second.ID, second.Secret)
		wantUnknown(t, "the key that was given up", err)
		r.mustAuth(fresh)
	})
}

// TestActivity: counts, the first use and the last client are kept across a
// restart.
func TestActivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		k := r.createKey("photos")
		b, err := r.buckets.Get(r.ctx, "photos")
		r.must("bucket", err)
		first := time.Now().UTC()
		want := keyhaven.KeyActivity{FirstUsed: first, Address: "192.0.2.1", Action: "s3:GetObject"}
		check := func(what string) {
			t.Helper()
			u, a, err := r.Activity(r.ctx, account, k.ID)
			r.must("activity", err)
			if a != want || u.Service != "s3" {
				t.Errorf("%s: activity = %+v, %+v, want %+v", what, u, a, want)
			}
		}
		use := func(agent string) {
			t.Helper()
			req := request()
			req.Header.Set("User-Agent", agent)
			signer(k.ID, k.Secret).SignHeader(req, nil)
			id, err := r.Authenticate(req, "s3", "")
			r.must("authenticate", err)
			_, err = r.Decide(r.ctx, id, "s3:GetObject", access.Resource{ARN: "arn:aws:s3:::photos/k", Bucket: b})
			r.must("decide", err)
			want.Requests, want.UserAgent = want.Requests+1, agent
		}
		for i := range 3 {
			use(fmt.Sprint("client/", i))
			check("at once")
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		check("on disk")
		use("client/4")
		check("on top of what is on disk")
		r.reopen()
		check("after a restart")
		use("client/5")
		use("client/6")
		time.Sleep(time.Minute)
		check("after another minute")
		long := strings.Repeat("a", keyhaven.MaxAgent+10)
		use(long)
		want.UserAgent = long[:keyhaven.MaxAgent]
		check("a long name")
		_, _, err = r.Activity(r.ctx, other, k.ID)
		wantError(t, "another account's key", err, keyhaven.NotFound, keyhaven.NounAccessKey)
	})
}
