package lightsail_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// asUser is the service of access whose callers, all verified as the root, are a
// user with one policy.
type asUser struct {
	*access.Service
	doc *policy.Document
}

func (a *asUser) Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error) {
	id, err := a.Service.Authenticate(r, service, bodyHash)
	if err != nil {
		return nil, err
	}
	id.Principal.Kind, id.Principal.Arn = keyhaven.UserPrincipal, "arn:aws:iam::"+string(ownAccount)+":user/bob"
	id.Policies = &access.Policies{Identity: []policy.Policy{{Document: a.doc}}}
	return id, nil
}

// user returns a client of a user who has the statements, and whose policy can
// be replaced.
func (s *server) user(t *testing.T) (c *sdk.Client, set func(statements string)) {
	t.Helper()
	user := &asUser{Service: s.access}
	door := lightsail.New(lightsail.Options{Access: user, Buckets: s.buckets, Metrics: s.metrics, Machines: s.machines, URL: func(b *keyhaven.Bucket) string { return "http://" + b.Name }})
	s.framed = edge.New(edge.Options{S3: door, Log: slog.New(slog.DiscardHandler)})
	return s.client(root, "us-east-2"), func(statements string) {
		t.Helper()
		doc, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		user.doc = doc
	}
}

// TestIAM17_FullAccess and what a statement about other services gives.
func TestIAM17_FullAccess(t *testing.T) {
	s := newServer(t)
	c, set := s.user(t)
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"*"}`)
	createBucket(t, c, "abc-def")
	must(c.GetBuckets(t.Context(), nil))(t)
	set(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	_, err := c.GetBuckets(t.Context(), nil)
	wantError(t, err, "AccessDeniedException")
	const want = "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: lightsail:GetBuckets on resource: * because no identity-based policy allows the lightsail:GetBuckets action"
	if !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("GetBuckets = %v", err)
	}
}

// TestIAM19_OneBucket: a permission on the ARN of one bucket is one for that
// bucket.
func TestIAM19_OneBucket(t *testing.T) {
	s := newServer(t)
	c, set := s.user(t)
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"*"}`)
	createBucket(t, c, "mine")
	createBucket(t, c, "other")
	b := getBucket(t, c, "mine")
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"` + *b.Arn + `"}`)
	_, err := c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("other")})
	wantError(t, err, "AccessDeniedException")
	_, err = c.GetBuckets(t.Context(), nil)
	wantError(t, err, "AccessDeniedException")
	_, err = c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("nope")})
	wantError(t, err, "AccessDeniedException") // it is not told that there is none
	must(c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("mine")}))(t)
}

// TestIAM20_Tags: permissions by the tags of a bucket, and by those of the
// request.
func TestIAM20_Tags(t *testing.T) {
	s := newServer(t)
	c, set := s.user(t)
	ctx := context.Background()
	tag := func(v string) []types.Tag { return []types.Tag{{Key: aws.String("Env"), Value: aws.String(v)}} }
	create := func(name, env string) error {
		_, err := c.CreateBucket(ctx, &sdk.CreateBucketInput{BucketName: aws.String(name), BundleId: aws.String("small_1_0"), Tags: tag(env)})
		return err
	}
	set(`{"Effect":"Allow","Action":"lightsail:CreateBucket","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/Env":"test"},"ForAllValues:StringEquals":{"aws:TagKeys":["Env"]}}}`)
	wantError(t, create("prod-1", "prod"), "AccessDeniedException")
	if err := create("test-1", "test"); err != nil {
		t.Error(err)
	}
	set(`{"Effect":"Allow","Action":"lightsail:CreateBucket","Resource":"*"}`)
	if err := create("prod-1", "prod"); err != nil {
		t.Error(err)
	}
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/env":"test"}}}`)
	update := func(name string) error {
		_, err := c.UpdateBucket(ctx, &sdk.UpdateBucketInput{BucketName: aws.String(name), Versioning: aws.String("Enabled")})
		return err
	}
	wantError(t, update("prod-1"), "AccessDeniedException")
	if err := update("test-1"); err != nil {
		t.Error(err)
	}
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"*"},{"Effect":"Deny","Action":"lightsail:UntagResource","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["Env"]}}}`)
	_, err := c.UntagResource(ctx, &sdk.UntagResourceInput{ResourceName: aws.String("test-1"), TagKeys: []string{"Env"}})
	wantError(t, err, "AccessDeniedException")
	must(c.UntagResource(ctx, &sdk.UntagResourceInput{ResourceName: aws.String("test-1"), TagKeys: []string{"other"}}))(t)
}

// TestXACC01_ReadonlyAccounts: the list is stored as it is given.
func TestXACC01_ReadonlyAccounts(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	ids := []string{"444455556666", "777788889999"}
	out := must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def"), ReadonlyAccessAccounts: ids}))(t)
	if got := out.Bucket.ReadonlyAccessAccounts; len(got) != 2 || got[0] != ids[0] {
		t.Errorf("UpdateBucket = %q", got)
	}
	if got := getBucket(t, c, "abc-def").ReadonlyAccessAccounts; len(got) != 2 || got[1] != ids[1] {
		t.Errorf("GetBuckets = %q", got)
	}
}

// TestXACC03_TenAccounts: ten accounts may read, an eleventh refuses the call,
// and the ten stay.
func TestXACC03_TenAccounts(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	ids := make([]string, 11)
	for i := range ids {
		ids[i] = fmt.Sprintf("%012d", 444455556666+i)
	}
	set := func(ids []string) error {
		_, err := c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def"), ReadonlyAccessAccounts: ids})
		return err
	}
	if err := set(ids[:10]); err != nil {
		t.Fatalf("ten accounts: %v", err)
	}
	wantError(t, set(ids), "InvalidInputException")
	if got := getBucket(t, c, "abc-def").ReadonlyAccessAccounts; !slices.Equal(got, ids[:10]) {
		t.Errorf("GetBuckets = %q, want the ten", got)
	}
}

// TestPERM13_BlockSync: GetBuckets tells whether the account's block of public
// access acts on buckets; it is always in step.
func TestPERM13_BlockSync(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	for block, want := range map[keyhaven.PublicAccessBlock]bool{
		0: false, keyhaven.BlockConfigured: false, keyhaven.BlockConfigured | keyhaven.IgnorePublicACLs: true,
	} {
		if err := s.access.SetAccountPublicAccessBlock(t.Context(), ownAccount, block); err != nil {
			t.Fatal(err)
		}
		sync := must(c.GetBuckets(t.Context(), nil))(t).AccountLevelBpaSync
		if sync.Status != types.AccountLevelBpaSyncStatusInSync || aws.ToBool(sync.BpaImpactsLightsail) != want || sync.LastSyncedAt == nil {
			t.Errorf("block %d: accountLevelBpaSync = %+v", block, sync)
		}
	}
}

// TestS3_LightsailPolicyMatrix holds each operation against each way in which a
// user's policies combine.
func TestS3_LightsailPolicyMatrix(t *testing.T) {
	s := newServer(t)
	_, set := s.user(t)
	for _, name := range s.door.Operations() {
		action := "lightsail:" + name
		for variant, c := range map[string]struct {
			statements string
			allowed    bool
		}{
			"other":         {`{"Effect":"Allow","NotAction":"` + action + `","Resource":"*"}`, false},
			"allow":         {`{"Effect":"Allow","Action":"` + action + `","Resource":"*"}`, true},
			"deny":          {`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"` + action + `","Resource":"*"}`, false},
			"of a bucket":   {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:lightsail:us-east-2:111122223333:Bucket/1"}`, false},
			"with a secure": {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, false},
		} {
			set(c.statements)
			w := s.post(t, root, "Lightsail_20161128."+name, "{}")
			if denied := strings.Contains(w.Body.String(), "AccessDeniedException"); denied == c.allowed {
				t.Errorf("%s, %s: %s", name, variant, w.Body)
			}
		}
	}
}
