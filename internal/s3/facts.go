package s3

import (
	"crypto/tls"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

// facts are the condition keys that this door knows of a request, about one
// subject of it (Service Authorization Reference, "Condition keys for Amazon
// S3"). A value is made when a policy asks for it. What cannot be looked up is
// kept as the call's contextErr, which fails the decision.
type facts struct {
	c  *call
	on subject
}

// Lookup implements policy.Context.
func (f *facts) Lookup(key string) []string {
	c := f.c
	service, name, _ := strings.Cut(key, ":")
	if service == "aws" {
		return f.requestTags(name)
	}
	if service != "s3" {
		return nil
	}
	if v, ok := c.signatureFact(name); ok {
		return v
	}
	if header, ok := strings.CutPrefix(name, "x-amz-"); ok {
		return c.headerFact("X-Amz-" + header)
	}
	if of, ok := strings.CutPrefix(name, "object-lock-"); ok {
		return c.lockFact(of)
	}
	switch name {
	case "prefix", "delimiter", "max-keys":
		return c.queryFact(name)
	case "versionid":
		if f.on.version != nil {
			return []string{f.on.version.String()}
		}
		if f.on.key == c.key && f.on.bucketName == c.bucketName {
			return c.queryFact("versionId")
		}
		return nil
	case "if-match", "if-none-match":
		return c.headerFact(name)
	case "objectcreationoperation":
		return []string{strconv.FormatBool(creates[c.op.name])}
	case "locationconstraint":
		if c.op.name != "CreateBucket" {
			return nil
		}
		req, err := c.creation()
		return c.fact(req.Location, err)
	case "requestobjecttagkeys":
		return access.TagKeys(f.objectTags())
	}
	return f.tagFact(name)
}

// tagFact looks up the keys that end in a tag's name.
func (f *facts) tagFact(name string) []string {
	kind, tag, _ := strings.Cut(name, "/")
	switch kind {
	case "requestobjecttag":
		return access.TagValue(f.objectTags(), tag)
	case "existingobjecttag":
		return access.TagValue(f.existingTags(), tag)
	case "buckettag":
		if f.on.bucket != nil {
			return access.TagValue(f.on.bucket.Tags, tag)
		}
	}
	return nil
}

// creates are the operations that make an object.
var creates = map[string]bool{
	"PutObject": true, "PostObject": true, "CopyObject": true, "CompleteMultipartUpload": true,
}

// signatureFact looks up the keys about how the request was signed and sent.
func (c *call) signatureFact(name string) (v []string, known bool) {
	sig := c.id.Signature
	switch name {
	case "authtype":
		switch {
		case sig == nil:
			return nil, true
		case c.form != nil:
			return []string{"POST"}, true
		case sig.Presigned:
			return []string{"REST-QUERY-STRING"}, true
		}
		return []string{"REST-HEADER"}, true
	case "signatureversion":
		if sig == nil {
			return nil, true
		}
		return []string{"AWS4-HMAC-SHA256"}, true
	case "signatureage":
		if sig == nil {
			return nil, true
		}
		return []string{strconv.FormatInt(time.Since(sig.Time).Milliseconds(), 10)}, true
	case "tlsversion":
		if c.r.TLS == nil || tlsVersions[c.r.TLS.Version] == "" {
			return nil, true
		}
		return []string{tlsVersions[c.r.TLS.Version]}, true
	}
	return nil, false
}

var tlsVersions = map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}

func (c *call) queryFact(name string) []string {
	if !c.query.has(name) {
		return nil
	}
	return []string{c.query.get(name)}
}

func (c *call) headerFact(name string) []string {
	v := c.r.Header[http.CanonicalHeaderKey(name)]
	if len(v) == 0 {
		return nil
	}
	return []string{strings.Join(v, ",")}
}

// fact keeps an error for the decision.
func (c *call) fact(v string, err error) []string {
	if err != nil {
		c.contextErr = err
		return nil
	}
	if v == "" {
		return nil
	}
	return []string{v}
}

// objectTags are the tags that the request gives an object.
func (f *facts) objectTags() []keyhaven.Tag {
	c := f.c
	var tags []keyhaven.Tag
	var err error
	if c.op.name == "PutObjectTagging" {
		tags, err = c.readTags()
	} else {
		tags, err = headerTags(c.r.Header)
	}
	if err != nil {
		c.contextErr = err
	}
	return tags
}

// existingTags are the tags that the object has.
func (f *facts) existingTags() []keyhaven.Tag {
	c := f.c
	if f.on.bucket == nil || f.on.key == "" {
		return nil
	}
	version := f.on.version
	if version == nil && f.on.key == c.key && f.on.bucketName == c.bucketName {
		var err error
		if version, err = c.query.versionID(); err != nil {
			c.contextErr = err
			return nil
		}
	}
	o, err := c.door.objects.Head(c.r.Context(), f.on.bucket, f.on.key, version)
	switch kind := keyhaven.KindOf(err); {
	case err == nil:
		return o.Tags
	case kind != keyhaven.NotFound && kind != keyhaven.Conflict: // of a delete marker
		c.contextErr = err
	}
	return nil
}

// requestTags look up aws:RequestTag and aws:TagKeys: the tags of a new bucket.
func (f *facts) requestTags(name string) []string {
	c := f.c
	tag, ok := strings.CutPrefix(name, "requesttag/")
	if c.op.name != "CreateBucket" || !ok && name != "tagkeys" {
		return nil
	}
	req, err := c.creation()
	if err != nil {
		c.contextErr = err
		return nil
	}
	if !ok {
		return access.TagKeys(req.tags())
	}
	return access.TagValue(req.tags(), tag)
}
