package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// LogBatch is some lines of the access log of a bucket that are not delivered
// yet, with all that their delivery needs, as the bucket may be gone by then.
type LogBatch struct {
	ID      ID
	Source  string // the bucket that was asked
	Account keyhaven.AccountID
	Region  string
	Logging keyhaven.Logging
	Day     uint32 // days since 1970 of the requests
	Lines   []byte
}

// PutLogBatch keeps a batch until it is delivered.
func (t *Txn) PutLogBatch(b *LogBatch) error {
	if b.ID.IsZero() {
		b.ID = t.s.NewID()
	}
	e := newRecord(128 + len(b.Lines))
	e.string(1, b.Source)
	e.string(2, string(b.Account))
	e.string(3, b.Region)
	e.string(4, b.Logging.Target)
	e.string(5, b.Logging.Prefix)
	e.bool(6, b.Logging.Partitioned)
	e.bool(7, b.Logging.EventTime)
	e.uint(8, uint64(b.Day))
	e.bytes(9, b.Lines)
	return t.t.Set(keyID(kindLogBatch, b.ID), e.b)
}

// LogBatches returns undelivered batches in order of time, until their lines
// have so many bytes, and whether there are more.
func (r *Reader) LogBatches(bytes int) (batches []*LogBatch, more bool, err error) {
	err = r.scan(kv.Prefix([]byte{kindLogBatch}), func(k, rec []byte) (bool, error) {
		if bytes <= 0 {
			more = true
			return false, nil
		}
		b, err := decodeLogBatch(k[1:], rec)
		if err != nil {
			return false, err
		}
		bytes -= len(b.Lines)
		batches = append(batches, b)
		return true, nil
	})
	return batches, more, err
}

// DeleteLogBatch removes a batch that was delivered.
func (t *Txn) DeleteLogBatch(id ID) error { return t.t.Delete(keyID(kindLogBatch, id)) }

func decodeLogBatch(id, rec []byte) (*LogBatch, error) {
	b := &LogBatch{}
	if len(id) != len(b.ID) {
		return nil, errKey
	}
	b.ID = ID(id)
	err := decode("access log", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			b.Source = f.str()
		case 2:
			b.Account = keyhaven.AccountID(f.str())
		case 3:
			b.Region = f.str()
		case 4:
			b.Logging.Target = f.str()
		case 5:
			b.Logging.Prefix = f.str()
		case 6:
			b.Logging.Partitioned = f.num != 0
		case 7:
			b.Logging.EventTime = f.num != 0
		case 8:
			b.Day = uint32(f.num)
		case 9:
			b.Lines = append([]byte(nil), f.bytes...)
		}
		return nil
	})
	return b, err
}
