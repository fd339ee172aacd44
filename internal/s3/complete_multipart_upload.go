package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/object"
)

type completeRequest struct {
	XMLName xml.Name     `xml:"CompleteMultipartUpload"`
	Parts   partElements `xml:"Part"`
}

// partElements stops a document that would fill the memory with empty elements.
type partElements []partElement

// UnmarshalXML reads one element more.
func (p *partElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement(d, start, (*[]partElement)(p), keyhaven.MaxPartNumber)
}

type partElement struct {
	PartNumber *int   `xml:"PartNumber"`
	ETag       string `xml:"ETag"`
	Sums       []sumElement
}

// sumElement is ChecksumCRC32 and its like.
type sumElement struct{ algorithm, value string }

// UnmarshalXML reads a part. Elements that S3 does not know are passed over.
func (p *partElement) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := p.element(d, t); err != nil {
				return err
			}
		}
	}
}

func (p *partElement) element(d *xml.Decoder, start xml.StartElement) error {
	name := start.Name.Local
	switch {
	case name == "PartNumber":
		return d.DecodeElement(&p.PartNumber, &start)
	case name == "ETag":
		return d.DecodeElement(&p.ETag, &start)
	case strings.HasPrefix(name, "Checksum") && len(p.Sums) < len(keyhaven.ChecksumAlgorithms):
		e := sumElement{algorithm: name[len("Checksum"):]}
		if err := d.DecodeElement(&e.value, &start); err != nil {
			return err
		}
		if e.value != "" {
			p.Sums = append(p.Sums, e)
		}
		return nil
	}
	return d.Skip()
}

var errPartSum = errInvalidArgument.with("Invalid Base64 or multiple checksums present in request").and("ArgumentName", "Checksum")

// checksum returns the one checksum that the element carries.
func (p *partElement) checksum() (*keyhaven.Checksum, error) {
	var found *keyhaven.Checksum
	for _, e := range p.Sums {
		a, ok := checksum.ParseAlgorithm(e.algorithm)
		if !ok {
			continue
		}
		sum, ok := checksum.Parse(a, e.value)
		if !ok || found != nil {
			return nil, errPartSum.and("ArgumentValue", e.value)
		}
		found = &sum
	}
	return found, nil
}

// completeMultipartUpload makes the parts an object (API reference,
// CompleteMultipartUpload).
func (d *Door) completeMultipartUpload(c *call) error {
	in, err := c.completeInput()
	if err != nil {
		return err
	}
	o, err := d.objects.Complete(c.r.Context(), in)
	if err != nil {
		return err
	}
	c.setWritten(o.Version)
	c.setEncryption(o.Encryption)
	d.setExpiration(c, o)
	x := newDocument()
	x.root("CompleteMultipartUploadResult")
	x.element("Location", c.location())
	x.element("Bucket", c.bucketName)
	x.element("Key", c.key)
	x.etag(o.ETag)
	x.checksum(o.Checksum)
	x.close("CompleteMultipartUploadResult")
	x.write(c.w, http.StatusOK)
	return nil
}

func (c *call) completeInput() (in object.CompleteInput, err error) {
	b, err := c.plainBody()
	if err != nil {
		return in, err
	}
	var req completeRequest
	if err := b.readXML(&req); err != nil {
		return in, err
	}
	if len(req.Parts) == 0 {
		return in, errMalformedXML
	}
	in = object.CompleteInput{UploadTarget: c.upload(), Size: -1, Parts: make([]object.CompletePart, len(req.Parts))}
	for i := range req.Parts {
		p := &req.Parts[i]
		if p.PartNumber == nil || p.ETag == "" {
			return in, errMalformedXML
		}
		if *p.PartNumber < 1 || *p.PartNumber > keyhaven.MaxPartNumber {
			return in, errPartRange(strconv.Itoa(*p.PartNumber))
		}
		in.Parts[i] = object.CompletePart{Number: *p.PartNumber, ETag: p.ETag}
		if in.Parts[i].Checksum, err = p.checksum(); err != nil {
			return in, err
		}
	}
	h := c.r.Header
	if v := h.Get("X-Amz-Mp-Object-Size"); v != "" {
		if in.Size, err = objectSize(v); err != nil {
			return in, err
		}
	}
	if in.Checksum, in.ChecksumType, err = objectSum(h); err != nil {
		return in, err
	}
	in.Conditions, err = writeConditions(h)
	return in, err
}

// objectSize reads x-amz-mp-object-size.
func objectSize(v string) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	switch {
	case err != nil:
		return 0, errInvalidRequest.with("Value for x-amz-mp-object-size header is invalid: '" + v + "'")
	case n < 0:
		return 0, errInvalidRequest.with("Value for x-amz-mp-object-size header is less than zero: '" + v + "'")
	}
	return n, nil
}

// objectSum reads the checksum of the whole object that a Complete announces.
// It is about the object, not about the request's own body.
func objectSum(h http.Header) (sum *keyhaven.Checksum, typ *keyhaven.ChecksumType, err error) {
	for name, a := range sumHeaders {
		v := h.Get(name)
		if v == "" {
			continue
		}
		if sum != nil {
			return nil, nil, errManySums
		}
		given, ok := checksum.Parse(a, v)
		if !ok {
			return nil, nil, errSumHeader(name)
		}
		sum = &given
	}
	typ, err = checksumType(h)
	return sum, typ, err
}

// checksumType reads x-amz-checksum-type; nil when there is none.
func checksumType(h http.Header) (*keyhaven.ChecksumType, error) {
	name := h.Get("X-Amz-Checksum-Type")
	for _, typ := range []keyhaven.ChecksumType{keyhaven.FullObject, keyhaven.Composite} {
		if strings.EqualFold(name, typ.String()) {
			return &typ, nil
		}
	}
	if name != "" {
		return nil, errInvalidRequest.with("Value for x-amz-checksum-type header is invalid.")
	}
	return nil, nil
}

// location is the address of the object as the client reached it.
func (c *call) location() string {
	scheme := "http://"
	if c.r.TLS != nil {
		scheme = "https://"
	}
	path := "/" + encodePath(c.key)
	if !c.virtualHost {
		path = "/" + c.bucketName + path
	}
	return scheme + c.r.Host + path
}

func encodePath(s string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if c := s[i]; plain(c) && c != '*' || c == '~' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}
