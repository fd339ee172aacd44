package meta

import "github.com/keyhaven/keyhaven/internal/kv"

// AllUsage calls fn with the counters of every bucket.
func (r *Reader) AllUsage(fn func(Usage)) error {
	return r.scan(kv.Prefix([]byte{kindBucket}), func(k, rec []byte) (bool, error) {
		b, err := decodeBucket(string(k[1:]), rec)
		if err != nil {
			return false, err
		}
		u, err := r.Usage(b.ID)
		if err == nil {
			fn(u)
		}
		return err == nil, err
	})
}
