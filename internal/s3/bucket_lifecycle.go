package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

var errNoLifecycle = &wireError{code: "NoSuchLifecycleConfiguration", status: 404, message: "The lifecycle configuration does not exist"}

const minimumSizeHeader = "X-Amz-Transition-Default-Minimum-Object-Size"

// putBucketLifecycle sets the lifecycle rules (API reference,
// PutBucketLifecycleConfiguration). Transitions are not built, as there is one
// storage class.
func (d *Door) putBucketLifecycle(c *call) error {
	var req lifecycleRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	doc, err := req.lifecycle()
	if err != nil {
		return err
	}
	switch doc.MinimumSize = c.r.Header.Get(minimumSizeHeader); doc.MinimumSize {
	case "":
		doc.MinimumSize = "all_storage_classes_128K"
	case "all_storage_classes_128K", "varies_by_storage_class":
	default:
		return errInvalidRequest.with("Invalid transition default minimum object size")
	}
	if err := d.buckets.SetLifecycle(c.r.Context(), c.bucket, doc); err != nil {
		return err
	}
	c.w.Header().Set(minimumSizeHeader, doc.MinimumSize)
	c.ok()
	return nil
}

// deleteBucketLifecycle removes the lifecycle rules (API reference,
// DeleteBucketLifecycle).
func (d *Door) deleteBucketLifecycle(c *call) error {
	if err := d.buckets.SetLifecycle(c.r.Context(), c.bucket, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Door) lifecycle(c *call) (*keyhaven.Lifecycle, error) {
	return bucket.Config[keyhaven.Lifecycle](c.r.Context(), d.buckets, c.bucket, keyhaven.ConfigLifecycle)
}

// getBucketLifecycle tells the lifecycle rules (API reference,
// GetBucketLifecycleConfiguration).
func (d *Door) getBucketLifecycle(c *call) error {
	doc, err := d.lifecycle(c)
	if err != nil {
		return err
	}
	if doc == nil {
		return errNoLifecycle.and("BucketName", c.bucketName)
	}
	c.w.Header().Set(minimumSizeHeader, doc.MinimumSize)
	x := newDocument()
	x.root("LifecycleConfiguration")
	for i := range doc.Rules {
		x.lifecycleRule(&doc.Rules[i])
	}
	x.close("LifecycleConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) lifecycleRule(r *keyhaven.LifecycleRule) {
	x.open("Rule")
	x.element("ID", r.ID)
	if r.Filter.Bare {
		x.element("Prefix", *r.Filter.Prefix)
	} else {
		x.lifecycleFilter(&r.Filter)
	}
	x.element("Status", map[bool]string{true: "Enabled", false: "Disabled"}[r.Enabled])
	if r.Days > 0 || !r.Date.IsZero() || r.ExpiredMarkers {
		x.open("Expiration")
		switch {
		case r.Days > 0:
			x.int("Days", int64(r.Days))
		case !r.Date.IsZero():
			x.time("Date", r.Date)
		default:
			x.bool("ExpiredObjectDeleteMarker", true)
		}
		x.close("Expiration")
	}
	if r.NoncurrentDays > 0 {
		x.open("NoncurrentVersionExpiration")
		x.int("NoncurrentDays", int64(r.NoncurrentDays))
		if r.NewerNoncurrent > 0 {
			x.int("NewerNoncurrentVersions", int64(r.NewerNoncurrent))
		}
		x.close("NoncurrentVersionExpiration")
	}
	if r.AbortDays > 0 {
		x.open("AbortIncompleteMultipartUpload")
		x.int("DaysAfterInitiation", int64(r.AbortDays))
		x.close("AbortIncompleteMultipartUpload")
	}
	x.close("Rule")
}

func (x *document) lifecycleFilter(f *keyhaven.LifecycleFilter) {
	x.open("Filter")
	if f.And {
		x.open("And")
	}
	if f.Prefix != nil {
		x.element("Prefix", *f.Prefix)
	}
	for _, t := range f.Tags {
		x.open("Tag")
		x.element("Key", t.Key)
		x.element("Value", t.Value)
		x.close("Tag")
	}
	if f.Above != nil {
		x.int("ObjectSizeGreaterThan", *f.Above)
	}
	if f.Below != nil {
		x.int("ObjectSizeLessThan", *f.Below)
	}
	if f.And {
		x.close("And")
	}
	x.close("Filter")
}

// setExpiration writes x-amz-expiration: when the current version expires, and
// by which rule. The header is advice: that it cannot be told is no failure of
// the request.
func (d *Door) setExpiration(c *call, o *keyhaven.Object) {
	if !c.bucket.Configs.Has(keyhaven.ConfigLifecycle) || !o.Latest || o.DeleteMarker {
		return
	}
	doc, err := d.lifecycle(c)
	if err != nil || doc == nil {
		return
	}
	if at, rule := doc.Expiry(o); rule != nil {
		c.w.Header().Set("X-Amz-Expiration", "expiry-date="+strconv.Quote(httpTime(at))+", rule-id="+strconv.Quote(ruleID(rule)))
	}
}

// setAbort writes when an upload is aborted by a rule, and by which.
func (d *Door) setAbort(c *call, key string, initiated time.Time) {
	if !c.bucket.Configs.Has(keyhaven.ConfigLifecycle) {
		return
	}
	doc, err := d.lifecycle(c)
	if err != nil || doc == nil {
		return
	}
	if at, rule := doc.Abort(key, initiated); rule != nil {
		c.w.Header().Set("X-Amz-Abort-Date", httpTime(at))
		c.w.Header().Set("X-Amz-Abort-Rule-Id", ruleID(rule))
	}
}

func ruleID(r *keyhaven.LifecycleRule) string {
	return strings.ReplaceAll(url.QueryEscape(r.ID), "+", "%20")
}

type lifecycleRequest struct {
	XMLName xml.Name       `xml:"LifecycleConfiguration"`
	Rules   lifecycleRules `xml:"Rule"`
}

// lifecycleRules stops a document that would fill the memory with empty rules.
type lifecycleRules []lifecycleRule

// UnmarshalXML reads one rule more.
func (r *lifecycleRules) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement(d, start, (*[]lifecycleRule)(r), keyhaven.MaxLifecycleRules)
}
