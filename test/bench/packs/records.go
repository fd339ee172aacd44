package main

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// recordSize is what an object's record has beside its place: attributes, sums.
const recordSize = 140

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("the bytes are not those that were stored")

// recordKey scatters objects as names do.
func recordKey(i uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("o/bucket/some/object/"), i*0x9e3779b97f4a7c15)
}

// records keeps the bytes in a record of their own, in the same transaction.
type records struct {
	db  kv.Store
	ids atomic.Uint64
}

func dataKey(id uint64) []byte { return binary.BigEndian.AppendUint64([]byte("d/"), id) }

func (s *records) put(i uint64, data []byte) error {
	id := s.ids.Add(1)
	return s.db.Update(context.Background(), func(t kv.Txn) error {
		key := recordKey(i)
		old, err := t.Get(key)
		switch {
		case err == nil:
			if err := t.Delete(dataKey(binary.BigEndian.Uint64(old))); err != nil {
				return err
			}
		case !errors.Is(err, kv.ErrNotFound):
			return err
		}
		rec := binary.BigEndian.AppendUint64(nil, id)
		rec = binary.BigEndian.AppendUint32(rec, crc32.Checksum(data, castagnoli))
		if err := t.Set(key, append(rec, make([]byte, recordSize)...)); err != nil {
			return err
		}
		if err := t.Set(dataKey(id), data); err != nil {
			return err
		}
		return t.Add([]byte("u/bytes"), int64(len(data)))
	})
}

func (s *records) get(i uint64) (data []byte, err error) {
	err = s.db.View(context.Background(), func(r kv.Reader) error {
		rec, err := r.Get(recordKey(i))
		if err != nil {
			return err
		}
		v, err := r.Get(dataKey(binary.BigEndian.Uint64(rec)))
		if err != nil {
			return err
		}
		if crc32.Checksum(v, castagnoli) != binary.BigEndian.Uint32(rec[8:]) {
			return errDamaged
		}
		data = append(data, v...)
		return nil
	})
	return data, err
}

func (s *records) close() error { return s.db.Close() }
