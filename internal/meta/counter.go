package meta

import (
	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Usage is what a bucket holds at this moment, exactly (M3).
type Usage struct {
	Objects       int64 // current versions
	Versions      int64 // current and noncurrent versions
	DeleteMarkers int64
	Bytes         int64 // of all versions
	Parts         int64 // of unfinished uploads
	PartBytes     int64
}

const (
	countObjects  = 'c'
	countVersions = 'n'
	countMarkers  = 'x'
	countBytes    = 'b'
	countParts    = 'q'
	countPartSize = 'p'
)

func (u *Usage) each(fn func(what byte, n *int64) error) error {
	for _, c := range []struct {
		what byte
		n    *int64
	}{
		{countObjects, &u.Objects},
		{countVersions, &u.Versions},
		{countMarkers, &u.DeleteMarkers},
		{countBytes, &u.Bytes},
		{countParts, &u.Parts},
		{countPartSize, &u.PartBytes},
	} {
		if err := fn(c.what, c.n); err != nil {
			return err
		}
	}
	return nil
}

// Usage returns the counters of a bucket.
func (r *Reader) Usage(id keyhaven.BucketID) (u Usage, err error) { return r.usage(ID(id)) }

// UploadUsage returns the counters of an unfinished upload: Parts and
// PartBytes.
func (r *Reader) UploadUsage(upload ID) (u Usage, err error) { return r.usage(upload) }

func (r *Reader) usage(id ID) (u Usage, err error) {
	err = u.each(func(what byte, n *int64) error {
		v, err := r.get(keyID(kindCounter, id, what))
		if err != nil || v == nil {
			return err
		}
		*n, err = kv.DecodeCounter(v)
		return err
	})
	return u, err
}

// AddUsage adds the differences to the counters of a bucket.
func (t *Txn) AddUsage(id keyhaven.BucketID, d Usage) error { return t.addUsage(ID(id), d) }

// AddUploadUsage adds the differences to the counters of an upload.
func (t *Txn) AddUploadUsage(upload ID, d Usage) error { return t.addUsage(upload, d) }

func (t *Txn) addUsage(id ID, d Usage) error {
	return d.each(func(what byte, n *int64) error {
		if *n == 0 {
			return nil
		}
		return t.t.Add(keyID(kindCounter, id, what), *n)
	})
}

func (t *Txn) deleteUsage(id ID) error {
	var u Usage
	return u.each(func(what byte, _ *int64) error {
		return t.t.Delete(keyID(kindCounter, id, what))
	})
}
