package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	deliveredFile = "delivered"
	// maxDelivery bounds the records of one delivered object.
	maxDelivery = 10_000
	runEvery    = 5 * time.Minute
)

// Delivery says where records are delivered to.
type Delivery struct {
	// Store stores an object. Storing the same object again is harmless.
	Store func(ctx context.Context, key string, body []byte) error
	// Prefix goes before the keys.
	Prefix string
}

// Run delivers records to a bucket and deletes old files, until ctx ends. A nil
// delivery delivers nothing.
func (l *Log) Run(ctx context.Context, d *Delivery) {
	tick := time.NewTicker(runEvery)
	defer tick.Stop()
	for {
		if err := l.round(ctx, d); err != nil && ctx.Err() == nil {
			l.opts.Log.WarnContext(ctx, "audit: records could not be delivered or deleted; they are kept", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Log) round(ctx context.Context, d *Delivery) error {
	if d != nil {
		if err := l.Deliver(ctx, d); err != nil {
			return err // and nothing is deleted that was not delivered
		}
	}
	return l.Prune()
}

// Deliver stores all records that were not delivered yet, at least once, in
// CloudTrail's form and under its keys: one object for each account and region.
func (l *Log) Deliver(ctx context.Context, d *Delivery) error {
	for {
		last, err := l.delivered()
		if err != nil {
			return err
		}
		batch, next, err := l.after(last)
		if err != nil || next == last {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(batch)) {
			body, err := pack(batch[key])
			if err != nil {
				return err
			}
			if err := d.Store(ctx, d.Prefix+key, body); err != nil {
				return err
			}
		}
		if err := l.setDelivered(next); err != nil {
			return err
		}
	}
}

// after collects the records that follow number last, by the keys of their
// objects.
func (l *Log) after(last uint64) (batch map[string][]json.RawMessage, next uint64, err error) {
	segments, err := listSegments(l.dir)
	if err != nil {
		return nil, last, err
	}
	batch, next = map[string][]json.RawMessage{}, last
	names := map[string]string{} // of the objects of this batch
	n := 0
	for i, first := range segments {
		if i+1 < len(segments) && segments[i+1] <= last+1 {
			continue
		}
		err := lines(segmentPath(l.dir, first), func(line []byte) error {
			var e Event
			if json.Unmarshal(line, &e) != nil || e.Chain == nil || e.Chain.Sequence <= last {
				return nil
			}
			group := e.RecipientAccountID + "/" + e.AWSRegion
			if names[group] == "" {
				names[group] = objectKey(&e)
			}
			batch[names[group]] = append(batch[names[group]], bytes.Clone(line))
			next = e.Chain.Sequence
			if n++; n == maxDelivery {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			break
		}
		if err != nil {
			return nil, last, err
		}
	}
	return batch, next, nil
}

// objectKey is the key of the object that begins with a record (CloudTrail User
// Guide, "Finding your CloudTrail log files"). In the place of the random part
// stands the number of the record, so that a repeated delivery replaces itself.
func objectKey(e *Event) string {
	region := e.AWSRegion
	if region == "" {
		region = "aws-global"
	}
	return fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%020d.json.gz", e.RecipientAccountID, region,
		e.EventTime.Format("2006/01/02"), e.RecipientAccountID, region, e.EventTime.Format("20060102T1504Z"), e.Chain.Sequence)
}

func pack(records []json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	err := json.NewEncoder(z).Encode(map[string]any{"Records": records})
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// delivered returns the number of the last record that was delivered.
func (l *Log) delivered() (uint64, error) {
	raw, err := os.ReadFile(filepath.Join(l.dir, deliveredFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
}

func (l *Log) setDelivered(n uint64) error {
	tmp := filepath.Join(l.dir, deliveredFile+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, n)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(l.dir, deliveredFile)); err != nil {
		return err
	}
	return syncDir(l.dir)
}
