package access_test

import (
	"crypto/tls"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// statement is a document with one statement.
func statement(t testing.TB, kind policy.Kind, body string) []policy.Policy {
	t.Helper()
	if body == "" {
		return nil
	}
	d, err := policy.Parse(kind, []byte(`{"Version":"2012-10-17","Statement":[{`+body+`}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return []policy.Policy{{Document: d}}
}

const (
	allowAll  = `"Effect":"Allow","Action":"*","Resource":"*"`
	allowGet  = `"Effect":"Allow","Action":"s3:Get*","Resource":"*"`
	allowPut  = `"Effect":"Allow","Action":"s3:Put*","Resource":"*"`
	denyGet   = `"Effect":"Deny","Action":"s3:GetObject","Resource":"*"`
	onPhotos  = `"Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]`
	openToAll = `"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` + onPhotos
)

// TestS7_SourcesCombine: what decides beside the documents themselves: whose
// they are, and the settings of the bucket and of its account.
func TestS7_SourcesCombine(t *testing.T) {
	bob := keyhaven.Principal{Kind: keyhaven.UserPrincipal, Account: account, Arn: "arn:aws:iam::111122223333:user/bob", Name: "bob", ID: "AIDABOB"}
	stranger := bob
	stranger.Account, stranger.Arn = other, "arn:aws:iam::444455556666:user/bob"
	root := keyhaven.Principal{Kind: keyhaven.Root, Account: account}
	for name, c := range map[string]struct {
		who                          keyhaven.Principal
		identity, boundary, session  string
		bucket                       string
		block, accountBlock          keyhaven.PublicAccessBlock
		readonly                     bool
		action, want                 string // the end of the denial; "" is allowed
		lightsail, getObjectIsPublic bool
	}{
		"no policy":                {who: bob, want: "because no identity-based policy allows the s3:GetObject action"},
		"allow":                    {who: bob, identity: allowGet},
		"deny":                     {who: bob, identity: denyGet, want: "with an explicit deny in an identity-based policy"},
		"boundary":                 {who: bob, identity: allowAll, boundary: allowPut, want: "because no permissions boundary allows the s3:GetObject action"},
		"session":                  {who: bob, identity: allowAll, session: allowPut, want: "because no session policy allows the s3:GetObject action"},
		"bucket policy":            {who: bob, bucket: openToAll},
		"root, denied":             {who: root, bucket: `"Effect":"Deny","Principal":"*","Action":"s3:*",` + onPhotos, want: "with an explicit deny in a resource-based policy"},
		"root keeps the policy":    {who: root, action: "s3:DeleteBucketPolicy", bucket: `"Effect":"Deny","Principal":"*","Action":"s3:*",` + onPhotos},
		"anybody":                  {bucket: openToAll},
		"anybody, blocked":         {bucket: openToAll, block: keyhaven.RestrictPublicBuckets, want: "because no resource-based policy allows the s3:GetObject action"},
		"anybody, account blocked": {bucket: openToAll, accountBlock: keyhaven.RestrictPublicBuckets, want: "because no resource-based policy allows the s3:GetObject action"},
		"own account, blocked":     {who: bob, bucket: openToAll, block: keyhaven.RestrictPublicBuckets},
		"stranger, one side":       {who: stranger, identity: allowAll, want: "because no resource-based policy allows the s3:GetObject action"},
		"stranger, other side":     {who: stranger, bucket: openToAll, want: "because no identity-based policy allows the s3:GetObject action"},
		"stranger, both":           {who: stranger, identity: allowGet, bucket: openToAll},
		"stranger, blocked":        {who: stranger, identity: allowGet, bucket: openToAll, block: keyhaven.RestrictPublicBuckets, want: "because no resource-based policy allows the s3:GetObject action"},
		"reader":                   {who: stranger, identity: allowGet, readonly: true},
		"reader without allow":     {who: stranger, readonly: true, want: "because no identity-based policy allows the s3:GetObject action"},
		"reader writes":            {who: stranger, identity: allowAll, readonly: true, action: "s3:PutObject", want: "because no resource-based policy allows the s3:PutObject action"},
		"reader of a public one":   {who: stranger, identity: allowAll, readonly: true, getObjectIsPublic: true, lightsail: true, block: keyhaven.RestrictPublicBuckets, want: "because no resource-based policy allows the s3:GetObject action"},
		"rules":                    {getObjectIsPublic: true},
		"rules, ignored":           {getObjectIsPublic: true, accountBlock: keyhaven.IgnorePublicACLs, want: "because no resource-based policy allows the s3:GetObject action"},
		"rules, restricted":        {getObjectIsPublic: true, lightsail: true, accountBlock: keyhaven.RestrictPublicBuckets, want: "because no resource-based policy allows the s3:GetObject action"},
		"rules, denied":            {who: bob, getObjectIsPublic: true, identity: denyGet, want: "with an explicit deny in an identity-based policy"},
		"other condition":          {bucket: openToAll + `,"Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, want: "because no resource-based policy allows the s3:GetObject action"},
		"condition":                {bucket: openToAll + `,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"Bool":{"aws:SecureTransport":"true"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, memkv.New())
			r.must("put account", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
				return tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "canonical", PublicAccessBlock: c.accountBlock})
			}))
			b, err := r.buckets.Get(r.ctx, "photos")
			r.must("get bucket", err)
			r.must("configure", r.buckets.Configure(r.ctx, b, func(b *keyhaven.Bucket) error {
				b.PublicAccessBlock, b.AccessRules.GetObjectPublic, b.ViaLightsail = c.block, c.getObjectIsPublic, c.lightsail
				if c.readonly {
					b.ReadonlyAccounts = []keyhaven.AccountID{other}
				}
				return nil
			}))
			if c.bucket != "" {
				r.must("set policy", r.buckets.SetConfig(r.ctx, b, keyhaven.ConfigPolicy, statement(t, policy.Resource, c.bucket)[0].Document))
			}
			b, err = r.buckets.Get(r.ctx, "photos")
			r.must("get bucket", err)
			req := httptest.NewRequest("GET", "/photos/k", nil)
			req.RemoteAddr, req.TLS = "192.0.2.7:1234", &tls.ConnectionState{}
			req.Header.Set("X-Forwarded-For", "198.51.100.7") // nobody may choose an address (S5)
			id := &access.Identity{Principal: c.who, HTTP: req, Policies: &access.Policies{
				Identity: statement(t, policy.Identity, c.identity), Boundary: statement(t, policy.Identity, c.boundary),
				Session: statement(t, policy.Identity, c.session),
			}}
			action := "s3:GetObject"
			if c.action != "" {
				action = c.action
			}
			err = r.Authorize(r.ctx, id, action, access.Resource{ARN: "arn:aws:s3:::photos/k", Bucket: b})
			if c.want == "" && err == nil {
				return
			}
			e, ok := errors.AsType[*keyhaven.Error](err)
			if !ok || c.want == "" || !strings.HasSuffix(e.Msg, c.want) {
				t.Errorf("Authorize() = %v, want %q", err, c.want)
			}
		})
	}
}

// TestConditionKeys: what the server tells of a request, whatever the client
// sends.
func TestConditionKeys(t *testing.T) {
	r := newRig(t, memkv.New())
	user := keyhaven.Principal{Kind: keyhaven.UserPrincipal, Account: account, Arn: "arn:aws:iam::111122223333:user/bob", Name: "bob", ID: "AIDABOB"}
	session := keyhaven.Principal{Kind: keyhaven.RoleSession, Account: account, Arn: "arn:aws:sts::111122223333:assumed-role/r/s", RoleARN: "arn:aws:iam::111122223333:role/r", Name: "s", ID: "AROAR", Temporary: true}
	proved := user
	proved.Temporary, proved.MFA = true, time.Now().Add(-time.Hour)
	req := httptest.NewRequest("GET", "/photos/k", nil)
	req.RemoteAddr = "[2001:db8::1]:99"
	req.Header.Set("User-Agent", "curl/8")
	req.Header.Set("Referer", "https://example.com/")
	for _, c := range []struct {
		who       keyhaven.Principal
		condition string
	}{
		{user, `"StringEquals":{"aws:username":"bob","aws:userid":"AIDABOB","aws:PrincipalType":"User","aws:PrincipalAccount":"111122223333"}`},
		{user, `"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/bob"},"StringEquals":{"aws:ResourceAccount":"111122223333"}`},
		{user, `"StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:PrincipalTag/team":"red","aws:ResourceTag/Env":"prod"}`},
		{user, `"IpAddress":{"aws:SourceIp":"2001:db8::/32"},"Bool":{"aws:SecureTransport":"false","aws:ViaAWSService":"false"}`},
		{user, `"StringLike":{"aws:UserAgent":"curl/*","aws:Referer":"https://example.com/*"},"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"NumericGreaterThan":{"aws:EpochTime":"1700000000"}`},
		{user, `"Null":{"aws:TokenIssueTime":"true","aws:SourceVpc":"true","s3:prefix":"true"}`},
		{session, `"Null":{"aws:username":"true"},"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/r"},"StringEquals":{"aws:userid":"AROAR:s","aws:PrincipalType":"AssumedRole"}`},
		{user, `"Null":{"aws:MultiFactorAuthPresent":"true","aws:MultiFactorAuthAge":"true"},"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`},
		{session, `"Bool":{"aws:MultiFactorAuthPresent":"false"},"Null":{"aws:MultiFactorAuthAge":"true"}`},
		{proved, `"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericGreaterThan":{"aws:MultiFactorAuthAge":"3599"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3700"}`},
		{keyhaven.Principal{Kind: keyhaven.FederatedUser, Account: account, Name: "jo"}, `"StringEquals":{"aws:PrincipalType":"FederatedUser","aws:userid":"111122223333:jo"}`},
	} {
		id := &access.Identity{Principal: c.who, Region: "eu-west-1", HTTP: req, Policies: &access.Policies{
			Identity: statement(t, policy.Identity, allowAll+`,"Condition":{`+c.condition+`}`),
			Tags:     []keyhaven.Tag{{Key: "Team", Value: "red"}},
			Keys:     policy.Values{"aws:multifactorauthpresent": {"true"}, "aws:multifactorauthage": {"0"}}, // which a session cannot claim
		}}
		if err := r.Authorize(r.ctx, id, "s3:GetObject", access.Resource{ARN: "arn:aws:s3:::b/k", Tags: []keyhaven.Tag{{Key: "env", Value: "prod"}}}); err != nil {
			t.Errorf("%s: %v", c.condition, err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	r := newRig(b, memkv.New())
	bucket, err := r.buckets.Get(r.ctx, "photos")
	r.must("get bucket", err)
	id := &access.Identity{
		Principal: keyhaven.Principal{Kind: keyhaven.UserPrincipal, Account: account, Arn: "arn:aws:iam::111122223333:user/bob"},
		Policies:  &access.Policies{Identity: statement(b, policy.Identity, allowAll)},
	}
	res := access.Resource{ARN: "arn:aws:s3:::photos/k", Bucket: bucket}
	views := r.engine.views.Load()
	b.ReportAllocs()
	for b.Loop() {
		if d, err := r.Decide(r.ctx, id, "s3:GetObject", res); err != nil || !d.Allowed {
			b.Fatal(d, err)
		}
	}
	if n := r.engine.views.Load() - views; n > 1 {
		b.Errorf("%d reads of the store", n)
	}
}
