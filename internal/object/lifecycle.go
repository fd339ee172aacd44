package object

import (
	"context"
	"errors"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	lifecycleEvery = time.Minute // how often RunLifecycles looks for what is due
	lifecyclePage  = 1000        // versions that are read at a time
	lifecycleBatch = 100         // versions that go in one transaction

	// DefaultLifecycleRate is how many versions a second the lifecycle looks at.
	DefaultLifecycleRate = 20000
)

// RunLifecycles runs the lifecycles of all buckets, each once a day and when it
// is changed, until ctx ends. Failures are logged and tried again.
func (s *Service) RunLifecycles(ctx context.Context) {
	for {
		if err := s.Lifecycles(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.ErrorContext(ctx, "lifecycle", "err", err)
		}
		if !pause(ctx, lifecycleEvery) {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Lifecycles runs what is due now. A run that was interrupted goes on where it
// was. A bucket that fails does not hold up the others.
func (s *Service) Lifecycles(ctx context.Context) error {
	var due []meta.LifecycleRun
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		due = nil
		return r.LifecycleRuns(func(run meta.LifecycleRun) {
			if !time.Now().Before(run.Next) {
				due = append(due, run)
			}
		})
	})
	errs := []error{err}
	for _, run := range due {
		if err := s.lifecycle(ctx, run); err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// errRunChanged says that somebody set or removed the lifecycle during a run.
var errRunChanged = errors.New("object: the lifecycle was changed")

// lifecycle does one run, page by page.
func (s *Service) lifecycle(ctx context.Context, run meta.LifecycleRun) error {
	began := time.Now()
	for {
		page, err := s.duePage(ctx, run)
		if err != nil || page == nil {
			return err
		}
		for _, key := range page.keys {
			if err := s.expireKey(ctx, run, key); err != nil {
				return ended(err)
			}
		}
		if page.last == "" {
			break
		}
		before := run
		run.After = page.last
		if err := s.keepRun(ctx, before, run); err != nil {
			return ended(err)
		}
		if !pause(ctx, time.Duration(page.read)*time.Second/time.Duration(s.opts.LifecycleRate)) {
			return ctx.Err()
		}
	}
	if err := s.abortDue(ctx, run); err != nil {
		return ended(err)
	}
	before := run
	run.After, run.Next = "", keyhaven.NextMidnight(began)
	return ended(s.keepRun(ctx, before, run))
}

// ended is nil for a run that a change of the rules has ended.
func ended(err error) error {
	if errors.Is(err, errRunChanged) {
		return nil
	}
	return err
}

// keepRun stores how far a run has come, unless a new one has been set up.
func (s *Service) keepRun(ctx context.Context, before, run meta.LifecycleRun) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		if _, _, err := s.rules(&tx.Reader, run); err != nil {
			return err
		}
		now, err := tx.LifecycleRun(run.Bucket)
		if err != nil {
			return err
		}
		if now == nil || now.After != before.After || !now.Next.Equal(before.Next) {
			return errRunChanged
		}
		return tx.PutLifecycleRun(run)
	})
}

// rules reads the bucket and its lifecycle.
func (s *Service) rules(r *meta.Reader, run meta.LifecycleRun) (*keyhaven.Bucket, *keyhaven.Lifecycle, error) {
	b, err := r.Bucket(run.Name)
	if keyhaven.KindOf(err) == keyhaven.NotFound || err == nil && b.ID != run.Bucket {
		return nil, nil, errRunChanged
	}
	if err != nil {
		return nil, nil, err
	}
	doc, err := meta.ReadBucketConfig[keyhaven.Lifecycle](r, b, keyhaven.ConfigLifecycle)
	if err == nil && doc == nil {
		err = errRunChanged
	}
	return b, doc, err
}

// duePage is a stretch of a run: the keys in it where something expires, and
// the last key, "" when there are no more.
type duePage struct {
	keys []string
	last string
	read int
}

// duePage looks for what expires after run.After; nil when the run has ended.
func (s *Service) duePage(ctx context.Context, run meta.LifecycleRun) (page *duePage, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		page = &duePage{}
		b, doc, err := s.rules(r, run)
		if errors.Is(err, errRunChanged) {
			page = nil
			return nil
		}
		if err != nil {
			return err
		}
		it := r.Versions(b.ID, "")
		j := newJudge(doc)
		more := it.Seek(run.After + "\x00")
		if run.After == "" {
			more = it.Seek("")
		}
		for ; more; more = it.Next() {
			other := it.Key() != j.key
			if other && j.markerAlone() {
				page.note(j.key)
			}
			if page.read++; page.read > lifecyclePage && other {
				page.last = j.key
				break
			}
			v, err := it.Version()
			if err != nil {
				it.Close()
				return err
			}
			if j.judge(v) != stays {
				page.note(v.Key)
			}
		}
		if page.last == "" && j.markerAlone() {
			page.note(j.key)
		}
		return it.Close()
	})
	return page, err
}

func (p *duePage) note(key string) {
	if n := len(p.keys); n == 0 || p.keys[n-1] != key {
		p.keys = append(p.keys, key)
	}
}

// expireKey removes what expires of a key, judged anew in each transaction.
func (s *Service) expireKey(ctx context.Context, run meta.LifecycleRun, key string) error {
	for more := true; more; {
		err := s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
			b, doc, err := s.rules(&tx.Reader, run)
			if err != nil {
				return err
			}
			more, err = s.expire(WithOrigin(ctx, Origin{Lifecycle: true}), tx, b, doc, key)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expire removes up to lifecycleBatch versions of a key and reports whether
// there may be more.
func (s *Service) expire(ctx context.Context, tx *meta.Txn, b *keyhaven.Bucket, doc *keyhaven.Lifecycle, key string) (more bool, err error) {
	var gone []*meta.Version
	var current, marker *meta.Version
	j := newJudge(doc)
	it := tx.Versions(b.ID, key)
	for ok := it.Seek(key); ok && it.Key() == key && len(gone) < lifecycleBatch; ok = it.Next() {
		v, err := it.Version()
		if err != nil {
			it.Close()
			return false, err
		}
		switch j.judge(v) {
		case expires:
			gone = append(gone, v)
		case expiresCurrent:
			current = v
		}
		if marker = nil; j.markerAlone() {
			marker = v
		}
	}
	if err := it.Close(); err != nil {
		return false, err
	}
	if marker != nil {
		gone = append(gone, marker)
	}
	if current != nil && b.Versioning == keyhaven.NeverEnabled {
		gone = append(gone, current)
	}
	for _, v := range gone {
		d, err := s.removed(tx, b, v, false)
		if err != nil {
			return false, err
		}
		if err := s.reportDeleted(ctx, tx, b, DeleteTarget{Key: key, Version: &v.Version}, d); err != nil {
			return false, err
		}
	}
	if current != nil && b.Versioning != keyhaven.NeverEnabled {
		var d Deleted
		if d, err = s.mark(tx, b, DeleteTarget{Key: key}); err == nil {
			err = s.reportDeleted(ctx, tx, b, DeleteTarget{Key: key}, d)
		}
		if keyhaven.Is(err, keyhaven.Denied, keyhaven.NounObjectLock) {
			err = nil // a null version that is locked stays
		}
	}
	return len(gone) >= lifecycleBatch, err
}

type verdict uint8

const (
	stays verdict = iota
	expires
	expiresCurrent // a delete marker comes over it, where there are versions
)

// judge goes over the versions of keys, newest first, and says which expire.
type judge struct {
	doc   *keyhaven.Lifecycle
	now   time.Time
	key   string
	seen  int              // versions of the key before this one
	newer time.Time        // when the version before it was made
	alone *keyhaven.Object // the newest of the key when it is a marker and nothing came after it
}

func newJudge(doc *keyhaven.Lifecycle) *judge { return &judge{doc: doc, now: time.Now(), seen: -1} }

func (j *judge) judge(v *meta.Version) verdict {
	if j.seen < 0 || v.Key != j.key {
		j.key, j.seen, j.alone = v.Key, 0, nil
	}
	newer := j.newer
	j.seen, j.newer = j.seen+1, v.ModTime
	if j.seen == 1 {
		if v.DeleteMarker {
			j.alone = &v.Object
			return stays
		}
		if at, _ := j.doc.Expiry(&v.Object); !at.IsZero() && !j.now.Before(at) && v.Latest {
			return expiresCurrent
		}
		return stays
	}
	j.alone = nil
	// Locked versions stay until their time; they are no failure of the run.
	if j.doc.NoncurrentExpired(&v.Object, newer, j.seen-2, j.now) && !v.Lock.Holds(j.now, false) {
		return expires
	}
	return stays
}

// markerAlone reports whether the version judged last is a marker that expires,
// if no other version of its key follows.
func (j *judge) markerAlone() bool { return j.alone != nil && j.doc.MarkerExpired(j.alone, j.now) }

// abortDue aborts the unfinished uploads whose time has come by a rule.
func (s *Service) abortDue(ctx context.Context, run meta.LifecycleRun) error {
	for more := true; more; {
		err := s.meta.Update(ctx, func(tx *meta.Txn) error {
			more = false
			b, doc, err := s.rules(&tx.Reader, run)
			if err != nil {
				return err
			}
			var due []*meta.Upload
			it := tx.Uploads(b.ID, "")
			for it.Next() {
				u, err := it.Upload()
				if err != nil {
					it.Close()
					return err
				}
				if at, _ := doc.Abort(u.Key, u.Initiated); at.IsZero() || time.Now().Before(at) {
					continue
				}
				if due = append(due, u); len(due) == lifecycleBatch {
					more = true
					break
				}
			}
			if err := it.Close(); err != nil {
				return err
			}
			for _, u := range due {
				if err := tx.EndUpload(u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
