package object_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sse"
	"github.com/keyhaven/keyhaven/internal/sweep"
)

const account = keyhaven.AccountID("111122223333")

// fatal is what testing.TB and rapid.T share here.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// rig is the service with everything around it, over engines in memory.
type rig struct {
	t       fatal
	ctx     context.Context
	engine  kv.Store
	disk    *memblob.Store
	blobs   *faultblob.Store
	pins    *blob.Pins
	meta    *meta.Store
	objects *object.Service
	buckets *bucket.Service
	sweep   *sweep.Service
	ring    object.KeyRing
	local   *sse.LocalKeys
}

// newRig wires the services over an engine, with one bucket named "photos".
func newRig(t fatal, engine kv.Store) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), engine: engine, disk: memblob.New(), pins: &blob.Pins{}}
	r.wire()
	r.createBucket("photos")
	return r
}

func (r *rig) wire() {
	r.blobs = faultblob.New(r.disk)
	r.meta = meta.New(r.engine)
	quiet := slog.New(slog.DiscardHandler)
	r.objects = object.New(r.meta, r.blobs, r.pins, object.Options{Log: quiet, Ring: r.ring, LocalKeys: r.local})
	r.buckets = bucket.New(r.meta, bucket.Options{})
	r.sweep = sweep.New(r.meta, r.blobs, r.pins, sweep.Options{Log: quiet})
}

// restart opens the blobs again, with a session of their own, as after a crash.
func (r *rig) restart() {
	r.disk, r.pins = r.disk.Reopen(), &blob.Pins{}
	r.wire()
}

// disk is where an engine keeps its files.
type disk struct {
	fs *vfs.MemFS // nil when it keeps none
}

// open opens the engine. The one in memory runs each transaction twice (kv K3).
func (d *disk) open(t fatal) kv.Store {
	t.Helper()
	if d.fs == nil {
		return memkv.NewRerunning()
	}
	engine, err := pebblekv.Open("data", pebblekv.Options{FS: d.fs, CacheBytes: 1 << 20, MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return engine
}

// crash loses the power: what was not synced is gone. An engine in memory stays
// as it is.
func (d *disk) crash(t fatal, engine kv.Store) kv.Store {
	t.Helper()
	if d.fs == nil {
		return engine
	}
	d.fs = d.fs.CrashClone(vfs.CrashCloneCfg{})
	if err := engine.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	return d.open(t)
}

// onDisks runs a test over every engine.
func onDisks(t *testing.T, fn func(t *testing.T, fresh func() *disk)) {
	t.Run("memkv", func(t *testing.T) { fn(t, func() *disk { return &disk{} }) })
	t.Run("pebblekv", func(t *testing.T) { fn(t, func() *disk { return &disk{fs: vfs.NewCrashableMem()} }) })
}

// onEngines is onDisks for tests that lose no power.
func onEngines(t *testing.T, fn func(t *testing.T, open func(fatal) kv.Store)) {
	onDisks(t, func(t *testing.T, fresh func() *disk) {
		fn(t, func(t fatal) kv.Store { return fresh().open(t) })
	})
}

func (r *rig) createBucket(name string) {
	r.t.Helper()
	_, _, err := r.buckets.Create(r.ctx, bucket.CreateInput{Account: account, Region: "us-east-2", Name: name})
	r.must("create bucket", err)
}

// deleteBucket deletes a bucket with all that is in it.
func (r *rig) deleteBucket(name string) {
	r.t.Helper()
	_, err := r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: name, Force: true})
	r.must("delete bucket", err)
}

// bucket returns the bucket as it is now.
func (r *rig) bucket(name string) *keyhaven.Bucket {
	r.t.Helper()
	b, err := r.buckets.Get(r.ctx, name)
	r.must("get bucket", err)
	return b
}

func (r *rig) setVersioning(name string, v keyhaven.Versioning) {
	r.t.Helper()
	_, _, err := r.buckets.Update(r.ctx, bucket.UpdateInput{Account: account, Name: name, Versioning: &v})
	r.must("set versioning", err)
}

func (r *rig) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

// put stores an object and expects success.
func (r *rig) put(bucket, key string, data []byte) *keyhaven.Object {
	r.t.Helper()
	o, err := r.objects.Put(r.ctx, putOf(r.bucket(bucket), key, data))
	r.must("put "+key, err)
	return o
}

func putOf(b *keyhaven.Bucket, key string, data []byte) object.PutInput {
	return object.PutInput{Bucket: b, Key: key, Body: bytes.NewReader(data), Size: int64(len(data))}
}

// get reads an object to its end.
func (r *rig) get(in object.GetInput) (*object.Content, []byte, error) {
	c, err := r.objects.Get(r.ctx, in)
	if err != nil {
		return c, nil, err
	}
	defer c.Close()
	data, err := io.ReadAll(c)
	return c, data, err
}

func (r *rig) usage(name string) meta.Usage {
	r.t.Helper()
	u, err := r.buckets.Usage(r.ctx, r.bucket(name))
	r.must("usage", err)
	return u
}

// swept runs the sweeper, which must have nothing to complain about.
func (r *rig) swept() {
	r.t.Helper()
	r.must("sweep", r.sweep.Once(r.ctx))
}

// blobCount returns how many blobs there are, whatever faults are set.
func (r *rig) blobCount() (n int) {
	r.t.Helper()
	for _, err := range r.disk.List(r.ctx) {
		r.must("list blobs", err)
		n++
	}
	return n
}

// kinds counts the keys of each kind in the engine (meta, "The key space").
func (r *rig) kinds() map[string]int {
	r.t.Helper()
	n := map[string]int{}
	r.must("dump", r.engine.View(r.ctx, func(x kv.Reader) error {
		it := x.Scan(kv.Span{})
		for it.Next() {
			n[string(it.Key()[:1])]++
		}
		return it.Close()
	}))
	return n
}

// wantError checks the kind and the noun of an error.
func wantError(t fatal, what string, err error, k keyhaven.Kind, n keyhaven.Noun) {
	t.Helper()
	if !keyhaven.Is(err, k, n) {
		t.Errorf("%s = %v, want %v %v", what, err, n, k)
	}
}

// content returns n bytes that no other seed gives.
func content(n int, seed uint64) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), 1})
	src.Read(b)
	copy(b, fmt.Sprintf("%d:", seed))
	return b
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

var errFault = errors.New("injected fault")

// brokenBody gives some bytes and then an error.
func brokenBody(n int, err error) io.Reader {
	return io.MultiReader(strings.NewReader(strings.Repeat("x", n)), errReader{err})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
