package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyhaven/keyhaven"
)

type taggingRequest struct {
	XMLName xml.Name `xml:"Tagging"`
	Set     *struct {
		Tags tagElements `xml:"Tag"`
	} `xml:"TagSet"`
}

// tagElements stops a document that would fill the memory with empty elements.
type tagElements []tagElement

type tagElement struct {
	Key   *string `xml:"Key"`
	Value *string `xml:"Value"`
}

// UnmarshalXML reads one element more; one more than a bucket can have is read,
// so that the limit is refused by its name.
func (e *tagElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement(d, start, (*[]tagElement)(e), keyhaven.MaxTags+1)
}

// readTags returns the tags of the document of PutObjectTagging and
// PutBucketTagging, which is read once.
func (c *call) readTags() ([]keyhaven.Tag, error) { return c.tagSet.get(c.parseTags, &c.tagSet) }

func (c *call) parseTags() ([]keyhaven.Tag, error) {
	var req taggingRequest
	if err := c.readXML(&req); err != nil {
		return nil, err
	}
	return req.tags()
}

func (req *taggingRequest) tags() ([]keyhaven.Tag, error) {
	if req.Set == nil {
		return nil, errMalformedXML
	}
	var tags []keyhaven.Tag
	for _, e := range req.Set.Tags {
		if e.Key == nil || e.Value == nil {
			return nil, errMalformedXML
		}
		tags = append(tags, keyhaven.Tag{Key: *e.Key, Value: *e.Value, HasValue: true})
	}
	return tags, nil
}

// writeTags sends a tag set.
func (c *call) writeTags(tags []keyhaven.Tag) {
	x := newDocument()
	x.root("Tagging")
	x.open("TagSet")
	for _, t := range tags {
		x.open("Tag")
		x.element("Key", t.Key)
		x.element("Value", t.Value)
		x.close("Tag")
	}
	x.close("TagSet")
	x.close("Tagging")
	x.write(c.w, http.StatusOK)
}

// headerTags reads x-amz-tagging, which is encoded like a query.
func headerTags(h http.Header) ([]keyhaven.Tag, error) {
	v := strings.Join(h["X-Amz-Tagging"], "&")
	if v == "" {
		return nil, nil
	}
	tags, ok := parseTags(v)
	if !ok {
		return nil, errInvalidArgument.with("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.").
			and("ArgumentName", "x-amz-tagging").and("ArgumentValue", v)
	}
	return tags, keyhaven.ValidateObjectTags(tags)
}

// parseTags reads K1=V1&K2=V2; a key alone has an empty value.
func parseTags(v string) (tags []keyhaven.Tag, ok bool) {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(v, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil || key == "" || seen[key] {
			return nil, false
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, false
		}
		seen[key] = true
		if tags = append(tags, keyhaven.Tag{Key: key, Value: value, HasValue: true}); len(tags) > keyhaven.MaxTags {
			return tags, true // too many for any object
		}
	}
	return tags, true
}

// attributeTags reads the tags of a write and asks for the permission that they
// need beside the write's own.
func (d *Door) attributeTags(c *call) ([]keyhaven.Tag, error) {
	tags, err := headerTags(c.r.Header)
	if err != nil || len(tags) == 0 {
		return nil, err
	}
	return tags, d.also(c, "s3:PutObjectTagging")
}
