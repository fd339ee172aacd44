package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/keyhaven/keyhaven"
)

type corsRequest struct {
	XMLName xml.Name   `xml:"CORSConfiguration"`
	Rules   []corsRule `xml:"CORSRule"`
}

type corsRule struct {
	ID             string   `xml:"ID"`
	AllowedHeaders []string `xml:"AllowedHeader"`
	AllowedMethods []string `xml:"AllowedMethod"`
	AllowedOrigins []string `xml:"AllowedOrigin"`
	ExposeHeaders  []string `xml:"ExposeHeader"`
	MaxAge         *int32   `xml:"MaxAgeSeconds"`
}

// document checks what the schema asks for and returns the configuration.
func (q *corsRequest) document() (*keyhaven.CORS, error) {
	if len(q.Rules) == 0 || len(q.Rules) > keyhaven.MaxCORSRules {
		return nil, errMalformedXML
	}
	doc := &keyhaven.CORS{}
	for _, r := range q.Rules {
		if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
			return nil, errMalformedXML
		}
		doc.Rules = append(doc.Rules, keyhaven.CORSRule{
			ID: r.ID, AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods,
			AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposeHeaders, MaxAge: r.MaxAge,
		})
	}
	return doc, doc.Validate(keyhaven.MaxCORSRules)
}

// putBucketCORS replaces the rules of cross-origin sharing (API reference,
// PutBucketCors).
func (d *Door) putBucketCORS(c *call) error {
	var req corsRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	doc, err := req.document()
	if err != nil {
		return err
	}
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigCORS, doc); err != nil {
		return err
	}
	c.ok()
	return nil
}

var errNoCORS = &wireError{code: "NoSuchCORSConfiguration", status: 404, message: "The CORS configuration does not exist"}

// getBucketCORS tells the rules of cross-origin sharing (API reference,
// GetBucketCors).
func (d *Door) getBucketCORS(c *call) error {
	doc, err := d.buckets.CORS(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	if doc == nil {
		return errNoCORS.and("BucketName", c.bucketName)
	}
	x := newDocument()
	x.root("CORSConfiguration")
	for i := range doc.Rules {
		r := &doc.Rules[i]
		x.open("CORSRule")
		x.optional("ID", r.ID)
		x.elements("AllowedMethod", r.AllowedMethods)
		x.elements("AllowedOrigin", r.AllowedOrigins)
		x.elements("AllowedHeader", r.AllowedHeaders)
		x.elements("ExposeHeader", r.ExposeHeaders)
		if r.MaxAge != nil {
			x.int("MaxAgeSeconds", int64(*r.MaxAge))
		}
		x.close("CORSRule")
	}
	x.close("CORSConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

// elements writes one element for each value.
func (x *document) elements(name string, values []string) {
	for _, v := range values {
		x.element(name, v)
	}
}

// deleteBucketCORS removes the rules of cross-origin sharing (API reference,
// DeleteBucketCors).
func (d *Door) deleteBucketCORS(c *call) error {
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigCORS, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
