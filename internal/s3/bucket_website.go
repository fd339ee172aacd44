package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/keyhaven/keyhaven"
)

type websiteRequest struct {
	XMLName xml.Name `xml:"WebsiteConfiguration"`
	Index   *struct {
		Suffix string `xml:"Suffix"`
	} `xml:"IndexDocument"`
	Error *struct {
		Key string `xml:"Key"`
	} `xml:"ErrorDocument"`
	Redirect *websiteRedirect `xml:"RedirectAllRequestsTo"`
	Rules    *struct {
		Rules []websiteRule `xml:"RoutingRule"`
	} `xml:"RoutingRules"`
}

type websiteRule struct {
	Condition *struct {
		KeyPrefix *string `xml:"KeyPrefixEquals"`
		ErrorCode *int    `xml:"HttpErrorCodeReturnedEquals"`
	} `xml:"Condition"`
	Redirect *websiteRedirect `xml:"Redirect"`
}

type websiteRedirect struct {
	Host          string  `xml:"HostName"`
	Protocol      string  `xml:"Protocol"`
	Code          int     `xml:"HttpRedirectCode"`
	ReplaceKey    string  `xml:"ReplaceKeyWith"`
	ReplacePrefix *string `xml:"ReplaceKeyPrefixWith"`
}

func (r *websiteRedirect) target() keyhaven.WebsiteTarget {
	return keyhaven.WebsiteTarget{Host: r.Host, Protocol: r.Protocol, Code: r.Code, ReplaceKey: r.ReplaceKey, ReplacePrefix: r.ReplacePrefix}
}

// document checks what the schema asks for and returns the configuration.
func (q *websiteRequest) document() (*keyhaven.Website, error) {
	doc := &keyhaven.Website{}
	if q.Redirect != nil {
		if q.Index != nil || q.Error != nil || q.Rules != nil || q.Redirect.Host == "" {
			return nil, errMalformedXML
		}
		doc.Redirect = new(q.Redirect.target())
		return doc, doc.Validate()
	}
	if err := q.pages(doc); err != nil {
		return nil, err
	}
	if q.Rules == nil {
		return doc, doc.Validate()
	}
	if len(q.Rules.Rules) == 0 {
		return nil, errMalformedXML
	}
	for _, r := range q.Rules.Rules {
		if r.Redirect == nil || *r.Redirect == (websiteRedirect{}) {
			return nil, errMalformedXML
		}
		rule := keyhaven.WebsiteRule{Redirect: r.Redirect.target()}
		if c := r.Condition; c != nil {
			if c.KeyPrefix == nil && c.ErrorCode == nil {
				return nil, errInvalidRequest.with("Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.")
			}
			if c.KeyPrefix != nil {
				rule.KeyPrefix = *c.KeyPrefix
			}
			if c.ErrorCode != nil {
				if rule.ErrorCode = *c.ErrorCode; rule.ErrorCode == 0 {
					return nil, errMalformedXML
				}
			}
		}
		doc.Rules = append(doc.Rules, rule)
	}
	return doc, doc.Validate()
}

// pages reads the pages that a website has of its own.
func (q *websiteRequest) pages(doc *keyhaven.Website) error {
	if q.Index == nil {
		return errInvalidArgument.with("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty").
			and("ArgumentName", "IndexDocument").and("ArgumentValue", "null")
	}
	if doc.Index = q.Index.Suffix; !keyhaven.ValidWebsiteIndex(doc.Index) {
		return errInvalidArgument.with("The IndexDocument Suffix is not well formed").
			and("ArgumentName", "IndexDocument").and("ArgumentValue", doc.Index)
	}
	if q.Error == nil {
		return nil
	}
	if doc.Error = q.Error.Key; keyhaven.ValidObjectKey(doc.Error) != nil {
		return errInvalidArgument.with("The ErrorDocument Key is not well formed").
			and("ArgumentName", "ErrorDocument").and("ArgumentValue", doc.Error)
	}
	return nil
}

var errWebsiteSize = (&wireError{code: "MaxMessageLengthExceeded", status: 400, message: "Your request was too big."}).
	and("MaxMessageLengthBytes", strconv.Itoa(keyhaven.MaxWebsiteSize))

// putBucketWebsite makes the bucket a website (API reference, PutBucketWebsite).
func (d *Door) putBucketWebsite(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	raw, err := b.readAll(keyhaven.MaxWebsiteSize, errWebsiteSize)
	if err != nil {
		return err
	}
	var req websiteRequest
	if err := parseXML(raw, &req); err != nil {
		return err
	}
	doc, err := req.document()
	if err != nil {
		return err
	}
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigWebsite, doc); err != nil {
		return err
	}
	c.ok()
	return nil
}

var errNoWebsite = &wireError{code: "NoSuchWebsiteConfiguration", status: 404, message: "The specified bucket does not have a website configuration"}

// getBucketWebsite tells how the bucket is a website (API reference,
// GetBucketWebsite).
func (d *Door) getBucketWebsite(c *call) error {
	doc, err := d.buckets.Website(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	if doc == nil {
		return errNoWebsite.and("BucketName", c.bucketName)
	}
	x := newDocument()
	x.root("WebsiteConfiguration")
	if doc.Redirect != nil {
		x.redirect("RedirectAllRequestsTo", doc.Redirect)
	}
	if doc.Index != "" {
		x.open("IndexDocument")
		x.element("Suffix", doc.Index)
		x.close("IndexDocument")
	}
	if doc.Error != "" {
		x.open("ErrorDocument")
		x.element("Key", doc.Error)
		x.close("ErrorDocument")
	}
	if len(doc.Rules) > 0 {
		x.open("RoutingRules")
		for i := range doc.Rules {
			x.rule(&doc.Rules[i])
		}
		x.close("RoutingRules")
	}
	x.close("WebsiteConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) rule(r *keyhaven.WebsiteRule) {
	x.open("RoutingRule")
	if r.KeyPrefix != "" || r.ErrorCode != 0 {
		x.open("Condition")
		if r.ErrorCode != 0 {
			x.int("HttpErrorCodeReturnedEquals", int64(r.ErrorCode))
		}
		x.optional("KeyPrefixEquals", r.KeyPrefix)
		x.close("Condition")
	}
	x.redirect("Redirect", &r.Redirect)
	x.close("RoutingRule")
}

func (x *document) redirect(name string, t *keyhaven.WebsiteTarget) {
	x.open(name)
	x.optional("Protocol", t.Protocol)
	x.optional("HostName", t.Host)
	if t.Code != 0 {
		x.element("HttpRedirectCode", strconv.Itoa(t.Code))
	}
	if t.ReplacePrefix != nil {
		x.element("ReplaceKeyPrefixWith", *t.ReplacePrefix)
	}
	x.optional("ReplaceKeyWith", t.ReplaceKey)
	x.close(name)
}

// deleteBucketWebsite ends the website (API reference, DeleteBucketWebsite).
func (d *Door) deleteBucketWebsite(c *call) error {
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigWebsite, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
