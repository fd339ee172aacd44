package check

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// scrubPage is how many records a scrub reads from one snapshot; between two
// pages many of their objects may be replaced, which costs nothing.
const scrubPage = 64

// progressEvery is how often Progress is called, at most.
const progressEvery = time.Second

// ScrubOptions are the settings of a Scrub.
type ScrubOptions struct {
	Rate     int64       // bytes a second; 0 for no bound
	Busy     func() bool // requests are being answered, so that the scrub gives way; may be nil
	Finding  func(Finding) error
	Progress func(Progress) error
}

// Progress is how far a scrub has come.
type Progress struct {
	Objects  int64 `json:"objects"`
	Bytes    int64 `json:"bytes"`
	Total    int64 `json:"total_bytes"` // as the counters said at the beginning
	Findings int64 `json:"findings"`
}

type scrubber struct {
	meta  *meta.Store
	data  *dataReader
	opts  ScrubOptions
	names map[keyhaven.BucketID]*bucketState
	total int64
	sum   Summary
	next  time.Time // of the next Progress
}

// Scrub reads the bytes of every version and part and compares them with their
// checksums, while the store may be in use. What is replaced or deleted
// meanwhile is no finding. The error is of ctx or of a function of opts.
func Scrub(ctx context.Context, m *meta.Store, blobs blob.Store, opts ScrubOptions) (Summary, error) {
	s := &scrubber{meta: m, opts: opts, data: &dataReader{
		meta: m, blobs: blobs, deep: true, pace: &pacer{rate: opts.Rate, busy: opts.Busy},
	}}
	err := s.readBuckets(ctx)
	for _, kind := range []meta.Kind{meta.KindCurrent, meta.KindVersion, meta.KindUpload} {
		if err == nil {
			err = s.walk(ctx, kind)
		}
	}
	s.sum.Bytes = s.data.bytes
	if err == nil {
		err = s.progress()
	}
	return s.sum, err
}

func (s *scrubber) report(f Finding) error {
	s.sum.Findings++
	if s.opts.Finding == nil {
		return nil
	}
	return s.opts.Finding(f)
}

func (s *scrubber) progress() error {
	if s.opts.Progress == nil {
		return nil
	}
	s.next = time.Now().Add(progressEvery)
	return s.opts.Progress(Progress{
		Objects: s.sum.Objects, Bytes: s.data.bytes, Total: s.total, Findings: s.sum.Findings,
	})
}

// readBuckets learns the names of the buckets, and how much there is to read.
func (s *scrubber) readBuckets(ctx context.Context) error {
	names := map[keyhaven.BucketID]*bucketState{}
	var total int64
	page := meta.Page{Limit: pageSize}
	for more := true; more; {
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			page.After, err = r.Entries(meta.KindBucket, page, func(e *meta.Entry) error {
				if e.Err != nil {
					return nil // fsck's matter
				}
				names[e.BucketRecord.ID] = &bucketState{name: e.Name}
				u, err := r.Usage(e.BucketRecord.ID)
				total += u.Bytes + u.PartBytes
				return err
			})
			return err
		})
		if err != nil {
			return err
		}
		more = page.After != nil
	}
	s.names, s.total, s.sum.Buckets = names, total, len(names)
	return nil
}

// walk verifies everything that stands under a kind of records.
func (s *scrubber) walk(ctx context.Context, kind meta.Kind) error {
	page := meta.Page{Limit: scrubPage}
	for more := true; more; {
		var entries []*meta.Entry
		err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
			page.After, err = r.Entries(kind, page, func(e *meta.Entry) error {
				entries = append(entries, e)
				return nil
			})
			return err
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if verifyErr := s.page(ctx, entries); verifyErr != nil {
			return verifyErr
		}
		if err != nil {
			f := subject{text: fmt.Sprintf("metadata of kind %s after key %x", kind, page.After)}
			return s.report(f.finding("it cannot be read: "+err.Error(), "restore from a backup"))
		}
		more = page.After != nil
	}
	return nil
}

func (s *scrubber) page(ctx context.Context, entries []*meta.Entry) error {
	fresh := false
	for _, e := range entries {
		if s.names[e.Bucket] == nil && !fresh {
			fresh = true // a bucket made since, or one that is being purged
			if err := s.readBuckets(ctx); err != nil {
				return err
			}
		}
		if s.names[e.Bucket] == nil {
			continue
		}
		if err := s.entry(ctx, e); err != nil {
			return err
		}
		if time.Now().After(s.next) {
			if err := s.progress(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scrubber) entry(ctx context.Context, e *meta.Entry) error {
	name := bucketName(s.names, e.Bucket)
	switch {
	case e.Err != nil:
		f := entrySubject(e).finding(e.Err.Error(), adviceRecord)
		f.Bucket = name
		return s.report(f)
	case e.Kind == meta.KindUpload:
		s.sum.Uploads++
		return s.upload(ctx, name, e)
	}
	s.sum.Objects++
	v := e.Version
	return s.data.check(ctx, v.Data, v.StoredSize(), v.ETag.Parts, func(p problem) error {
		return s.confirm(ctx, versionSubject(name, v), p, func(r *meta.Reader) (bool, error) {
			now, err := r.Version(e.Bucket, e.ObjectKey, v.Version)
			return now != nil && now.Data == v.Data, err
		})
	})
}

func (s *scrubber) upload(ctx context.Context, bucket string, e *meta.Entry) error {
	var parts []meta.PartRecord
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		return r.Parts(e.Upload, 0, func(p *meta.PartRecord) bool {
			parts = append(parts, *p)
			return true
		})
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return s.report(uploadSubject(bucket, e.Upload).finding("its parts cannot be read: "+err.Error(), "abort the upload"))
	}
	for i := range parts {
		p := &parts[i]
		err := s.data.check(ctx, p.Data, p.StoredSize(), 0, func(pr problem) error {
			return s.confirm(ctx, partSubject(uploadSubject(bucket, e.Upload), p), pr, func(r *meta.Reader) (bool, error) {
				now, err := r.Part(e.Upload, p.Number)
				return now != nil && now.Data == p.Data, err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// confirm reports a problem unless the bytes are no longer needed.
func (s *scrubber) confirm(ctx context.Context, about subject, p problem, still func(*meta.Reader) (bool, error)) error {
	needed := true
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		needed, err = still(r)
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && !needed {
		return nil
	}
	f := about.finding(p.text, adviceRestore)
	f.Blob = p.blob
	return s.report(f)
}
