package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

const metaPrefix = "X-Amz-Meta-"

// notBuilt are headers of writes whose behaviour this release does not have.
// They are refused: to ignore one would be to promise what it asks for.
var notBuilt = []string{
	"X-Amz-Server-Side-Encryption-Context",
	"X-Amz-Write-Offset-Bytes",
}

// onlyBuilt refuses the request if it has one of them.
func (c *call) onlyBuilt() error {
	for _, name := range notBuilt {
		if len(c.r.Header[name]) > 0 {
			return errNotImplemented.and("Header", strings.ToLower(name))
		}
	}
	return nil
}

// attributes reads what a write stores with the object.
func (d *Door) attributes(c *call) (a object.Attributes, err error) {
	if err := c.onlyBuilt(); err != nil {
		return a, err
	}
	if a.Lock, err = d.lockHeaders(c); err != nil {
		return a, err
	}
	if a.SSE, err = d.encryptionRequest(c); err != nil {
		return a, err
	}
	h := c.r.Header
	if class := h.Get("X-Amz-Storage-Class"); class != "" && class != "STANDARD" {
		return a, &wireError{code: "InvalidStorageClass", status: 400, message: "The storage class you specified is not valid"}
	}
	a.Header = keyhaven.ObjectHeader{
		ContentType:        h.Get("Content-Type"),
		CacheControl:       h.Get("Cache-Control"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding:    contentEncoding(h),
		ContentLanguage:    h.Get("Content-Language"),
		Expires:            h.Get("Expires"),
	}
	if a.RedirectLocation = h.Get("X-Amz-Website-Redirect-Location"); a.RedirectLocation != "" && !keyhaven.ValidRedirectLocation(a.RedirectLocation) {
		return a, errRedirectLocation
	}
	if a.Metadata, err = userMetadata(h); err != nil {
		return a, err
	}
	acl, err := d.attributeACL(c)
	if err != nil {
		return a, err
	}
	a.ACL, a.Grants = acl.canned, acl.grants
	a.Tags, err = d.attributeTags(c)
	return a, err
}

var errRedirectLocation = &wireError{
	code: "InvalidRedirectLocation", status: 400,
	message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
}

// contentEncoding drops aws-chunked, which is about the transfer alone.
func contentEncoding(h http.Header) string {
	v := strings.Join(h["Content-Encoding"], ",")
	if !strings.Contains(v, "aws-chunked") {
		return v
	}
	var keep []string
	for e := range strings.SplitSeq(v, ",") {
		if e = strings.TrimSpace(e); e != "aws-chunked" && e != "" {
			keep = append(keep, e)
		}
	}
	return strings.Join(keep, ",")
}

func userMetadata(h http.Header) ([]keyhaven.MetadataPair, error) {
	var pairs []keyhaven.MetadataPair
	size := 0
	for name, values := range h {
		if !strings.HasPrefix(name, metaPrefix) {
			continue
		}
		p := keyhaven.MetadataPair{Name: strings.ToLower(name[len(metaPrefix):]), Value: strings.Join(values, ",")}
		if p.Name == "" {
			continue
		}
		if size += len(p.Name) + len(p.Value); size > keyhaven.MaxUserMetadata {
			return nil, errMetadataTooLarge.and("MaxSizeAllowed", itoa(keyhaven.MaxUserMetadata))
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b keyhaven.MetadataPair) int { return strings.Compare(a.Name, b.Name) })
	return pairs, nil
}

// conditions reads the preconditions of a read, or with a prefix those on the
// source of a copy. A date that cannot be read is no condition (RFC 9110 §13.1).
func conditions(h http.Header, prefix string) object.Conditions {
	c := object.Conditions{
		IfMatch:     h.Get(prefix + "If-Match"),
		IfNoneMatch: h.Get(prefix + "If-None-Match"),
	}
	if v := h.Get(prefix + "If-Modified-Since"); v != "" {
		c.IfModifiedSince, _ = http.ParseTime(v)
	}
	if v := h.Get(prefix + "If-Unmodified-Since"); v != "" {
		c.IfUnmodifiedSince, _ = http.ParseTime(v)
	}
	return c
}

// writeConditions reads the preconditions of a write: If-Match with a tag,
// If-None-Match with "*" alone, as S3 does.
func writeConditions(h http.Header) (object.Conditions, error) {
	c := object.Conditions{IfMatch: h.Get("If-Match"), IfNoneMatch: h.Get("If-None-Match")}
	if c.IfNoneMatch != "" && c.IfNoneMatch != "*" || c.IfMatch != "" && c.IfNoneMatch != "" {
		return c, errNotImplemented.and("Header", "If-None-Match")
	}
	return c, nil
}

// versionID reads the versionId parameter; nil when there is none.
func (q query) versionID() (*keyhaven.VersionID, error) {
	if !q.has("versionId") {
		return nil, nil
	}
	id, err := parseVersion("versionId", q.get("versionId"))
	if err != nil {
		return nil, err
	}
	return &id, nil
}

func parseVersion(name, value string) (keyhaven.VersionID, error) {
	id, err := keyhaven.ParseVersionID(value)
	switch {
	case value == "" && name != "version-id-marker":
		err = errInvalidArgument.with("Version id cannot be the empty string").and("ArgumentName", name).and("ArgumentValue", "")
	case err != nil:
		err = errInvalidArgument.with("Invalid version id specified").and("ArgumentName", name).and("ArgumentValue", value)
	}
	return id, err
}

// byteRange reads a Range header. One that is malformed, or asks for several
// ranges, is ignored, as S3 does.
func byteRange(v string) *object.ByteRange {
	spec, ok := strings.CutPrefix(v, "bytes=")
	if !ok {
		return nil
	}
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return nil
	}
	r := &object.ByteRange{First: -1, Last: -1}
	if first != "" {
		if r.First, ok = parseNumber(first); !ok {
			return nil
		}
	}
	if last != "" {
		if r.Last, ok = parseNumber(last); !ok || r.First > r.Last {
			return nil
		}
	}
	if first == "" && last == "" {
		return nil
	}
	return r
}

// parseNumber reads digits alone. A number beyond int64 stands for the end.
func parseNumber(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && s != "" {
		return 1<<63 - 1, true
	}
	return n, err == nil
}

// partNumber reads a partNumber parameter: 1 to 10000.
func partNumber(s string) (int, error) {
	n, ok := parseNumber(s)
	if !ok || n < 1 || n > keyhaven.MaxPartNumber {
		return 0, errPartRange(s)
	}
	return int(n), nil
}

func errPartRange(number string) error {
	return errInvalidArgument.with("Part number must be an integer between 1 and 10000, inclusive").
		and("ArgumentName", "partNumber").and("ArgumentValue", number)
}

// limit reads max-keys and its like: 0 to most, larger numbers being most.
func (q query) limit(name string, most int) (int, error) {
	if !q.has(name) {
		return most, nil
	}
	v := q.get(name)
	if v == "" {
		return most, nil
	}
	n, ok := parseNumber(v)
	if !ok || n > 1<<31-1 {
		return 0, errInvalidArgument.with("Provided "+name+" not an integer or within integer range").
			and("ArgumentName", name).and("ArgumentValue", v)
	}
	return min(int(n), most), nil
}

// headerBlock sets headers whose values share one allocation.
type headerBlock struct {
	h      http.Header
	values []string
}

func newHeaderBlock(h http.Header, n int) *headerBlock {
	return &headerBlock{h: h, values: make([]string, 0, n)}
}

// set sets a header. name is in canonical form.
func (b *headerBlock) set(name, value string) {
	n := len(b.values)
	b.values = append(b.values, value)
	b.h[name] = b.values[n : n+1 : n+1]
}

func (b *headerBlock) optional(name, value string) {
	if value != "" {
		b.set(name, value)
	}
}

// setObjectHeaders writes what describes an object.
func setObjectHeaders(h http.Header, o *keyhaven.Object) {
	b := newHeaderBlock(h, 6+len(o.Metadata))
	b.set("Etag", quoted(o.ETag))
	b.set("Last-Modified", httpTime(o.ModTime))
	b.set("Accept-Ranges", "bytes")
	if o.Header.ContentType == "" {
		b.set("Content-Type", "binary/octet-stream")
	} else {
		b.set("Content-Type", o.Header.ContentType)
	}
	b.optional("Cache-Control", o.Header.CacheControl)
	b.optional("Content-Disposition", o.Header.ContentDisposition)
	b.optional("Content-Encoding", o.Header.ContentEncoding)
	b.optional("Content-Language", o.Header.ContentLanguage)
	b.optional("Expires", o.Header.Expires)
	for _, p := range o.Metadata {
		b.set(metaPrefix+p.Name, p.Value)
	}
}

// quoted is the entity tag as headers carry it.
func quoted(e keyhaven.ETag) string {
	var b [64]byte
	return string(append(e.Append(append(b[:0], '"')), '"'))
}

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// setWritten writes the version id of what was written. One that replaces the
// null version, as all do while versioning is suspended, has none to tell.
func (c *call) setWritten(id keyhaven.VersionID) {
	if !id.Null {
		c.setVersion(id)
	}
}

// setVersion writes the version id of an object in a bucket that has versions.
func (c *call) setVersion(id keyhaven.VersionID) {
	if c.bucket.Versioning != keyhaven.NeverEnabled {
		c.w.Header()["X-Amz-Version-Id"] = []string{id.String()}
		c.record.VersionID = id.String()
	}
}

// setChecksum writes the checksum of an object or part.
func setChecksum(h http.Header, sum keyhaven.Checksum) {
	if sum.IsZero() {
		return
	}
	b := newHeaderBlock(h, 2)
	b.set(sumNames[sum.Algorithm], checksum.Format(sum))
	b.set("X-Amz-Checksum-Type", sum.Type.String())
}

// checksumAlgorithm reads x-amz-checksum-algorithm; none when there is none.
func checksumAlgorithm(h http.Header) (keyhaven.ChecksumAlgorithm, error) {
	name := h.Get("X-Amz-Checksum-Algorithm")
	if name == "" {
		return keyhaven.ChecksumNone, nil
	}
	a, ok := checksum.ParseAlgorithm(name)
	if !ok {
		names := make([]string, len(keyhaven.ChecksumAlgorithms))
		for i, valid := range keyhaven.ChecksumAlgorithms {
			names[i] = valid.String()
		}
		return a, errInvalidRequest.with("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [" + strings.Join(names, ", ") + "]")
	}
	return a, nil
}
