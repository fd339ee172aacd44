package s3

import (
	"encoding/json"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// dataOnBucket are the operations on a bucket that are about its objects: for
// CloudTrail they are data events, for which there are access logs (CloudTrail
// User Guide, "Amazon S3 CloudTrail events").
var dataOnBucket = map[string]bool{
	"ListObjects": true, "ListObjectsV2": true, "ListObjectVersions": true, "ListMultipartUploads": true,
	"DeleteObjects": true, "PostObject": true, "HeadBucket": true, "CreateSession": true,
}

// describe tells the audit log of a management call.
func (c *call) describe() {
	if c.op == nil || c.op.scope == onObject || dataOnBucket[c.op.name] || c.id.Principal.Kind == keyhaven.Anonymous {
		return
	}
	parameters := map[string]string{"Host": c.r.Host}
	if c.bucketName != "" {
		parameters["bucketName"] = c.bucketName
	}
	if c.op.param != "" {
		parameters[c.op.param] = c.op.value
	}
	text, err := json.Marshal(parameters)
	if err != nil {
		text = nil // strings always marshal
	}
	c.record.Management = &edge.Management{
		Source: "s3.amazonaws.com", Region: c.id.Region, Parameters: text,
		ReadOnly: c.r.Method == http.MethodGet || c.r.Method == http.MethodHead,
	}
	if c.bucketName != "" {
		c.record.Management.Resources = []string{c.resource(c.subject()).ARN}
	}
}
