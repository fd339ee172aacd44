package s3

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

// getObject sends an object (API reference, GetObject).
func (d *Door) getObject(c *call) error { return d.sendObject(c, false) }

// headObject describes an object (API reference, HeadObject).
func (d *Door) headObject(c *call) error { return d.sendObject(c, true) }

var errPartNumber = &wireError{code: "InvalidPartNumber", status: 416, message: "The requested partnumber is not satisfiable"}

func (d *Door) sendObject(c *call, head bool) error {
	in, err := d.getInput(c)
	if err != nil {
		return err
	}
	in.HeadOnly, in.ByACL = head, aclCheck(c.decision)
	content, err := d.objects.Get(c.r.Context(), in)
	if content == nil {
		c.describeMarker(err)
		if in.PartNumber != 0 && keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounPart) {
			return errPartNumber
		}
		return err
	}
	defer content.Close()
	h := c.w.Header()
	setObjectHeaders(h, &content.Object)
	c.setVersion(content.Version)
	if to := content.RedirectLocation; to != "" {
		h.Set("X-Amz-Website-Redirect-Location", to)
	}
	if n := len(content.Tags); n > 0 && d.also(c, c.taggingAction()) == nil {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(n))
	}
	c.setEncryption(content.Encryption)
	d.setLock(c, content.Lock)
	d.setExpiration(c, &content.Object)
	if errors.Is(err, object.ErrNotModified) {
		return err
	}
	c.overrideHeaders(h)
	status := c.describeContent(content)
	return c.stream(content, status)
}

// stream sends the head and, unless the request is a HEAD, the bytes.
func (c *call) stream(content *object.Content, status int) error {
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := content.WriteTo(c.w); err != nil {
		// The head is sent: the connection must break, so that the client does
		// not take what it has for the object.
		if c.r.Context().Err() == nil {
			c.record.Err = err
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (d *Door) getInput(c *call) (in object.GetInput, err error) {
	in = object.GetInput{Bucket: c.bucket, Key: c.key, Conditions: conditions(c.r.Header, "")}
	if in.Version, err = c.query.versionID(); err != nil {
		return in, err
	}
	if v := c.r.Header.Get("Range"); v != "" {
		in.Range = byteRange(v)
		in.Conditions.IfRange = c.r.Header.Get("If-Range")
	}
	if c.query.has("partNumber") {
		if in.Range != nil {
			return in, errInvalidRequest.with("Cannot specify both Range header and partNumber query parameter")
		}
		if in.PartNumber, err = partNumber(c.query.get("partNumber")); err != nil {
			return in, err
		}
	}
	if in.CustomerKey, err = c.readKey(); err != nil {
		return in, err
	}
	return in, c.mayOverride()
}

// taggingAction is what the number of tags needs.
func (c *call) taggingAction() string {
	if c.query.has("versionId") {
		return "s3:GetObjectVersionTagging"
	}
	return "s3:GetObjectTagging"
}

// describeMarker writes the headers that tell a delete marker from a key that
// never was.
func (c *call) describeMarker(err error) {
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok || e.Noun != keyhaven.NounDeleteMarker || c.hidesMissing() {
		return
	}
	h := c.w.Header()
	h.Set("X-Amz-Delete-Marker", "true")
	h.Set("X-Amz-Version-Id", e.ID)
	if e.Kind == keyhaven.Conflict {
		h.Set("Allow", "DELETE")
	}
}

// describeContent writes the headers about the bytes that follow and returns
// the status.
func (c *call) describeContent(content *object.Content) int {
	h := c.w.Header()
	c.record.ObjectSize = content.Size
	h["Content-Length"] = []string{strconv.FormatInt(content.Length, 10)}
	if c.query.has("partNumber") && content.PartsCount > 0 {
		h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(content.PartsCount))
	}
	if c.r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		switch {
		case content.Part != nil && content.Checksum.Type != keyhaven.Composite:
			// S3 keeps no sums of parts where there is one of the whole.
		case content.Part != nil:
			sum := content.Part.Checksum
			sum.Type = content.Checksum.Type
			setChecksum(h, sum)
		case content.Length == content.Size:
			setChecksum(h, content.Checksum)
		}
	}
	if !content.Partial {
		return http.StatusOK
	}
	if content.Length > 0 {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", content.Offset, content.Offset+content.Length-1, content.Size))
	}
	return http.StatusPartialContent
}

// overrides are the query parameters that replace headers of the answer.
var overrides = [...]struct{ param, header string }{
	{"response-content-type", "Content-Type"},
	{"response-content-language", "Content-Language"},
	{"response-expires", "Expires"},
	{"response-cache-control", "Cache-Control"},
	{"response-content-disposition", "Content-Disposition"},
	{"response-content-encoding", "Content-Encoding"},
}

// mayOverride refuses overrides to anonymous callers: anybody could make a
// public object look like another type.
func (c *call) mayOverride() error {
	if c.id.Principal.Kind != keyhaven.Anonymous {
		return nil
	}
	for _, o := range overrides {
		if c.query.has(o.param) {
			return errInvalidRequest.with("Request specific response headers cannot be used for anonymous GET requests.")
		}
	}
	return nil
}

func (c *call) overrideHeaders(h http.Header) {
	if len(c.query) == 0 {
		return
	}
	for _, o := range overrides {
		if c.query.has(o.param) {
			h.Set(o.header, c.query.get(o.param))
		}
	}
}
