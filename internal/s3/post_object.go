package s3

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// authenticateForm reads an HTML form up to its file and verifies its signature
// and its policy. A form with neither is anonymous. From here on the key is the
// form's, and its fields are the request's headers.
func (d *Door) authenticateForm(c *call) error {
	f, err := c.readForm()
	if err != nil {
		return err
	}
	c.form, c.key = f, f.get("key")
	c.record.Key = c.key
	if c.id, err = d.formIdentity(c, f); err != nil {
		return err
	}
	c.record.Principal = &c.id.Principal
	return f.asHeaders(c.r.Header)
}

// signedFields are what a form with a policy must have.
var signedFields = []string{"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}

func (d *Door) formIdentity(c *call, f *postForm) (*access.Identity, error) {
	policy, signed := f.lookup("policy")
	_, v2 := f.lookup("awsaccesskeyid")
	if !signed && !v2 {
		if _, has := f.lookup("x-amz-signature"); has {
			return nil, errMissingField("policy")
		}
		return access.Nobody(c.r), nil
	}
	if !v2 {
		for _, name := range signedFields {
			if f.get(name) == "" {
				return nil, errMissingField(name)
			}
		}
	}
	id, err := d.access.AuthenticateForm(c.r, "s3", sigv4.Form{
		Algorithm: f.get("x-amz-algorithm"), Credential: f.get("x-amz-credential"), Date: f.get("x-amz-date"),
		Signature: f.get("x-amz-signature"), SessionToken: f.get("x-amz-security-token"), Policy: policy, Version2: v2,
	})
	if e, ok := errors.AsType[*sigv4.Error](err); ok && formFields[e.Reason] != "" {
		name := formFields[e.Reason]
		return nil, errInvalidArgument.with(e.Detail).and("ArgumentName", name).and("ArgumentValue", f.get(name))
	}
	if err != nil {
		return nil, err
	}
	if f.parsed, err = parsePostPolicy(policy); err != nil {
		return nil, err
	}
	return id, f.parsed.check(f, c.bucketName, time.Now())
}

// formFields are the fields that an unreadable signature is about.
var formFields = map[sigv4.Reason]string{
	sigv4.UnsupportedAlgorithm: "x-amz-algorithm", sigv4.Malformed: "x-amz-credential",
	sigv4.BadDate: "x-amz-date", sigv4.DateScopeMismatch: "x-amz-date",
}

// formTags reads the tagging field, a document as PutObjectTagging's, and writes
// it as the header x-amz-tagging.
func formTags(text string) (string, error) {
	var req taggingRequest
	if err := parseXML([]byte(text), &req); err != nil {
		return "", err
	}
	tags, err := req.tags()
	if err != nil {
		return "", err
	}
	pairs := make([]string, len(tags))
	for i, t := range tags {
		pairs[i] = url.QueryEscape(t.Key) + "=" + url.QueryEscape(t.Value)
	}
	return strings.Join(pairs, "&"), keyhaven.ValidateObjectTags(tags)
}

// postObject stores the file of an HTML form (API reference, "POST Object").
func (d *Door) postObject(c *call) error {
	sum, err := readAnnouncedSum(c.r.Header, false)
	if err != nil {
		return err
	}
	b := &body{size: -1, sum: sum}
	if a, err := checksumAlgorithm(c.r.Header); err != nil {
		return err
	} else if sum.algorithm == keyhaven.ChecksumNone {
		b.sum.algorithm = a
	}
	if b.md5, err = contentMD5(c.r.Header); err != nil {
		return err
	}
	attrs, err := d.attributes(c)
	if err != nil {
		return err
	}
	o, err := d.objects.Put(c.r.Context(), object.PutInput{
		Bucket: c.bucket, Key: c.key, Body: c.form.bounded(), Size: -1,
		Attributes: attrs, Integrity: b.integrity(),
	})
	if err != nil {
		return err
	}
	h := c.w.Header()
	h["Etag"] = []string{quoted(o.ETag)}
	setChecksum(h, o.Checksum)
	c.setWritten(o.Version)
	c.writePosted(o)
	return nil
}

// bounded is the file, which must be within the policy's content-length-range.
func (f *postForm) bounded() io.Reader {
	if f.parsed == nil {
		return f.file
	}
	return &boundedFile{r: f.file, min: f.parsed.min, max: f.parsed.max}
}

type boundedFile struct {
	r           io.Reader
	n, min, max int64
}

func (b *boundedFile) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	switch {
	case b.n > b.max:
		return n, errEntityTooLarge.and("ProposedSize", itoa(b.n)).and("MaxSizeAllowed", itoa(b.max))
	case errors.Is(err, io.EOF) && b.n < b.min:
		return n, errEntityTooSmall.and("ProposedSize", itoa(b.n)).and("MinSizeAllowed", itoa(b.min))
	}
	return n, err
}

var errEntityTooSmall = &wireError{code: "EntityTooSmall", status: 400, message: "Your proposed upload is smaller than the minimum allowed size"}

// writePosted answers as the form asks for: by a redirect, or with a status.
func (c *call) writePosted(o *keyhaven.Object) {
	h := c.w.Header()
	if to := c.form.redirect(c.bucketName, o); to != "" {
		h.Set("Location", to)
		c.w.WriteHeader(http.StatusSeeOther)
		return
	}
	h.Set("Location", c.location())
	switch c.form.get("success_action_status") {
	case "200":
		c.ok()
	case "201":
		x := newDocument()
		x.open("PostResponse")
		x.element("Location", c.location())
		x.element("Bucket", c.bucketName)
		x.element("Key", c.key)
		x.etag(o.ETag)
		x.close("PostResponse")
		x.write(c.w, http.StatusCreated)
	default:
		c.w.WriteHeader(http.StatusNoContent)
	}
}

// redirect is where success_action_redirect, or its older name, sends the
// browser; "" when it is no web address, as if the field was not there.
func (f *postForm) redirect(bucketName string, o *keyhaven.Object) string {
	to, ok := f.lookup("success_action_redirect")
	if !ok {
		to = f.get("redirect")
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	q := "bucket=" + url.QueryEscape(bucketName) + "&key=" + url.QueryEscape(o.Key) + "&etag=" + url.QueryEscape(quoted(o.ETag))
	if u.RawQuery != "" {
		q = u.RawQuery + "&" + q
	}
	u.RawQuery = q
	return u.String()
}
