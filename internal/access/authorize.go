package access

import (
	"context"

	"github.com/keyhaven/keyhaven"
)

// Resource is what a request acts on.
type Resource struct {
	ARN    string           // for denials; "*" when there is none
	Bucket *keyhaven.Bucket // nil when the action is about no one bucket
}

// Decision is the answer to "may this caller do this".
type Decision struct {
	Allowed bool
	// PublicOnly allows the read of an object whose own ACL is public-read, and
	// of no other.
	PublicOnly bool
	// HideMissing says that the caller may not list the bucket, so that a
	// missing object must look like a forbidden one.
	HideMissing bool
}

// Authorize returns a *keyhaven.Error of kind Denied unless Decide allows the
// action unconditionally.
func (s *Service) Authorize(_ context.Context, id *Identity, action string, res Resource) error {
	if d := Decide(&id.Principal, action, res); d.Allowed && !d.PublicOnly {
		return nil
	}
	return Denied(&id.Principal, action, res)
}

// Denied is the refusal of an action, in AWS's words for denials.
func Denied(p *keyhaven.Principal, action string, res Resource) error {
	who := "User: " + p.ARN()
	if p.Kind == keyhaven.Anonymous {
		who = "Anonymous user"
	}
	arn := res.ARN
	if arn == "" {
		arn = "*"
	}
	return &keyhaven.Error{
		Kind: keyhaven.Denied, Noun: keyhaven.NounNone,
		Msg: who + " is not authorized to perform: " + action + " on resource: " + arn,
	}
}

// Decide is the one decision. The order is that of
// spec/bucket-semantics.md §4.3; policies come with the identity side.
func Decide(p *keyhaven.Principal, action string, res Resource) Decision {
	switch p.Kind {
	case keyhaven.Root:
		if res.Bucket == nil || res.Bucket.Account == p.Account {
			return Decision{Allowed: true}
		}
	case keyhaven.BucketKey:
		if ownBucket(p, action, res) {
			return Decision{Allowed: true}
		}
	}
	return public(action, res)
}

// ownBucket decides for a bucket key: the objects of its own bucket and the
// read-only answers about it that tools need (spec/access-keys.md §4).
func ownBucket(p *keyhaven.Principal, action string, res Resource) bool {
	if action == "s3:ListAllMyBuckets" {
		return true // the listing holds its own bucket alone
	}
	return bucketKeyActions[action] && res.Bucket != nil && res.Bucket.ID == p.BucketID
}

// public decides for anybody: the read of an object through the bucket's access
// rules.
func public(action string, res Resource) Decision {
	if action != "s3:GetObject" || res.Bucket == nil {
		return Decision{}
	}
	rules := res.Bucket.AccessRules
	switch {
	case rules.GetObjectPublic:
		return Decision{Allowed: true, HideMissing: true}
	case rules.AllowPublicOverrides:
		return Decision{Allowed: true, PublicOnly: true, HideMissing: true}
	}
	return Decision{}
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
