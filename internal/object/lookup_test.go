package object_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/object"
)

// hookStore runs a hook once, when the next View has ended.
type hookStore struct {
	kv.Store
	next atomic.Pointer[func()]
}

func (s *hookStore) View(ctx context.Context, fn func(kv.Reader) error) error {
	err := s.Store.View(ctx, fn)
	if hook := s.next.Swap(nil); hook != nil {
		(*hook)()
	}
	return err
}

// TestO2_ChangedDuringLookup replaces or deletes an object, and lets the sweeper
// free its bytes, after a reader has looked it up and before it opens them: the
// reader looks again.
func TestO2_ChangedDuringLookup(t *testing.T) {
	stores := map[string]func(r *rig, n uint64) []byte{
		"blob": func(r *rig, n uint64) []byte {
			data := content(large, n)
			r.put("photos", "k", data)
			return data
		},
		"multipart": func(r *rig, n uint64) []byte {
			u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
			u.part(1, content(large, n), object.Integrity{})
			u.complete()
			return u.data
		},
	}
	for from, before := range stores {
		for to, after := range stores {
			t.Run(from+" to "+to, func(t *testing.T) {
				engine := &hookStore{Store: memkv.New()}
				r := newRig(t, engine)
				before(r, 1)
				in := object.GetInput{Bucket: r.bucket("photos"), Key: "k"}
				var want []byte
				engine.next.Store(new(func() { want = after(r, 2); r.swept() }))
				c, got, err := r.get(in)
				if err != nil || !bytes.Equal(got, want) || c.Size != int64(len(want)) || want == nil {
					t.Errorf("Get() = %d bytes, %v, want the %d of the new object", len(got), err, len(want))
				}
				engine.next.Store(new(func() { want = after(r, 3); r.swept() }))
				copied, err := r.objects.Copy(r.ctx, object.CopyInput{Source: in, Bucket: in.Bucket, Key: "copy", Algorithm: keyhaven.ChecksumSHA1})
				if err != nil || !bytes.Equal(copied.Checksum.Value, sumOf(keyhaven.ChecksumSHA1, want)) {
					t.Errorf("Copy() = %+v, %v, want the new bytes with the new sum", copied, err)
				}
				engine.next.Store(new(func() {
					_, err := r.objects.DeleteMany(r.ctx, in.Bucket, []object.DeleteTarget{{Key: "k"}, {Key: "copy"}})
					r.must("delete", err)
					r.swept()
				}))
				_, _, err = r.get(in)
				wantError(t, "Get of what was deleted meanwhile", err, keyhaven.NotFound, keyhaven.NounObject)
			})
		}
	}
}

// TestO2_ChangedTooOften: a reader that finds the object changed every time
// gives up; it does not read on for ever.
func TestO2_ChangedTooOften(t *testing.T) {
	engine := &hookStore{Store: memkv.New()}
	r := newRig(t, engine)
	r.put("photos", "k", content(large, 0))
	in := object.GetInput{Bucket: r.bucket("photos"), Key: "k"}
	n := uint64(0)
	var hook func()
	hook = func() {
		if n++; n < 100 {
			_, err := r.objects.Put(r.ctx, putOf(in.Bucket, "k", content(large, n)))
			r.must("put", err)
			r.swept()
			engine.next.Store(&hook)
		}
	}
	engine.next.Store(&hook)
	if _, _, err := r.get(in); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("Get() = %v, want an error after some look-ups", err)
	}
	if n >= 100 {
		t.Error("the reader looked a hundred times")
	}
	engine.next.Store(nil)
}
