package s3

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/object"
)

type notificationRequest struct {
	XMLName     xml.Name           `xml:"NotificationConfiguration"`
	Topics      []notificationRule `xml:"TopicConfiguration"`
	Queues      []notificationRule `xml:"QueueConfiguration"`
	Functions   []notificationRule `xml:"CloudFunctionConfiguration"`
	EventBridge *struct{}          `xml:"EventBridgeConfiguration"`
}

type notificationRule struct {
	ID       string   `xml:"Id"`
	Topic    string   `xml:"Topic"`
	Queue    string   `xml:"Queue"`
	Function string   `xml:"CloudFunction"`
	Events   []string `xml:"Event"`
	Filters  []struct {
		Name  string `xml:"Name"`
		Value string `xml:"Value"`
	} `xml:"Filter>S3Key>FilterRule"`
}

// document checks what the schema asks for and returns the rules, nil for none.
func (q *notificationRequest) document(known func(string) bool) (*keyhaven.Notification, error) {
	if q.EventBridge != nil {
		return nil, errNotImplemented
	}
	doc := &keyhaven.Notification{}
	for _, list := range []struct {
		kind  keyhaven.DestinationKind
		rules []notificationRule
		arn   func(*notificationRule) string
	}{
		{keyhaven.DestinationTopic, q.Topics, func(r *notificationRule) string { return r.Topic }},
		{keyhaven.DestinationQueue, q.Queues, func(r *notificationRule) string { return r.Queue }},
		{keyhaven.DestinationFunction, q.Functions, func(r *notificationRule) string { return r.Function }},
	} {
		for i := range list.rules {
			r, err := list.rules[i].rule(list.kind, list.arn(&list.rules[i]))
			if err != nil {
				return nil, err
			}
			doc.Rules = append(doc.Rules, r)
		}
	}
	if len(doc.Rules) == 0 {
		return nil, nil
	}
	return doc, doc.Validate(known)
}

func (r *notificationRule) rule(kind keyhaven.DestinationKind, arn string) (out keyhaven.NotificationRule, err error) {
	if arn == "" || len(r.Events) == 0 {
		return out, errMalformedXML
	}
	out = keyhaven.NotificationRule{ID: r.ID, Kind: kind, ARN: arn, Events: r.Events}
	if out.ID == "" {
		out.ID = rand.Text()
	}
	for _, f := range r.Filters {
		to := &out.Prefix
		switch strings.ToLower(f.Name) {
		case "prefix":
		case "suffix":
			to = &out.Suffix
		default:
			return out, errInvalidArgument.with("filter rule name must be either prefix or suffix")
		}
		if *to != nil {
			return out, errInvalidArgument.with("Cannot specify more than one " + strings.ToLower(f.Name) + " rule in a filter.")
		}
		*to = &f.Value
	}
	return out, nil
}

// putBucketNotification says which changes are reported where (API reference,
// PutBucketNotificationConfiguration). Each webhook gets a test message, from
// the same transaction.
func (d *Door) putBucketNotification(c *call) error {
	var req notificationRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	known := d.opts.Webhook
	if known == nil {
		known = func(string) bool { return false }
	}
	doc, err := req.document(known)
	if err != nil {
		return err
	}
	in := bucket.NotificationInput{
		Notification: doc, RequestID: c.record.RequestID,
		SkipTest: c.r.Header.Get("X-Amz-Skip-Destination-Validation") == "true",
	}
	if err := d.buckets.SetNotification(c.r.Context(), c.bucket, in); err != nil {
		return err
	}
	c.ok()
	return nil
}

// getBucketNotification tells which changes are reported where (API reference,
// GetBucketNotificationConfiguration).
func (d *Door) getBucketNotification(c *call) error {
	doc, err := bucket.Config[keyhaven.Notification](c.r.Context(), d.buckets, c.bucket, keyhaven.ConfigNotification)
	if err != nil {
		return err
	}
	x := newDocument()
	x.root("NotificationConfiguration")
	if doc != nil {
		for i := range doc.Rules {
			x.notification(&doc.Rules[i])
		}
	}
	x.close("NotificationConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

func (x *document) notification(r *keyhaven.NotificationRule) {
	name := string(r.Kind) + "Configuration"
	x.open(name)
	x.element("Id", r.ID)
	x.element(string(r.Kind), r.ARN)
	x.elements("Event", r.Events)
	if r.Prefix != nil || r.Suffix != nil {
		x.open("Filter")
		x.open("S3Key")
		x.filter("Prefix", r.Prefix)
		x.filter("Suffix", r.Suffix)
		x.close("S3Key")
		x.close("Filter")
	}
	x.close(name)
}

func (x *document) filter(name string, value *string) {
	if value == nil {
		return
	}
	x.open("FilterRule")
	x.element("Name", name)
	x.element("Value", *value)
	x.close("FilterRule")
}

// describeOrigin says in the reports of what the request changes where they come
// from.
func (c *call) describeOrigin() {
	if c.bucket == nil || !c.bucket.Configs.Has(keyhaven.ConfigNotification) {
		return
	}
	c.r = c.r.WithContext(object.WithOrigin(c.r.Context(), object.Origin{
		Caller: c.id.Principal.ARN(), SourceIP: edge.ClientAddress(c.r), RequestID: c.record.RequestID, Post: c.op.name == "PostObject",
	}))
}
