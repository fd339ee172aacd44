package object_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// TestR8_ConcurrentComplete completes an upload many times at once, with the
// same list: one object, and one answer for all.
func TestR8_ConcurrentComplete(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		engine := open(t)
		defer engine.Close()
		r := newRig(t, engine)
		r.setVersioning("photos", keyhaven.VersioningEnabled)
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
		u.part(1, content(keyhaven.MinPartSize, 1), object.Integrity{})
		u.part(2, content(large, 2), object.Integrity{})
		u.part(3, content(10, 3), object.Integrity{}) // not in the list
		list := u.list[:2]
		var wg sync.WaitGroup
		answers := make([]*keyhaven.Object, 20)
		for i := range answers {
			wg.Go(func() {
				o, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: list, Size: -1})
				if err != nil {
					t.Errorf("Complete() = %v", err)
					return
				}
				answers[i] = o
			})
		}
		wg.Wait()
		for _, o := range answers {
			if o == nil || o.Version != answers[0].Version || o.ETag != answers[0].ETag {
				t.Fatalf("two answers to the same Complete: %+v and %+v", answers[0], o)
			}
		}
		want := meta.Usage{Objects: 1, Versions: 1, Bytes: keyhaven.MinPartSize + large}
		if use := r.usage("photos"); use != want {
			t.Errorf("usage is %+v, want %+v", use, want)
		}
		r.swept()
		if _, data, err := r.get(object.GetInput{Bucket: u.Bucket, Key: "k"}); err != nil || !bytes.Equal(data, u.data[:want.Bytes]) {
			t.Errorf("Get() = %d bytes, %v", len(data), err)
		}
		if n := r.blobCount(); n != 2 {
			t.Errorf("%d blobs, want those of the two parts in the list", n)
		}
	})
}

// TestR8_CompleteAgainstAbort races completing, aborting and uploading a part
// again: either there is the object or there is nothing, and never half of it.
func TestR8_CompleteAgainstAbort(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		engine := open(t)
		defer engine.Close()
		r := newRig(t, engine)
		objects := 0
		for round := range 40 {
			u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: fmt.Sprint(round)})
			first := u.part(1, content(large, uint64(round)), object.Integrity{})
			var wg sync.WaitGroup
			var completed, aborted, replaced atomic.Bool
			race := func(won *atomic.Bool, call func() error) {
				wg.Go(func() {
					err := call()
					won.Store(err == nil)
					if err != nil && !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUpload) && !keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounPart) {
						t.Errorf("a loser gets %v", err)
					}
				})
			}
			race(&completed, func() error {
				_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1})
				return err
			})
			race(&aborted, func() error { return r.objects.AbortUpload(r.ctx, u.UploadTarget, nil) })
			race(&replaced, func() error {
				_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: 1, Body: bytes.NewReader(content(12, 9)), Size: 12})
				return err
			})
			wg.Wait()
			_, data, err := r.get(object.GetInput{Bucket: u.Bucket, Key: u.Key})
			switch {
			case completed.Load() == aborted.Load():
				t.Fatalf("completed %v, aborted %v, replaced %v", completed.Load(), aborted.Load(), replaced.Load())
			case completed.Load() && (err != nil || md5Hex(data) != first.ETag.String()):
				t.Fatalf("the completed object has %d bytes, %v", len(data), err)
			case completed.Load():
				objects++
			case !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounObject):
				t.Fatalf("the aborted upload left %d bytes, %v", len(data), err)
			}
		}
		want := meta.Usage{Objects: int64(objects), Versions: int64(objects), Bytes: int64(objects) * large}
		if use := r.usage("photos"); use != want {
			t.Errorf("usage is %+v, want %+v", use, want)
		}
		r.swept()
		if n := r.blobCount(); n != objects {
			t.Errorf("%d blobs of %d objects", n, objects)
		}
		if n := r.kinds()["p"]; n != 0 {
			t.Errorf("%d parts are left", n)
		}
	})
}

// TestR16_ReadersSeeOneVersion races readers with writers, deleters and the
// sweeper over small, large, multipart and copied objects: every Get that
// succeeds gives the bytes of its own entity tag, and a listing shows pairs of
// tag and size that were once written together (O2).
func TestR16_ReadersSeeOneVersion(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		engine := open(t)
		defer engine.Close()
		r := newRig(t, engine)
		const rounds = 40
		sizes := []int{0, 12, large, large + 99}
		var sizeOf sync.Map // of entity tags
		know := func(tag keyhaven.ETag, n int) { sizeOf.Store(tag.String(), n) }
		var writing, reading sync.WaitGroup
		var done atomic.Bool
		writer := func(seed uint64, round func(rnd *rand.Rand, n uint64) error) {
			writing.Go(func() {
				rnd := rand.New(rand.NewPCG(seed, 1))
				for n := range uint64(rounds) {
					if err := round(rnd, seed*1000+n); err != nil {
						t.Errorf("writer %d: %v", seed, err)
						return
					}
				}
			})
		}
		for seed := range uint64(2) {
			writer(seed+1, func(rnd *rand.Rand, n uint64) error {
				data := content(sizes[rnd.IntN(len(sizes))], n)
				o, err := r.objects.Put(r.ctx, putOf(r.bucket("photos"), "k", data))
				if err == nil {
					know(o.ETag, len(data))
				}
				return err
			})
		}
		writer(3, func(_ *rand.Rand, n uint64) error {
			u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
			u.part(1, content(large, n), object.Integrity{})
			know(u.complete().ETag, large)
			return nil
		})
		writer(4, func(rnd *rand.Rand, _ uint64) error {
			_, err := r.objects.Copy(r.ctx, object.CopyInput{
				Source: object.GetInput{Bucket: r.bucket("photos"), Key: "k"}, Bucket: r.bucket("photos"), Key: "copy",
			})
			if kind := keyhaven.KindOf(err); err != nil && kind != keyhaven.NotFound && kind != keyhaven.Conflict { // Conflict: it changed too often
				return err
			}
			if rnd.IntN(3) == 0 {
				_, err = r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: "k"})
				return err
			}
			return nil
		})
		writer(5, func(*rand.Rand, uint64) error { return r.sweep.Once(r.ctx) })
		for _, key := range []string{"k", "copy"} {
			reading.Go(func() {
				for !done.Load() {
					readOne(t, r, key)
				}
			})
		}
		reading.Go(func() {
			for !done.Load() {
				page, err := r.objects.List(r.ctx, object.ListInput{Bucket: r.bucket("photos"), Max: 10})
				if err != nil {
					t.Errorf("List() = %v", err)
				}
				for _, o := range page.Objects {
					if n, ok := sizeOf.Load(o.ETag.String()); ok && int64(n.(int)) != o.Size {
						t.Errorf("List() shows tag %v with %d bytes, it has %d", o.ETag, o.Size, n)
					}
				}
			}
		})
		writing.Wait()
		done.Store(true)
		reading.Wait()
		r.deleteBucket("photos")
		r.swept()
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d blobs are left of nothing", n)
		}
	})
}

// readOne reads an object slowly and compares the bytes with the tag.
func readOne(t *testing.T, r *rig, key string) {
	c, err := r.objects.Get(r.ctx, object.GetInput{Bucket: r.bucket("photos"), Key: key})
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounObject) {
		return
	}
	if err != nil {
		t.Errorf("Get(%s) = %v", key, err)
		return
	}
	defer c.Close()
	data, err := io.ReadAll(io.MultiReader(io.LimitReader(c, 100), c))
	if err != nil || int64(len(data)) != c.Size {
		t.Errorf("Get(%s) = %d of %d bytes, %v", key, len(data), c.Size, err)
		return
	}
	tag := keyhaven.ETag{MD5: md5.Sum(data), Parts: c.ETag.Parts}
	if tag.Parts == 1 { // the digest of the part's digest
		tag.MD5 = md5.Sum(tag.MD5[:])
	}
	if tag != c.ETag {
		t.Errorf("Get(%s) has the tag %v and bytes with the tag %v", key, c.ETag, tag)
	}
}

// TestR16_FreedUnderAReader does it step by step: a reader opens a multipart
// object, the object is deleted and swept, the reader reads on. While it does,
// the parts stay; afterwards they go.
func TestR16_FreedUnderAReader(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	u.part(1, content(keyhaven.MinPartSize, 1), object.Integrity{})
	u.part(2, content(12, 2), object.Integrity{})
	u.complete()
	single := content(large, 3)
	r.put("photos", "single", single)
	r.swept()

	multi, err := r.objects.Get(r.ctx, object.GetInput{Bucket: u.Bucket, Key: "k"})
	r.must("get", err)
	plain, err := r.objects.Get(r.ctx, object.GetInput{Bucket: u.Bucket, Key: "single"})
	r.must("get", err)
	r.deleteBucket("photos")
	r.swept()
	if n := r.blobCount(); n != 1 {
		t.Errorf("%d blobs while a reader holds the multipart object, want its one", n)
	}
	if data, err := io.ReadAll(multi); err != nil || !bytes.Equal(data, u.data) {
		t.Errorf("reading on gives %d bytes, %v", len(data), err)
	}
	if data, err := io.ReadAll(plain); err != nil || !bytes.Equal(data, single) {
		t.Errorf("reading on gives %d bytes, %v", len(data), err)
	}
	multi.Close()
	plain.Close()
	r.swept()
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left when the reader has closed", n)
	}
}

// TestHungUpClient: a Get that is given up frees what it held.
func TestHungUpClient(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	u.part(1, content(large, 1), object.Integrity{})
	u.complete()
	c, err := r.objects.Get(r.ctx, object.GetInput{Bucket: u.Bucket, Key: "k"})
	r.must("get", err)
	if _, err := c.WriteTo(failingWriter{}); !errors.Is(err, errFault) {
		t.Errorf("WriteTo() = %v, want the writer's error", err)
	}
	c.Close()
	c.Close() // harmless
	r.deleteBucket("photos")
	r.swept()
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left, pinned for ever", n)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFault }
