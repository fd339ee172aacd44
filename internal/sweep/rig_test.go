package sweep_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

const (
	account = keyhaven.AccountID("111122223333")
	large   = meta.MaxInline + 1 // bytes that need a blob
)

// rig is a sweeper with the services whose work it ends, over engines in memory
// that can be told to crash.
type rig struct {
	t       testing.TB
	ctx     context.Context
	engine  *crashStore
	disk    *memblob.Store
	blobs   *faultblob.Store
	pins    *blob.Pins
	meta    *meta.Store
	objects *object.Service
	buckets *bucket.Service
	sweep   *sweep.Service
	log     *countingHandler
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, ctx: context.Background(), engine: &crashStore{Store: memkv.NewRerunning()}, disk: memblob.New(), log: &countingHandler{}}
	r.wire()
	return r
}

func (r *rig) wire() {
	r.pins = &blob.Pins{}
	r.blobs = faultblob.New(r.disk)
	r.meta = meta.New(r.engine)
	r.objects = object.New(r.meta, r.blobs, r.pins, object.Options{Log: slog.New(slog.DiscardHandler)})
	r.buckets = bucket.New(r.meta, bucket.Options{})
	r.sweep = sweep.New(r.meta, r.blobs, r.pins, sweep.Options{Log: slog.New(r.log)})
}

// restart is a new process over the same disks: another session of blobs, and
// nothing of what was in memory.
func (r *rig) restart() {
	r.engine.heal()
	r.disk = r.disk.Reopen()
	r.wire()
}

func (r *rig) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

func (r *rig) createBucket(name string) *keyhaven.Bucket {
	r.t.Helper()
	b, _, err := r.buckets.Create(r.ctx, bucket.CreateInput{Account: account, Region: "us-east-2", Name: name})
	r.must("create bucket", err)
	return b
}

func (r *rig) deleteBucket(name string) {
	r.t.Helper()
	_, err := r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: name, Force: true})
	r.must("delete bucket", err)
}

// content returns n bytes that differ by seed.
func content(n int, seed string) []byte {
	return append([]byte(seed), make([]byte, n)...)[:n]
}

func (r *rig) put(b *keyhaven.Bucket, key string, n int) {
	r.t.Helper()
	data := content(n, b.Name+"/"+key)
	_, err := r.objects.Put(r.ctx, object.PutInput{Bucket: b, Key: key, Body: bytes.NewReader(data), Size: int64(n)})
	r.must("put", err)
}

func (r *rig) delete(b *keyhaven.Bucket, key string) {
	r.t.Helper()
	_, err := r.objects.Delete(r.ctx, b, object.DeleteTarget{Key: key})
	r.must("delete", err)
}

func (r *rig) copy(b *keyhaven.Bucket, from, to string) {
	r.t.Helper()
	_, err := r.objects.Copy(r.ctx, object.CopyInput{Source: object.GetInput{Bucket: b, Key: from}, Bucket: b, Key: to})
	r.must("copy", err)
}

func (r *rig) upload(b *keyhaven.Bucket, key string, parts ...int) (object.UploadTarget, []object.CompletePart) {
	r.t.Helper()
	u, err := r.objects.CreateUpload(r.ctx, object.CreateUploadInput{Bucket: b, Key: key})
	r.must("create upload", err)
	target := object.UploadTarget{Bucket: b, Key: key, UploadID: u.ID}
	var list []object.CompletePart
	for i, n := range parts {
		data := content(n, fmt.Sprintf("%s/%s/%d", b.Name, key, i))
		p, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: target, Number: i + 1, Body: bytes.NewReader(data), Size: int64(n)})
		r.must("put part", err)
		list = append(list, object.CompletePart{Number: i + 1, ETag: p.ETag.String()})
	}
	return target, list
}

func (r *rig) complete(b *keyhaven.Bucket, key string, parts ...int) {
	r.t.Helper()
	target, list := r.upload(b, key, parts...)
	_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: target, Parts: list[len(list)-1:], Size: -1})
	r.must("complete", err)
}

// size reads an object to its end and returns its size, or -1 when there is no
// object. Whatever else happens is an error.
func (r *rig) size(b *keyhaven.Bucket, key string) int64 {
	r.t.Helper()
	c, err := r.objects.Get(r.ctx, object.GetInput{Bucket: b, Key: key})
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return -1
	}
	r.must("get "+key, err)
	defer c.Close()
	n, err := io.Copy(io.Discard, c)
	r.must("read "+key, err)
	return n
}

func (r *rig) blobCount() (n int) {
	r.t.Helper()
	for _, err := range r.disk.List(r.ctx) {
		r.must("list blobs", err)
		n++
	}
	return n
}

// kinds counts the keys of each kind (meta, "The key space").
func (r *rig) kinds() map[string]int {
	r.t.Helper()
	n := map[string]int{}
	r.must("dump", r.engine.Store.View(r.ctx, func(x kv.Reader) error {
		it := x.Scan(kv.Span{})
		for it.Next() {
			n[string(it.Key()[:1])]++
		}
		return it.Close()
	}))
	return n
}

// countingHandler counts the lines of a log.
type countingHandler struct {
	slog.Handler
	errors, infos atomic.Int64
}

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *countingHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		h.errors.Add(1)
	} else {
		h.infos.Add(1)
	}
	return nil
}
