package object

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Origin describes the request that a change comes from, for the reports about
// it. Nothing is ever decided by it.
type Origin struct {
	Caller    string // an ARN
	SourceIP  string
	RequestID string
	Post      bool // an upload from an HTML form
	Lifecycle bool // a rule of the bucket's life cycle, and no request
}

type originKey struct{}

// WithOrigin returns a context for changes that come from a request.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// The events that are reported.
const (
	eventPut        = "ObjectCreated:Put"
	eventPost       = "ObjectCreated:Post"
	eventCopy       = "ObjectCreated:Copy"
	eventComplete   = "ObjectCreated:CompleteMultipartUpload"
	eventDelete     = "ObjectRemoved:Delete"
	eventMark       = "ObjectRemoved:DeleteMarkerCreated"
	eventExpire     = "LifecycleExpiration:Delete"
	eventExpireMark = "LifecycleExpiration:DeleteMarkerCreated"
	eventTag        = "ObjectTagging:Put"
	eventUntag      = "ObjectTagging:Delete"
	eventACL        = "ObjectAcl:Put"
)

// report queues the reports that the bucket wants of a change, in the transaction
// of the change. It costs nothing where it wants none.
func (s *Service) report(ctx context.Context, tx *meta.Txn, authorized *keyhaven.Bucket, event string, o *keyhaven.Object) error {
	if !authorized.Configs.Has(keyhaven.ConfigNotification) {
		return nil
	}
	b, err := s.bucket(&tx.Reader, authorized)
	if err != nil {
		return err
	}
	doc, err := meta.ReadBucketConfig[keyhaven.Notification](&tx.Reader, b, keyhaven.ConfigNotification)
	if err != nil || doc == nil {
		return err
	}
	from, _ := ctx.Value(originKey{}).(Origin)
	event = from.event(event)
	return doc.Match(event, o.Key, func(r *keyhaven.NotificationRule) error {
		at := time.Now().UTC()
		body, err := json.Marshal(eventDocument{Records: []eventRecord{newRecord(b, r, from, event, o, at)}})
		if err != nil {
			return err
		}
		return tx.PutEvent(&meta.Event{Webhook: r.Webhook(), At: at, Body: body})
	})
}

// event is the name of the event where it depends on where the change comes
// from.
func (o Origin) event(name string) string {
	switch {
	case o.Post && name == eventPut:
		return eventPost
	case o.Lifecycle && name == eventDelete:
		return eventExpire
	case o.Lifecycle && name == eventMark:
		return eventExpireMark
	}
	return name
}

// reportDeleted reports what a delete did.
func (s *Service) reportDeleted(ctx context.Context, tx *meta.Txn, b *keyhaven.Bucket, t DeleteTarget, d Deleted) error {
	if !d.Existed {
		return nil
	}
	event := eventDelete
	if d.DeleteMarker && t.Version == nil {
		event = eventMark
	}
	return s.report(ctx, tx, b, event, &keyhaven.Object{Key: t.Key, Version: d.Version, DeleteMarker: true})
}

// The form of a report ("Event message structure", version 2.1).
type eventDocument struct {
	Records []eventRecord `json:"Records"`
}

type eventRecord struct {
	EventVersion string    `json:"eventVersion"`
	EventSource  string    `json:"eventSource"`
	Region       string    `json:"awsRegion"`
	Time         string    `json:"eventTime"`
	Name         string    `json:"eventName"`
	UserIdentity principal `json:"userIdentity"`
	Request      struct {
		SourceIP string `json:"sourceIPAddress"`
	} `json:"requestParameters"`
	Response struct {
		RequestID string `json:"x-amz-request-id"`
		ID2       string `json:"x-amz-id-2"`
	} `json:"responseElements"`
	S3 struct {
		SchemaVersion   string      `json:"s3SchemaVersion"`
		ConfigurationID string      `json:"configurationId"`
		Bucket          eventBucket `json:"bucket"`
		Object          eventObject `json:"object"`
	} `json:"s3"`
}

type principal struct {
	ID string `json:"principalId"`
}

type eventBucket struct {
	Name  string    `json:"name"`
	Owner principal `json:"ownerIdentity"`
	ARN   string    `json:"arn"`
}

type eventObject struct {
	Key       string `json:"key"` // as in a query string
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"eTag,omitempty"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
}

func newRecord(b *keyhaven.Bucket, r *keyhaven.NotificationRule, from Origin, event string, o *keyhaven.Object, at time.Time) eventRecord {
	e := eventRecord{
		EventVersion: "2.1", EventSource: "aws:s3", Region: b.Region, Time: at.Format("2006-01-02T15:04:05.000Z"), Name: event,
		UserIdentity: principal{"AWS:" + from.Caller},
	}
	switch {
	case from.Lifecycle:
		e.UserIdentity.ID = "s3.amazonaws.com"
	case from.Caller == "":
		e.UserIdentity.ID = "Anonymous"
	}
	e.Request.SourceIP = from.SourceIP
	e.Response.RequestID, e.Response.ID2 = from.RequestID, from.RequestID
	e.S3.SchemaVersion, e.S3.ConfigurationID = "1.0", r.ID
	e.S3.Bucket = eventBucket{Name: b.Name, Owner: principal{string(b.Account)}, ARN: b.S3ARN()}
	e.S3.Object = eventObject{Key: url.QueryEscape(o.Key), Sequencer: fmt.Sprintf("%016X", o.Version.Seq)}
	if !o.DeleteMarker {
		e.S3.Object.Size, e.S3.Object.ETag = &o.Size, o.ETag.String()
	}
	if b.Versioning != keyhaven.NeverEnabled {
		e.S3.Object.VersionID = o.Version.String()
	}
	return e
}
