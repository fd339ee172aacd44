package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// The rights of a bucket key to its own bucket (spec/access-keys.md §4), spelled
// out: an action that is not here must be denied.
var (
	objectActions = strings.Fields(`s3:GetObject s3:GetObjectVersion s3:GetObjectAttributes s3:GetObjectVersionAttributes
		s3:PutObject s3:DeleteObject s3:DeleteObjectVersion s3:GetObjectAcl s3:GetObjectVersionAcl s3:PutObjectAcl s3:PutObjectVersionAcl
		s3:GetObjectTagging s3:GetObjectVersionTagging s3:PutObjectTagging s3:PutObjectVersionTagging
		s3:DeleteObjectTagging s3:DeleteObjectVersionTagging s3:AbortMultipartUpload s3:ListMultipartUploadParts`)
	bucketActions = strings.Fields(`s3:ListBucket s3:ListBucketVersions s3:ListBucketMultipartUploads s3:GetBucketLocation
		s3:GetBucketVersioning s3:GetBucketCORS s3:GetBucketAcl s3:GetBucketTagging s3:GetBucketPublicAccessBlock s3:GetBucketOwnershipControls`)
	deniedActions = strings.Fields(`s3:CreateBucket s3:DeleteBucket s3:PutBucketVersioning s3:PutBucketCORS s3:PutBucketPolicy
		s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketAcl s3:PutBucketLogging s3:PutBucketTagging s3:PutLifecycleConfiguration
		s3:PutBucketWebsite s3:PutBucketNotification s3:PutReplicationConfiguration s3:PutEncryptionConfiguration
		s3:PutBucketPublicAccessBlock s3:PutBucketOwnershipControls s3:BypassGovernanceRetention s3:PutObjectRetention
		lightsail:GetBuckets lightsail:DeleteBucket lightsail:CreateBucketAccessKey lightsail:GetBucketAccessKeys
		iam:CreateAccessKey sts:GetCallerIdentity s3:* * s3:getobject`)
)

// TestDecide is the matrix of principals, actions and states of a bucket (S3,
// KEY-18 to KEY-20; spec/bucket-semantics.md §4.3).
func TestDecide(t *testing.T) {
	mine := func(rules keyhaven.AccessRules) *keyhaven.Bucket {
		return &keyhaven.Bucket{ID: keyhaven.BucketID{1}, Name: "photos", Account: account, AccessRules: rules}
	}
	private, individual := keyhaven.AccessRules{}, keyhaven.AccessRules{AllowPublicOverrides: true}
	public, both := keyhaven.AccessRules{GetObjectPublic: true}, keyhaven.AccessRules{GetObjectPublic: true, AllowPublicOverrides: true}
	key := keyhaven.Principal{Kind: keyhaven.BucketKey, Account: account, AccessKeyID: "AKIA", BucketID: keyhaven.BucketID{1}, BucketName: "photos"}
	otherKey, oldKey := key, key
	otherKey.BucketID, otherKey.BucketName = keyhaven.BucketID{2}, "films"
	oldKey.BucketID = keyhaven.BucketID{3} // of a bucket of the same name, deleted since
	principals := map[string]*keyhaven.Principal{
		"root": {Kind: keyhaven.Root, Account: account}, "other root": {Kind: keyhaven.Root, Account: other, CanonicalID: "c0ffee"},
		"key": &key, "other key": &otherKey, "old key": &oldKey, "anonymous": {}, "unknown kind": {Kind: 99, Account: account},
	}
	perms := map[string]keyhaven.Permission{
		"s3:GetObject": keyhaven.PermissionRead, "s3:GetObjectVersion": keyhaven.PermissionRead,
		"s3:GetObjectAcl": keyhaven.PermissionReadACP, "s3:GetObjectVersionAcl": keyhaven.PermissionReadACP,
		"s3:PutObjectAcl": keyhaven.PermissionWriteACP, "s3:PutObjectVersionAcl": keyhaven.PermissionWriteACP,
	}
	r := newRig(t, memkv.New())
	deny, allow := access.Decision{}, access.Decision{Allowed: true}
	for name, p := range principals {
		for rules, bucket := range map[string]*keyhaven.Bucket{
			"private": mine(private), "individual": mine(individual), "public": mine(public), "both": mine(both), "no bucket": nil,
		} {
			for _, action := range slices.Concat([]string{"s3:ListAllMyBuckets"}, objectActions, bucketActions, deniedActions) {
				want := deny
				own := !slices.Contains(deniedActions, action) && action != "s3:ListAllMyBuckets"
				switch {
				case name == "root", name == "other root" && bucket == nil, name == "key" && own && bucket != nil:
					want = allow
				case p.Kind == keyhaven.BucketKey && action == "s3:ListAllMyBuckets":
					want = allow
				case action == "s3:GetObject" && bucket != nil && bucket.AccessRules.GetObjectPublic:
					want = allow
				case perms[action] != 0 && bucket != nil && bucket.AccessRules.AllowPublicOverrides:
					want = access.Decision{Allowed: true, ByACL: true, Permission: perms[action]}
					want.Caller.Authenticated = p.Kind != keyhaven.Anonymous && p.Kind != 99
					if name == "other root" {
						want.Caller.CanonicalID = p.CanonicalID
					}
				}
				got, err := r.Decide(r.ctx, &access.Identity{Principal: *p}, action, access.Resource{Bucket: bucket})
				if got = got.WithoutReason(); err != nil || got != want {
					t.Errorf("%s, %s, %s bucket: %+v, want %+v", name, action, rules, got, want)
				}
			}
		}
	}
}

// TestAuthorize: what is allowed only for objects that are public themselves is
// not allowed here, and a denial names who, what and where.
func TestAuthorize(t *testing.T) {
	r := newRig(t, memkv.New())
	b := &keyhaven.Bucket{ID: keyhaven.BucketID{1}, Account: account, AccessRules: keyhaven.AccessRules{AllowPublicOverrides: true}}
	res := access.Resource{ARN: "arn:aws:s3:::photos/k", Bucket: b}
	anonymous := &access.Identity{}
	err := r.Authorize(r.ctx, anonymous, "s3:GetObject", res)
	wantError(t, "Authorize", err, keyhaven.Denied, keyhaven.NounNone)
	if want := "Anonymous user is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::photos/k\" because no resource-based policy allows the s3:GetObject action"; !strings.Contains(err.Error(), want) {
		t.Errorf("Authorize() = %q, want %q", err, want)
	}
	b.AccessRules.GetObjectPublic = true
	if err := r.Authorize(r.ctx, anonymous, "s3:GetObject", res); err != nil {
		t.Errorf("Authorize() = %v", err)
	}
	id := &access.Identity{Principal: keyhaven.Principal{Kind: keyhaven.BucketKey, Account: account, BucketName: "films", AccessKeyID: "AKIA"}}
	err = r.Authorize(r.ctx, id, "lightsail:GetBuckets", access.Resource{})
	if want := "User: " + id.Principal.ARN() + " is not authorized to perform: lightsail:GetBuckets on resource: *"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Authorize() = %v, want %q", err, want)
	}
}
