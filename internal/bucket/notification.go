package bucket

import (
	"context"
	"encoding/json"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// NotificationInput sets which changes of a bucket are reported where.
type NotificationInput struct {
	Notification *keyhaven.Notification // nil for none
	RequestID    string
	SkipTest     bool // send no test message
}

// SetNotification sets which changes of the bucket are reported, and queues a
// test message for each webhook. Errors: NotFound.
func (s *Service) SetNotification(ctx context.Context, b *keyhaven.Bucket, in NotificationInput) error {
	return s.reconfigure(ctx, b, func(tx *meta.Txn, b *keyhaven.Bucket) error {
		if in.Notification == nil {
			return tx.PutBucketConfig(b, keyhaven.ConfigNotification, nil)
		}
		if !in.SkipTest {
			if err := putTests(tx, b, in); err != nil {
				return err
			}
		}
		return tx.PutBucketConfig(b, keyhaven.ConfigNotification, in.Notification)
	})
}

// putTests queues the messages that S3 sends to a new destination.
func putTests(tx *meta.Txn, b *keyhaven.Bucket, in NotificationInput) error {
	at := time.Now().UTC()
	body, err := json.Marshal(struct {
		Service, Event, Time, Bucket, RequestId, HostId string
	}{"Amazon S3", "s3:TestEvent", at.Format("2006-01-02T15:04:05.000Z"), b.Name, in.RequestID, in.RequestID})
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for i := range in.Notification.Rules {
		name := in.Notification.Rules[i].Webhook()
		if sent[name] {
			continue
		}
		sent[name] = true
		if err := tx.PutEvent(&meta.Event{Webhook: name, At: at, Body: body}); err != nil {
			return err
		}
	}
	return nil
}
