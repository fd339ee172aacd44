package main

import (
	"bytes"
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/object"
)

// auditRun returns what delivers the audit log to a bucket of the first account
// and deletes its old files.
func (c *serveCmd) auditRun(d *dataDir, trail *audit.Log, buckets *bucket.Service, objects *object.Service) func(context.Context) {
	var to *audit.Delivery
	if c.AuditBucket != "" {
		to = &audit.Delivery{Store: func(ctx context.Context, key string, body []byte) error {
			b, err := buckets.Get(ctx, c.AuditBucket)
			if err != nil {
				return err
			}
			if b.Account != d.account {
				return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: c.AuditBucket}
			}
			_, err = objects.Put(ctx, object.PutInput{
				Bucket: b, Key: key, Body: bytes.NewReader(body), Size: int64(len(body)),
				Attributes: object.Attributes{Header: keyhaven.ObjectHeader{ContentType: "application/json", ContentEncoding: "gzip"}},
			})
			return err
		}}
	}
	return func(ctx context.Context) { trail.Run(ctx, to) }
}
