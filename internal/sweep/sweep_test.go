package sweep_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

var errFault = errors.New("injected fault")

// failSome lets the deletion of all but n blobs fail and returns how many will.
func failSome(r *rig, n int) (failing int) {
	bad := map[blob.Ref]bool{}
	i := 0
	for info, err := range r.disk.List(r.ctx) {
		r.must("list", err)
		if i++; i > n {
			bad[info.Ref] = true
		}
	}
	r.blobs.FailFunc(func(c faultblob.Call) error {
		if c.Op == faultblob.Delete && bad[c.Ref] {
			return errFault
		}
		return nil
	})
	return len(bad)
}

// TestFailedDeletesAreRetried: a blob that cannot be deleted holds up no other
// one, over several pages of the outbox, and is tried again.
func TestFailedDeletesAreRetried(t *testing.T) {
	r := newRig(t)
	b := r.createBucket("photos")
	const blobs, good = 300, 100 // more than a page
	refs := make([]blob.Ref, blobs)
	for i := range refs { // straight into the store, as 128 KiB each would be slow
		w, err := r.blobs.Create(r.ctx, 0)
		r.must("create", err)
		refs[i], err = w.Commit(r.ctx)
		r.must("commit", err)
	}
	r.must("fill", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		for _, ref := range refs {
			v := &meta.Version{Data: meta.Data{Blob: ref}}
			if err := errors.Join(tx.Refer(v.Data, v), tx.Release(v)); err != nil {
				return err
			}
		}
		return nil
	}))
	r.put(b, "kept", large)
	failing := failSome(r, good)
	if err := r.sweep.Once(r.ctx); !errors.Is(err, errFault) {
		t.Errorf("Once() = %v, want the fault", err)
	} else if len(err.Error()) > 1000 {
		t.Errorf("the error has %d bytes; there may be one failure for each of a million entries", len(err.Error()))
	}
	// The blob that is needed may be among those that would fail.
	if n := r.kinds()["x"]; n != failing && n != failing-1 {
		t.Errorf("%d entries are left in the outbox, want those of the %d that fail", n, failing)
	}
	r.blobs.Heal()
	r.must("sweep", r.sweep.Once(r.ctx))
	if n := r.blobCount(); n != 1 || r.kinds()["x"] != 0 {
		t.Errorf("%d blobs and %d entries are left, want the one blob that is needed", n, r.kinds()["x"])
	}
	if n := r.size(b, "kept"); n != large {
		t.Errorf("kept has %d bytes", n)
	}
}

// TestFailedOrphansAreRetried is the same for left-overs, and for Run, which
// looks again after a while.
func TestFailedOrphansAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for range 3 {
			w, err := r.blobs.Create(r.ctx, 0)
			r.must("create", err)
			_, err = w.Commit(r.ctx)
			r.must("commit", err)
		}
		r.restart()
		failSome(r, 2)
		ctx, cancel := context.WithCancel(r.ctx)
		go r.sweep.Run(ctx)
		time.Sleep(30 * time.Second)
		if n := r.blobCount(); n != 1 || r.log.errors.Load() != 1 {
			t.Errorf("%d left-overs and %d errors in the log, want the one that fails and its one line", n, r.log.errors.Load())
		}
		r.blobs.Heal()
		time.Sleep(time.Minute)
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d left-overs after the fault has gone", n)
		}
		lists := r.blobs.Calls(faultblob.List)
		time.Sleep(time.Hour)
		if n := r.blobs.Calls(faultblob.List); n != lists {
			t.Errorf("the blobs were listed %d times more when all was done", n-lists)
		}
		cancel()
		synctest.Wait()
	})
}

// TestRun does everything by itself: what is deleted is freed, what falls due
// ends, failures are tried again, and the end of the context ends it.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 10 * time.Minute // or ninety days would take long
		r := newRig(t)
		r.sweep = sweep.New(r.meta, r.blobs, r.pins, sweep.Options{Every: every, Log: slog.New(r.log)})
		b := r.createBucket("photos")
		r.upload(b, "unfinished", large, 12)
		r.put(b, "deleted", large)
		r.delete(b, "deleted")
		ctx, cancel := context.WithCancel(r.ctx)
		done := make(chan bool)
		go func() { r.sweep.Run(ctx); close(done) }()
		time.Sleep(time.Second)
		if n := r.blobCount(); n != 1 {
			t.Errorf("%d blobs after the first sweep, want that of the unfinished upload", n)
		}
		time.Sleep(object.DefaultUploadLifetime + every)
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d blobs after a day, want none", n)
		}
		r.engine.crashAfter(0, false)
		time.Sleep(every)
		if r.log.errors.Load() == 0 {
			t.Error("failures are not in the log")
		}
		r.engine.heal()
		r.put(b, "k", large)
		r.delete(b, "k")
		time.Sleep(every)
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d blobs: the sweeper did not go on after a failure", n)
		}
		time.Sleep(meta.OperationRetention + every)
		if d := cmp.Diff(map[string]int{"b": 1, "B": 1, "t": r.kinds()["t"]}, r.kinds()); d != "" {
			t.Errorf("records that are left (-want +got):\n%s", d)
		}
		cancel()
		<-done
	})
}

// TestS1_ReferencedStays: an entry that asks for a blob which something needs is
// refused, whatever wrote it.
func TestS1_ReferencedStays(t *testing.T) {
	r := newRig(t)
	b := r.createBucket("photos")
	r.put(b, "k", large)
	var ref blob.Ref
	for info, err := range r.disk.List(r.ctx) {
		r.must("list", err)
		ref = info.Ref
	}
	// A release by an owner that is not the last one puts no entry; this forges
	// one by releasing before the object refers.
	r.must("forge", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		cur, err := tx.Current(b.ID, "k")
		if err != nil {
			return err
		}
		if err := tx.Release(cur); err != nil {
			return err
		}
		return tx.Refer(cur.Data, cur)
	}))
	if err := r.sweep.Once(r.ctx); err == nil || !strings.Contains(err.Error(), ref.String()) {
		t.Errorf("Once() = %v, want an error that names the blob", err)
	}
	if n := r.size(b, "k"); n != large {
		t.Errorf("the object has %d bytes", n)
	}
}

// TestUnknownWorkIsKept: an entry of a later release stays for it, and holds up
// nothing.
func TestUnknownWorkIsKept(t *testing.T) {
	r := newRig(t)
	b := r.createBucket("photos")
	r.must("write", r.engine.Update(r.ctx, func(x kv.Txn) error {
		return x.Set(append([]byte{'x'}, make([]byte, 16)...), []byte{1, 8, 99})
	}))
	r.put(b, "k", large)
	r.delete(b, "k")
	if err := r.sweep.Once(r.ctx); err == nil {
		t.Error("Once() says nothing of an entry that it does not know")
	}
	if n := r.blobCount(); n != 0 || r.kinds()["x"] != 1 {
		t.Errorf("%d blobs and %d entries are left, want the one entry that is unknown", n, r.kinds()["x"])
	}
}

// TestDamagedEntriesHoldUpNothing: neither in the outbox nor among what falls
// due.
func TestDamagedEntriesHoldUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		b := r.createBucket("photos")
		first := uint64(time.Now().UnixNano())
		damaged := map[string][]byte{
			"x" + strings.Repeat("\x00", 16):       {1, 0xff},        // no field
			"x" + strings.Repeat("\x00", 15) + "1": {99},             // of another version
			string(dueKey(first, "")):              nil,              // of no type
			string(dueKey(first+1, "?unknown")):    nil,              // of a later release
			string(dueKey(first+2, "ushort")):      []byte("upload"), // of no upload
		}
		r.must("write", r.engine.Update(r.ctx, func(x kv.Txn) error {
			for k, v := range damaged {
				if err := x.Set([]byte(k), v); err != nil {
					return err
				}
			}
			return nil
		}))
		r.upload(b, "unfinished", large, 12)
		r.put(b, "deleted", large)
		r.delete(b, "deleted")
		time.Sleep(object.DefaultUploadLifetime + time.Second)
		if err := r.sweep.Once(r.ctx); err == nil || !strings.Contains(err.Error(), "4 more") {
			t.Errorf("Once() = %v, want the five damaged entries", err)
		}
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d blobs are left: damaged entries held up others", n)
		}
		want := map[string]int{"b": 1, "B": 1, "x": 2, "e": 4, "t": r.kinds()["t"], "g": 1, "G": 1, "h": 1}
		if d := cmp.Diff(want, r.kinds()); d != "" {
			t.Errorf("records that are left (-want +got):\n%s", d)
		}
	})
}

// dueKey is the key of an entry that falls due at a time, as meta writes it.
func dueKey(at uint64, rest string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{'e'}, at), rest...)
}

// TestPurgeByPages drops a bucket that takes several transactions, while another
// bucket with the same keys stays as it is.
func TestPurgeByPages(t *testing.T) {
	r := newRig(t)
	gone, kept := r.createBucket("gone"), r.createBucket("kept")
	before := r.kinds()
	const objects = 1100
	for i := range objects {
		r.put(gone, fmt.Sprint(i), 20)
	}
	target, _ := r.upload(gone, "parts")
	ref, err := meta.ParseUploadID(target.UploadID)
	r.must("parse", err)
	r.must("put parts", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		for n := 1; n <= objects; n++ {
			data, err := tx.PutInline([]byte("x"))
			if err != nil {
				return err
			}
			p := &meta.PartRecord{Part: keyhaven.Part{Number: n, Size: 1}, Data: data}
			if err := tx.PutPart(&meta.Upload{Ref: ref, Bucket: gone.ID}, p); err != nil {
				return err
			}
		}
		return nil
	}))
	r.put(kept, "1", 20)
	r.deleteBucket("gone")
	r.must("sweep", r.sweep.Once(r.ctx))
	want := before
	want["b"]--
	want["B"]--
	want["o"], want["d"] = 1, 1 // of the bucket that is kept
	want["t"] = 3               // its objects, versions and bytes
	for _, op := range []string{"g", "G", "h", "e"} {
		want[op]++ // DeleteBucket
	}
	if d := cmp.Diff(want, r.kinds()); d != "" {
		t.Errorf("records that are left (-want +got):\n%s", d)
	}
	if n := r.size(kept, "1"); n != 20 {
		t.Errorf("the object of the other bucket has %d bytes", n)
	}
}

// TestStoppedSweep: the end of the context is no damage, only later.
func TestStoppedSweep(t *testing.T) {
	r := newRig(t)
	b := r.createBucket("photos")
	r.put(b, "k", large)
	r.delete(b, "k")
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	if err := r.sweep.Once(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Once() = %v, want canceled", err)
	}
	if _, err := r.sweep.Orphans(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Orphans() = %v, want canceled", err)
	}
	r.must("sweep", r.sweep.Once(r.ctx))
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}
