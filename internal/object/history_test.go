package object_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// history drives the service and the model through the same random calls.
type history struct {
	*rig
	files *disk
	rt    *rapid.T
	m     *model
	seed  uint64
	done  map[string]doneUpload // completed uploads by id
}

type doneUpload struct {
	bucket string
	in     object.CompleteInput
	out    *keyhaven.Object
}

var bucketNames = []string{"photos", "other-bucket"}

// TestModel compares random histories with a model, over every engine: results,
// listings (R6), counters (meta M3), what is there after a loss of power (R1,
// R5), and at the end the blobs that are left and what remains when everything
// is deleted (meta M2, sweep S1).
func TestModel(t *testing.T) {
	onDisks(t, func(t *testing.T, fresh func() *disk) {
		rapid.Check(t, func(rt *rapid.T) {
			h := &history{files: fresh(), rt: rt, m: newModel(bucketNames...), done: map[string]doneUpload{}}
			h.rig = newRig(rt, h.files.open(rt))
			defer func() { h.engine.Close() }()
			h.createBucket(bucketNames[1])
			rt.Repeat(map[string]func(*rapid.T){
				"put":          func(*rapid.T) { h.putAny() },
				"put again":    func(*rapid.T) { h.putAny() },
				"delete":       func(*rapid.T) { h.deleteAny() },
				"get":          func(*rapid.T) { h.getAny() },
				"copy":         func(*rapid.T) { h.copyAny() },
				"set ACL":      func(*rapid.T) { h.setACL() },
				"versioning":   func(*rapid.T) { h.toggle() },
				"begin upload": func(*rapid.T) { h.createUpload() },
				"put part":     func(*rapid.T) { h.putPart() },
				"complete":     func(*rapid.T) { h.complete() },
				"abort":        func(*rapid.T) { h.abort() },
				"list":         func(*rapid.T) { h.listAny() },
				"sweep":        func(*rapid.T) { h.swept() },
				"lose power":   func(*rapid.T) { h.losePower() },
				"":             func(*rapid.T) { h.checkUsage() },
			})
			h.checkBytes()
			h.deleteEverything()
		})
	})
}

// losePower opens the stores again as they are after a cut: all that was
// answered is there, and what the sweeper finds left over is nobody's.
func (h *history) losePower() {
	if rapid.IntRange(0, 3).Draw(h.rt, "cut") != 0 { // opening takes longer than the other calls
		return
	}
	h.engine = h.files.crash(h.t, h.engine)
	h.restart()
	_, err := h.sweep.Orphans(h.ctx) // what the outbox names is nobody's either
	h.must("orphans", err)
	h.checkUsage()
	h.checkBytes()
	if n, err := h.sweep.Orphans(h.ctx); n != 0 || err != nil {
		h.t.Fatalf("Orphans() = %d, %v, want none: every blob has a record or an entry in the outbox", n, err)
	}
}

func (h *history) anyBucket() (string, *modelBucket) {
	name := rapid.SampledFrom(bucketNames).Draw(h.rt, "bucket")
	return name, h.m.buckets[name]
}

func (h *history) anyKey() string {
	return rapid.SampledFrom([]string{"a", "a!", "a/b", "a/c", "a/c/d", "a\x00", "b", "b/", "é", "é/x"}).Draw(h.rt, "key")
}

// anyVersion draws a version of the key, one that is not there, or none.
func (h *history) anyVersion(b *modelBucket, key string) *keyhaven.VersionID {
	ids := []string{"", keyhaven.NullVersion, keyhaven.VersionID{Seq: 1, Rand: 1}.String()}
	for _, v := range b.keys[key] {
		ids = append(ids, v.id)
	}
	s := rapid.SampledFrom(ids).Draw(h.rt, "version")
	if s == "" {
		return nil
	}
	id, err := keyhaven.ParseVersionID(s)
	h.must("parse version id", err)
	return &id
}

func (h *history) anyConditions(b *modelBucket, key string) (c object.Conditions) {
	switch rapid.IntRange(0, 5).Draw(h.rt, "condition") {
	case 0:
		c.IfNoneMatch = "*"
	case 1:
		c.IfMatch = `"` + md5Hex([]byte("other")) + `"`
	case 2:
		if v := b.live(key); v != nil {
			c.IfMatch = `"` + v.etag + `"`
		}
	}
	return c
}

func (h *history) anyContent() []byte {
	h.seed++
	sizes := []int{0, 1, 12, 13, 14, 15, meta.MaxInline, meta.MaxInline + 1}
	return content(rapid.SampledFrom(sizes).Draw(h.rt, "size"), h.seed)
}

func colour(n uint64) object.Attributes {
	return object.Attributes{Metadata: []keyhaven.MetadataPair{{Name: "colour", Value: fmt.Sprint(n)}}}
}

// newest notes in the model that a write made v the newest version.
func (h *history) newest(b *modelBucket, key string, v *modelVersion, id keyhaven.VersionID) {
	if id.Null != (b.versioning != keyhaven.VersioningEnabled) {
		h.t.Fatalf("a write to a bucket in state %s makes version %v", b.versioning, id)
	}
	v.id = id.String()
	b.insert(key, v)
}

func (h *history) putAny() {
	name, b := h.anyBucket()
	key := h.anyKey()
	data := h.anyContent()
	in := putOf(h.bucket(name), key, data)
	if rapid.Bool().Draw(h.rt, "size unknown") {
		in.Size = -1
	}
	in.Attributes = colour(h.seed)
	in.Conditions = h.anyConditions(b, key)
	o, err := h.objects.Put(h.ctx, in)
	if kind, ok := b.check(key, in.Conditions); !ok {
		wantError(h.t, "Put", err, kind, keyhaven.NounObject)
		return
	}
	h.must("put", err)
	v := h.m.stored(data)
	v.colour = fmt.Sprint(h.seed)
	h.newest(b, key, v, o.Version)
	h.checkObject(o, v)
}

func (h *history) deleteAny() {
	name, b := h.anyBucket()
	targets := make([]object.DeleteTarget, rapid.IntRange(1, 3).Draw(h.rt, "targets"))
	for i := range targets {
		key := h.anyKey()
		targets[i] = object.DeleteTarget{Key: key, Version: h.anyVersion(b, key)}
		if targets[i].Version == nil {
			targets[i].Conditions = h.anyConditions(b, key)
		}
	}
	out, err := h.objects.DeleteMany(h.ctx, h.bucket(name), targets)
	h.must("delete", err)
	for i, t := range targets {
		h.deleted(b, t, out[i])
	}
}

func (h *history) deleted(b *modelBucket, t object.DeleteTarget, d object.Deleted) {
	kind, ok := b.check(t.Key, t.Conditions)
	if !ok {
		wantError(h.t, "Delete", d.Err, kind, keyhaven.NounObject)
		return
	}
	h.must("delete", d.Err)
	var want object.Deleted
	switch {
	case t.Version != nil:
		want = object.Deleted{Version: d.Version, Versioned: true}
		if v := b.version(t.Key, t.Version.String()); v != nil {
			want.Existed, want.DeleteMarker = true, v.marker
			b.drop(t.Key, v.id)
		}
		if d.Version.String() != t.Version.String() {
			h.t.Errorf("Delete of version %v says %v", t.Version, d.Version)
		}
	case b.versioning == keyhaven.NeverEnabled:
		if v := b.live(t.Key); v != nil {
			want = object.Deleted{Version: d.Version, Existed: true}
			b.drop(t.Key, v.id)
		}
	default:
		want = object.Deleted{Version: d.Version, DeleteMarker: true, Existed: true, Versioned: true}
		h.newest(b, t.Key, &modelVersion{marker: true}, d.Version)
	}
	if d != want {
		h.t.Errorf("Delete(%q, %v) = %+v, want %+v", t.Key, t.Version, d, want)
	}
}

func (h *history) copyAny() {
	fromName, from := h.anyBucket()
	toName, to := h.anyBucket()
	in := object.CopyInput{Bucket: h.bucket(toName), Key: h.anyKey()}
	key := h.anyKey()
	in.Source = object.GetInput{Bucket: h.bucket(fromName), Key: key, Version: h.anyVersion(from, key)}
	in.Conditions = h.anyConditions(to, in.Key)
	in.ACL = keyhaven.ACLPublicRead
	in.Algorithm = rapid.SampledFrom([]keyhaven.ChecksumAlgorithm{keyhaven.ChecksumNone, keyhaven.ChecksumSHA256}).Draw(h.rt, "algorithm")
	h.seed++
	if rapid.Bool().Draw(h.rt, "replace") {
		in.Replace = new(colour(h.seed))
	}
	out, err := h.objects.Copy(h.ctx, in)
	src := h.found(from, key, in.Source.Version, "Copy", err)
	if src == nil {
		return
	}
	if kind, ok := to.check(in.Key, in.Conditions); !ok {
		wantError(h.t, "Copy", err, kind, keyhaven.NounObject)
		return
	}
	h.must("copy", err)
	if out.Source.String() != src.id {
		h.t.Errorf("Copy() says that it read version %v, want %s", out.Source, src.id)
	}
	v := *src
	v.acl = in.ACL
	if in.Replace != nil {
		v.colour = fmt.Sprint(h.seed)
	}
	if in.Algorithm != keyhaven.ChecksumNone {
		v.checksum = in.Algorithm
	}
	h.newest(to, in.Key, &v, out.Version)
	h.checkObject(&out.Object, &v)
}

func (h *history) setACL() {
	name, b := h.anyBucket()
	key := h.anyKey()
	id := h.anyVersion(b, key)
	acl := rapid.SampledFrom([]keyhaven.CannedACL{keyhaven.ACLPrivate, keyhaven.ACLPublicRead}).Draw(h.rt, "acl")
	o, err := h.objects.SetACL(h.ctx, object.SetACLInput{Bucket: h.bucket(name), Key: key, Version: id, ACL: acl})
	if v := h.found(b, key, id, "SetACL", err); v != nil {
		h.must("set ACL", err)
		v.acl = acl
		h.checkObject(o, v)
	}
}

func (h *history) toggle() {
	name, b := h.anyBucket()
	v := rapid.SampledFrom([]keyhaven.Versioning{keyhaven.VersioningEnabled, keyhaven.VersioningSuspended}).Draw(h.rt, "versioning")
	h.setVersioning(name, v)
	if v == keyhaven.VersioningEnabled || b.versioning != keyhaven.NeverEnabled {
		b.versioning = v
	}
}

func (h *history) checkUsage() {
	for name, b := range h.m.buckets {
		if d := cmp.Diff(b.usage(), h.usage(name)); d != "" {
			h.t.Fatalf("usage of %s (-want +got):\n%s", name, d)
		}
	}
}

// deleteEverything empties one bucket version by version and the other by force,
// and looks for what is left.
func (h *history) deleteEverything() {
	b := h.m.buckets["photos"]
	for _, key := range slices.Sorted(maps.Keys(b.keys)) {
		for _, v := range slices.Clone(b.keys[key]) {
			id, err := keyhaven.ParseVersionID(v.id)
			h.must("parse version id", err)
			_, err = h.objects.Delete(h.ctx, h.bucket("photos"), object.DeleteTarget{Key: key, Version: &id})
			h.must("delete version", err)
			b.drop(key, v.id)
		}
	}
	h.checkUsage()
	for _, name := range bucketNames {
		in := bucket.DeleteInput{Account: account, Name: name, Force: name != "photos"}
		_, err := h.buckets.Delete(h.ctx, in)
		h.must("delete bucket", err)
	}
	h.swept()
	if n := h.blobCount(); n != 0 {
		h.t.Fatalf("%d blobs are left of nothing", n)
	}
	// What may stay: the operations with their two indexes and due entries, and
	// the answers of completed uploads with theirs.
	got := h.kinds()
	want := map[string]int{"g": got["g"], "G": got["g"], "h": got["g"], "e": got["g"] + len(h.done)}
	if len(h.done) > 0 {
		want["c"] = len(h.done)
	}
	if d := cmp.Diff(want, got); d != "" || got["g"] < 4 {
		h.t.Fatalf("records that are left of nothing (-want +got):\n%s", d)
	}
}
