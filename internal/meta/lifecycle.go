package meta

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// LifecycleRun says how far the lifecycle of a bucket has come. The record is
// there as long as the bucket has a lifecycle document.
type LifecycleRun struct {
	Bucket keyhaven.BucketID
	Name   string
	Next   time.Time // when it runs, or goes on
	After  string    // object key that was done last in the run, "" at its beginning
}

func lifecycleKey(id keyhaven.BucketID) []byte { return bucketScope(kindLifecycle, id) }

// PutLifecycle stores the lifecycle document of a bucket and has it run at once;
// nil removes both.
func (t *Txn) PutLifecycle(b *keyhaven.Bucket, doc *keyhaven.Lifecycle, now time.Time) error {
	if doc == nil {
		if err := t.PutBucketConfig(b, keyhaven.ConfigLifecycle, nil); err != nil {
			return err
		}
		return t.t.Delete(lifecycleKey(b.ID))
	}
	if err := t.PutBucketConfig(b, keyhaven.ConfigLifecycle, doc); err != nil {
		return err
	}
	return t.PutLifecycleRun(LifecycleRun{Bucket: b.ID, Name: b.Name, Next: now})
}

// PutLifecycleRun writes how far a run has come.
func (t *Txn) PutLifecycleRun(run LifecycleRun) error {
	e := newRecord(64)
	e.string(1, run.Name)
	e.time(2, run.Next)
	e.string(3, run.After)
	return t.t.Set(lifecycleKey(run.Bucket), e.b)
}

// LifecycleRun returns the run of a bucket, or nil.
func (r *Reader) LifecycleRun(id keyhaven.BucketID) (*LifecycleRun, error) {
	rec, err := r.get(lifecycleKey(id))
	if err != nil || rec == nil {
		return nil, err
	}
	return decodeLifecycleRun(id, rec)
}

// LifecycleRuns calls fn for every bucket that has a lifecycle.
func (r *Reader) LifecycleRuns(fn func(LifecycleRun)) error {
	return r.scan(kv.Prefix([]byte{kindLifecycle}), func(k, rec []byte) (bool, error) {
		if len(k) != 17 {
			return false, errKey
		}
		run, err := decodeLifecycleRun(keyhaven.BucketID(k[1:]), rec)
		if err != nil {
			return false, err
		}
		fn(*run)
		return true, nil
	})
}

func decodeLifecycleRun(id keyhaven.BucketID, rec []byte) (*LifecycleRun, error) {
	run := &LifecycleRun{Bucket: id}
	err := decode("lifecycle run", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			run.Name = f.str()
		case 2:
			run.Next = f.time()
		case 3:
			run.After = f.str()
		}
		return nil
	})
	return run, err
}
