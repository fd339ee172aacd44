package meta

import (
	"time"

	"github.com/keyhaven/keyhaven"
)

// LockedVersion returns the key of a version in the bucket that object lock
// holds now, or "". It reads every version until it finds one. A record that
// cannot be read is an error.
func (r *Reader) LockedVersion(bucket keyhaven.BucketID, now time.Time) (key string, err error) {
	it := r.Versions(bucket, "")
	for it.Next() {
		v, err := it.Version()
		if err != nil {
			it.Close()
			return "", err
		}
		if v.Lock.Holds(now, false) {
			key = v.Key
			break
		}
	}
	return key, it.Close()
}
