package s3

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/policy"
)

var (
	errNoPolicy       = &wireError{code: "NoSuchBucketPolicy", status: 404, message: "The bucket policy does not exist"}
	errBadPolicy      = &wireError{code: "MalformedPolicy", status: 400, message: "This policy contains invalid Json"}
	errPolicyTooLarge = errBadPolicy.with("Normalized policy document exceeds the maximum allowed size of 20480 bytes.")
	errPublicPolicy   = errAccessDenied.with("Access Denied: public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
)

// putBucketPolicy sets the policy of the bucket, which acts on the next request
// (API reference, PutBucketPolicy).
func (d *Door) putBucketPolicy(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	text, err := b.readAll(policy.MaxBucketDocument, errPolicyTooLarge)
	if err != nil {
		return err
	}
	doc, err := d.parsePolicy(c, text)
	if e, ok := errors.AsType[*policy.Error](err); ok {
		return errBadPolicy.with(e.Msg)
	}
	if err != nil {
		return err
	}
	block, err := d.access.PublicAccessBlock(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	if block.Has(keyhaven.BlockPublicPolicy) && doc.Public() {
		return errPublicPolicy
	}
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigPolicy, doc); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Door) parsePolicy(c *call, text []byte) (*policy.Document, error) {
	doc, err := policy.Parse(policy.Resource, text)
	if err != nil {
		return nil, err
	}
	if err := doc.ForBucket(c.bucketName, d.actions.onBucket, d.actions.onObject); err != nil {
		return nil, err
	}
	return doc, d.access.CheckPrincipals(c.r.Context(), doc)
}

// bucketPolicy is the bucket's policy; an error when it has none.
func (d *Door) bucketPolicy(c *call) (*policy.Document, error) {
	doc, err := bucket.Config[policy.Document](c.r.Context(), d.buckets, c.bucket, keyhaven.ConfigPolicy)
	if err == nil && doc == nil {
		err = errNoPolicy.and("BucketName", c.bucketName)
	}
	return doc, err
}

// getBucketPolicy sends the policy to the letter (API reference,
// GetBucketPolicy).
func (d *Door) getBucketPolicy(c *call) error {
	doc, err := d.bucketPolicy(c)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(doc.Text())))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(doc.Text()) // the client is gone: there is nobody to tell
	return nil
}

// deleteBucketPolicy removes the policy (API reference, DeleteBucketPolicy).
func (d *Door) deleteBucketPolicy(c *call) error {
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigPolicy, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// getBucketPolicyStatus tells whether the policy makes the bucket public (API
// reference, GetBucketPolicyStatus).
func (d *Door) getBucketPolicyStatus(c *call) error {
	doc, err := d.bucketPolicy(c)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("PolicyStatus")
	x.bool("IsPublic", doc.Public())
	x.close("PolicyStatus")
	x.write(c.w, http.StatusOK)
	return nil
}

// actionScopes tells what actions, in lower case, act on: what the rows do that
// need them.
type actionScopes map[string][2]bool // on a bucket, on an object

func newActionScopes(ops []*operation) actionScopes {
	all := actionScopes{}
	add := func(action string, on scope) {
		s := all[strings.ToLower(action)]
		s[0], s[1] = s[0] || on == onBucket, s[1] || on == onObject
		all[strings.ToLower(action)] = s
	}
	for _, op := range ops {
		on := op.scope
		if op.perKey || op.form { // the objects that the request names
			on = onObject
		}
		add(op.action, on)
		if op.versionAction != "" {
			add(op.versionAction, on)
		}
	}
	for _, action := range objectActions {
		add(action, onObject)
	}
	return all
}

// objectActions are those on objects that no row has for its own.
var objectActions = []string{
	"s3:BypassGovernanceRetention", "s3:GetObjectVersionTorrent", "s3:GetObjectVersionForReplication",
	"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner",
}

func (a actionScopes) onBucket(action string) bool { return a[action][0] }
func (a actionScopes) onObject(action string) bool { return a[action][1] }
