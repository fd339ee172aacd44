package meta

import (
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
)

// MonthUsage is what a bucket used in a billing month, which is a calendar month
// in UTC. Nothing is used by what is not counted (spec/bucket-semantics.md §3).
type MonthUsage struct {
	Transfer int64 // bytes out
	// Base is how much of Transfer was used under an earlier plan of the month,
	// and Overage by how much that was over its quota.
	Base, Overage int64
	ByteSeconds   float64 // storage, integrated over Seconds
	Seconds       int64
	Peak          int64 // bytes stored at most
}

// months is the place of months among the series of a bucket, before any
// resolution.
const months = 0

func monthKey(bucket keyhaven.BucketID, t time.Time) []byte {
	t = t.UTC()
	k := append(bucketScope(kindSeries, bucket), months)
	return binary.BigEndian.AppendUint32(k, uint32(t.Year()*12+int(t.Month())-1))
}

// MonthUsage returns what the bucket used in the month of t.
func (r *Reader) MonthUsage(bucket keyhaven.BucketID, t time.Time) (u MonthUsage, err error) {
	rec, err := r.get(monthKey(bucket, t))
	if err != nil || rec == nil {
		return u, err
	}
	return decodeMonth(rec)
}

// PutMonthUsage writes it.
func (t *Txn) PutMonthUsage(bucket keyhaven.BucketID, at time.Time, u MonthUsage) error {
	e := newRecord(48)
	e.uint(1, uint64(u.Transfer))
	e.uint(2, uint64(u.Base))
	e.uint(3, uint64(u.Overage))
	e.uint(4, uint64(u.ByteSeconds))
	e.uint(5, uint64(u.Seconds))
	e.uint(6, uint64(u.Peak))
	return t.t.Set(monthKey(bucket, at), e.b)
}

func decodeMonth(rec []byte) (u MonthUsage, err error) {
	err = decode("month", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			u.Transfer = int64(f.num)
		case 2:
			u.Base = int64(f.num)
		case 3:
			u.Overage = int64(f.num)
		case 4:
			u.ByteSeconds = float64(f.num)
		case 5:
			u.Seconds = int64(f.num)
		case 6:
			u.Peak = int64(f.num)
		}
		return nil
	})
	return u, err
}

// parseSeries checks an entry of the series of a bucket.
func parseSeries(k, v []byte) error {
	if len(k) < 18 {
		return errKey
	}
	if k[17] == months {
		if len(k) != 22 {
			return errKey
		}
		_, err := decodeMonth(v)
		return err
	}
	_, b, err := parseSeriesKey(k)
	if err != nil {
		return err
	}
	_, err = decodeBlock(b, v, 0)
	return err
}
