package s3

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

// listing is what both versions of ListObjects share.
type listing struct {
	object.ListInput
	encode  bool // encoding-type=url
	maxKeys int
}

func (c *call) listing() (l listing, err error) {
	l.Bucket = c.bucket
	l.Prefix, l.Delimiter = c.query.get("prefix"), c.query.get("delimiter")
	if l.maxKeys, err = c.query.limit("max-keys", keyhaven.MaxListKeys); err != nil {
		return l, err
	}
	l.Max = l.maxKeys
	l.encode, err = c.encoding()
	return l, err
}

// encoding reads encoding-type, whose only value is url.
func (c *call) encoding() (bool, error) {
	switch v := c.query.get("encoding-type"); v {
	case "":
		return false, nil
	case "url":
		return true, nil
	default:
		return false, errInvalidArgument.with("Invalid Encoding Method specified in Request").
			and("ArgumentName", "encoding-type").and("ArgumentValue", v)
	}
}

// name writes a key or prefix, URL-encoded where the client asked for it.
func (x *document) name(element, value string, encode bool) {
	if encode {
		value = encodeName(value)
	}
	x.element(element, value)
}

// encodeName encodes as S3 does for encoding-type=url: everything but letters,
// digits and - _ . * /, and a space as "+".
func encodeName(s string) string {
	const hex = "0123456789ABCDEF"
	i := strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 || !plain(byte(r)) })
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case plain(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.*/", c) >= 0
}

func (x *document) object(o *keyhaven.Object, owner *keyhaven.Principal, encode bool) {
	x.open("Contents")
	x.name("Key", o.Key, encode)
	x.time("LastModified", o.ModTime)
	x.etag(o.ETag)
	if !o.Checksum.IsZero() {
		x.element("ChecksumAlgorithm", o.Checksum.Algorithm.String())
		x.element("ChecksumType", o.Checksum.Type.String())
	}
	x.int("Size", o.Size)
	if owner != nil {
		x.owner("Owner", owner)
	}
	x.element("StorageClass", "STANDARD")
	x.close("Contents")
}

func (x *document) commonPrefixes(prefixes []string, encode bool) {
	for _, p := range prefixes {
		x.open("CommonPrefixes")
		x.name("Prefix", p, encode)
		x.close("CommonPrefixes")
	}
}

func (x *document) encodingType(encode bool) {
	if encode {
		x.element("EncodingType", "url")
	}
}

// bucketOwner is the owner of the objects in the call's bucket: its account.
func (d *Door) bucketOwner(c *call) (*keyhaven.Principal, error) {
	if p := &c.id.Principal; p.Account == c.bucket.Account {
		return p, nil
	}
	a, err := d.access.Account(c.r.Context(), c.bucket.Account)
	if err != nil {
		return nil, err
	}
	return &keyhaven.Principal{Account: a.ID, CanonicalID: a.CanonicalID}, nil
}

// listObjectsV2 lists a page of objects (API reference, ListObjectsV2).
func (d *Door) listObjectsV2(c *call) error {
	l, err := c.listing()
	if err != nil {
		return err
	}
	l.After = c.query.get("start-after")
	token := c.query.get("continuation-token")
	if c.query.has("continuation-token") {
		if l.After, err = decodeListToken(token); err != nil {
			return err
		}
	}
	var owner *keyhaven.Principal
	if c.query.get("fetch-owner") == "true" {
		if owner, err = d.bucketOwner(c); err != nil {
			return err
		}
	}
	page, err := d.objects.List(c.r.Context(), l.ListInput)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("ListBucketResult")
	x.element("Name", c.bucketName)
	x.name("Prefix", l.Prefix, l.encode)
	if c.query.has("start-after") {
		x.name("StartAfter", c.query.get("start-after"), l.encode)
	}
	x.optional("ContinuationToken", token)
	if page.Truncated {
		x.element("NextContinuationToken", encodeListToken(page.Last))
	}
	x.int("KeyCount", int64(len(page.Objects)+len(page.CommonPrefixes)))
	x.int("MaxKeys", int64(l.maxKeys))
	if l.Delimiter != "" {
		x.name("Delimiter", l.Delimiter, l.encode)
	}
	x.encodingType(l.encode)
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Objects {
		x.object(&page.Objects[i], owner, l.encode)
	}
	x.commonPrefixes(page.CommonPrefixes, l.encode)
	x.close("ListBucketResult")
	x.write(c.w, http.StatusOK)
	return nil
}

// listObjects lists a page of objects by marker (API reference, ListObjects).
func (d *Door) listObjects(c *call) error {
	if v := c.query.get("list-type"); v != "" && v != "1" {
		return errInvalidArgument.with("Invalid List Type specified in Request").
			and("ArgumentName", "list-type").and("ArgumentValue", v)
	}
	l, err := c.listing()
	if err != nil {
		return err
	}
	l.After = c.query.get("marker")
	owner, err := d.bucketOwner(c)
	if err != nil {
		return err
	}
	page, err := d.objects.List(c.r.Context(), l.ListInput)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("ListBucketResult")
	x.element("Name", c.bucketName)
	x.name("Prefix", l.Prefix, l.encode)
	x.name("Marker", l.After, l.encode)
	if page.Truncated && l.Delimiter != "" {
		x.name("NextMarker", page.Last, l.encode)
	}
	x.int("MaxKeys", int64(l.maxKeys))
	if l.Delimiter != "" {
		x.name("Delimiter", l.Delimiter, l.encode)
	}
	x.encodingType(l.encode)
	x.bool("IsTruncated", page.Truncated)
	for i := range page.Objects {
		x.object(&page.Objects[i], owner, l.encode)
	}
	x.commonPrefixes(page.CommonPrefixes, l.encode)
	x.close("ListBucketResult")
	x.write(c.w, http.StatusOK)
	return nil
}

// listTokenPrefix lets the form of tokens change; it is no secret that a token
// names the last key.
const listTokenPrefix = "1"

func encodeListToken(last string) string {
	return listTokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(last))
}

func decodeListToken(token string) (string, error) {
	rest, ok := strings.CutPrefix(token, listTokenPrefix)
	last, err := base64.RawURLEncoding.DecodeString(rest)
	// The decoder skips line breaks; a token has one spelling only.
	if !ok || err != nil || len(last) == 0 || len(last) > keyhaven.MaxObjectKey || encodeListToken(string(last)) != token {
		return "", errInvalidArgument.with("The continuation token provided is incorrect").
			and("ArgumentName", "continuation-token").and("ArgumentValue", token)
	}
	return string(last), nil
}
