package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/keyhaven/keyhaven"
)

type loggingRequest struct {
	XMLName xml.Name        `xml:"BucketLoggingStatus"`
	Enabled *loggingEnabled `xml:"LoggingEnabled"`
}

type loggingEnabled struct {
	Target string           `xml:"TargetBucket"`
	Prefix *string          `xml:"TargetPrefix"`
	Grants *struct{}        `xml:"TargetGrants"`
	Format *loggedKeyFormat `xml:"TargetObjectKeyFormat"`
}

type loggedKeyFormat struct {
	Simple      *struct{} `xml:"SimplePrefix"`
	Partitioned *struct {
		Source string `xml:"PartitionDateSource"`
	} `xml:"PartitionedPrefix"`
}

// document returns what is asked for, nil for no logging.
func (q *loggingRequest) document() (*keyhaven.Logging, error) {
	if q.Enabled == nil {
		return nil, nil
	}
	e := q.Enabled
	switch {
	case e.Target == "" || e.Prefix == nil:
		return nil, errMalformedXML
	case e.Grants != nil: // the owner of the target owns all in it
		return nil, errACLNotSupported
	}
	doc := &keyhaven.Logging{Target: e.Target, Prefix: *e.Prefix}
	if e.Format == nil {
		return doc, nil
	}
	if (e.Format.Simple == nil) == (e.Format.Partitioned == nil) {
		return nil, errMalformedXML
	}
	if p := e.Format.Partitioned; p != nil {
		doc.Partitioned = true
		switch p.Source {
		case "", "DeliveryTime":
		case "EventTime":
			doc.EventTime = true
		default:
			return nil, errMalformedXML
		}
	}
	return doc, nil
}

// putBucketLogging says where the bucket's access records go (API reference,
// PutBucketLogging).
func (d *Door) putBucketLogging(c *call) error {
	var req loggingRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	doc, err := req.document()
	if err != nil {
		return err
	}
	if err := d.buckets.SetLogging(c.r.Context(), c.bucket, doc); err != nil {
		return err
	}
	c.ok()
	return nil
}

// getBucketLogging tells where the bucket's access records go (API reference,
// GetBucketLogging).
func (d *Door) getBucketLogging(c *call) error {
	doc, err := d.buckets.Logging(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("BucketLoggingStatus")
	if doc != nil {
		x.open("LoggingEnabled")
		x.element("TargetBucket", doc.Target)
		x.element("TargetPrefix", doc.Prefix)
		if doc.Partitioned {
			source := "DeliveryTime"
			if doc.EventTime {
				source = "EventTime"
			}
			x.open("TargetObjectKeyFormat")
			x.open("PartitionedPrefix")
			x.element("PartitionDateSource", source)
			x.close("PartitionedPrefix")
			x.close("TargetObjectKeyFormat")
		}
		x.close("LoggingEnabled")
	}
	x.close("BucketLoggingStatus")
	x.write(c.w, http.StatusOK)
	return nil
}
