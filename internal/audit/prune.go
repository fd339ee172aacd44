package audit

import (
	"encoding/json"
	"errors"
	"os"
	"time"
)

// Prune deletes the files whose last record is older than the retention. The
// newest file stays.
func (l *Log) Prune() error {
	if l.opts.Retention == 0 {
		return nil
	}
	segments, err := listSegments(l.dir)
	if err != nil {
		return err
	}
	before := l.opts.Now().Add(-l.opts.Retention)
	for i := range len(segments) - 1 {
		began, err := firstTime(segmentPath(l.dir, segments[i+1]))
		if err != nil || began.IsZero() || !began.Before(before) {
			return err
		}
		if err := os.Remove(segmentPath(l.dir, segments[i])); err != nil {
			return err
		}
	}
	return syncDir(l.dir)
}

// firstTime returns the time of the first record of a file, zero when it has none.
func firstTime(path string) (at time.Time, err error) {
	err = lines(path, func(line []byte) error {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		at = e.EventTime
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return at, err
}
