package access

import (
	"slices"

	"github.com/keyhaven/keyhaven"
)

// What opens a bucket beside policies: access rules, access control lists, and
// the list of accounts that may read (spec/bucket-semantics.md §4).

// objectPermissions are the actions that an object's own list may allow.
var objectPermissions = map[string]keyhaven.Permission{
	"s3:GetObject":           keyhaven.PermissionRead,
	"s3:GetObjectVersion":    keyhaven.PermissionRead,
	"s3:GetObjectAcl":        keyhaven.PermissionReadACP,
	"s3:GetObjectVersionAcl": keyhaven.PermissionReadACP,
	"s3:PutObjectAcl":        keyhaven.PermissionWriteACP,
	"s3:PutObjectVersionAcl": keyhaven.PermissionWriteACP,
}

// bucketPermissions are those that the bucket's list may allow.
var bucketPermissions = map[string]keyhaven.Permission{
	"s3:ListBucket":                 keyhaven.PermissionRead,
	"s3:ListBucketVersions":         keyhaven.PermissionRead,
	"s3:ListBucketMultipartUploads": keyhaven.PermissionRead,
	"s3:PutObject":                  keyhaven.PermissionWrite,
	"s3:DeleteObject":               keyhaven.PermissionWrite,
	"s3:GetBucketAcl":               keyhaven.PermissionReadACP,
	"s3:PutBucketAcl":               keyhaven.PermissionWriteACP,
}

// readonlyActions are what an account on the list of readers may do.
var readonlyActions = map[string]bool{
	"s3:GetObject": true, "s3:GetObjectVersion": true,
	"s3:GetObjectAttributes": true, "s3:GetObjectVersionAttributes": true,
	"s3:ListBucket": true, "s3:ListBucketVersions": true, "s3:GetBucketLocation": true,
}

// readonlyMay reports whether the caller's account is on the bucket's list of
// readers. RestrictPublicBuckets shuts the list of a bucket that is all public
// (spec/bucket-semantics.md §4.5).
func readonlyMay(b *keyhaven.Bucket, p *keyhaven.Principal, action string, block keyhaven.PublicAccessBlock) bool {
	if block.Has(keyhaven.RestrictPublicBuckets) && b.AccessRules.GetObjectPublic {
		return false
	}
	return p.Kind != keyhaven.Anonymous && readonlyActions[action] && slices.Contains(b.ReadonlyAccounts, p.Account)
}

// listsCount reports whether access control lists have an effect in the bucket.
func listsCount(b *keyhaven.Bucket) bool {
	return b.AccessRules.AllowPublicOverrides && b.Ownership != keyhaven.BucketOwnerEnforced
}

// ignoresPublic reports whether public lists and rules are held back. Of a
// Lightsail bucket RestrictPublicBuckets makes everything private.
func ignoresPublic(b *keyhaven.Bucket, block keyhaven.PublicAccessBlock) bool {
	return block.Has(keyhaven.IgnorePublicACLs) || b.ViaLightsail && block.Has(keyhaven.RestrictPublicBuckets)
}

// noPublicVersions reports whether the action is the read of a version of a
// Lightsail bucket: what is public there is each object as it is now.
func noPublicVersions(b *keyhaven.Bucket, action string) bool {
	return b.ViaLightsail && action == "s3:GetObjectVersion"
}

// accountMayBucket reports whether the bucket's list grants the action to an
// account.
func accountMayBucket(b *keyhaven.Bucket, canonicalID, action string) bool {
	perm := bucketPermissions[action]
	return perm != 0 && listsCount(b) && b.ACL == keyhaven.ACLGrants &&
		keyhaven.Allows(b.Grants, perm, keyhaven.ACLCaller{CanonicalID: canonicalID, IgnorePublic: true})
}

// openBucket reports whether the action is open to anybody: the read of an
// object through the bucket's access rules, or what the bucket's list grants to
// all.
func openBucket(b *keyhaven.Bucket, id *Identity, action string, block keyhaven.PublicAccessBlock) bool {
	if ignoresPublic(b, block) {
		return false
	}
	if action == "s3:GetObject" && b.AccessRules.GetObjectPublic {
		return true
	}
	perm := bucketPermissions[action]
	return perm != 0 && listsCount(b) &&
		keyhaven.Allows(b.AccessList(""), perm, keyhaven.ACLCaller{Authenticated: id.Principal.Kind != keyhaven.Anonymous})
}

// ownBucket decides for a key of a bucket and for an instance that is attached
// to it: its objects, and the read-only answers about it that tools need
// (spec/access-keys.md §4).
func ownBucket(action string, res *Resource, bucket keyhaven.BucketID) bool {
	if action == "s3:ListAllMyBuckets" {
		return true // the listing holds its own bucket alone
	}
	return bucketKeyActions[action] && res.Bucket != nil && res.Bucket.ID == bucket
}

// bucketKeyActions are what a bucket key may do to its bucket.
var bucketKeyActions = map[string]bool{
	"s3:GetObject":                  true,
	"s3:GetObjectVersion":           true,
	"s3:GetObjectAttributes":        true,
	"s3:GetObjectVersionAttributes": true,
	"s3:PutObject":                  true,
	"s3:DeleteObject":               true,
	"s3:DeleteObjectVersion":        true,
	"s3:GetObjectAcl":               true,
	"s3:GetObjectVersionAcl":        true,
	"s3:PutObjectAcl":               true,
	"s3:PutObjectVersionAcl":        true,
	"s3:GetObjectTagging":           true,
	"s3:GetObjectVersionTagging":    true,
	"s3:PutObjectTagging":           true,
	"s3:PutObjectVersionTagging":    true,
	"s3:DeleteObjectTagging":        true,
	"s3:DeleteObjectVersionTagging": true,
	"s3:AbortMultipartUpload":       true,
	"s3:ListMultipartUploadParts":   true,
	"s3:ListBucket":                 true,
	"s3:ListBucketVersions":         true,
	"s3:ListBucketMultipartUploads": true,
	"s3:GetBucketLocation":          true,
	"s3:GetBucketVersioning":        true,
	"s3:GetBucketCORS":              true,
	"s3:GetBucketAcl":               true,
	"s3:GetBucketTagging":           true,
	"s3:GetBucketPublicAccessBlock": true,
	"s3:GetBucketOwnershipControls": true,
}
