package object_test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// model is the service in maps and slices: what it must look like from outside.
type model struct {
	buckets map[string]*modelBucket
	blobs   int // blobs made so far; a version or part names its own by number
}

type modelBucket struct {
	versioning keyhaven.Versioning
	keys       map[string][]*modelVersion // newest first
	uploads    map[string]*modelUpload
}

type modelVersion struct {
	id       string
	marker   bool
	data     []byte
	etag     string
	acl      keyhaven.CannedACL
	colour   string // its metadata
	checksum keyhaven.ChecksumAlgorithm
	blobs    []int
}

type modelUpload struct {
	key    string
	colour string
	parts  map[int]*modelVersion
}

func newModel(names ...string) *model {
	m := &model{buckets: map[string]*modelBucket{}}
	for _, n := range names {
		m.buckets[n] = &modelBucket{versioning: keyhaven.NeverEnabled, keys: map[string][]*modelVersion{}, uploads: map[string]*modelUpload{}}
	}
	return m
}

// stored returns a version with these bytes, and where they must be.
func (m *model) stored(data []byte) *modelVersion {
	v := &modelVersion{data: data, etag: md5Hex(data), checksum: keyhaven.ChecksumCRC64NVME}
	if len(data) > meta.MaxInline {
		m.blobs++
		v.blobs = []int{m.blobs}
	}
	return v
}

// newest returns the newest version of a key; live the newest unless it is a
// delete marker.
func (b *modelBucket) newest(key string) *modelVersion {
	if vs := b.keys[key]; len(vs) > 0 {
		return vs[0]
	}
	return nil
}

func (b *modelBucket) live(key string) *modelVersion {
	if v := b.newest(key); v != nil && !v.marker {
		return v
	}
	return nil
}

func (b *modelBucket) version(key, id string) *modelVersion {
	for _, v := range b.keys[key] {
		if v.id == id {
			return v
		}
	}
	return nil
}

func (b *modelBucket) drop(key, id string) {
	b.keys[key] = slices.DeleteFunc(b.keys[key], func(v *modelVersion) bool { return v.id == id })
	if len(b.keys[key]) == 0 {
		delete(b.keys, key)
	}
}

// insert makes v the newest version: beside the others, or in the place of the
// null version.
func (b *modelBucket) insert(key string, v *modelVersion) {
	if v.id == keyhaven.NullVersion {
		b.drop(key, v.id)
	}
	b.keys[key] = slices.Insert(b.keys[key], 0, v)
}

// check is what a conditional write must say.
func (b *modelBucket) check(key string, c object.Conditions) (keyhaven.Kind, bool) {
	v := b.live(key)
	switch {
	case c.IfMatch != "" && v == nil:
		return keyhaven.NotFound, false
	case c.IfMatch != "" && strings.Trim(c.IfMatch, `"`) != v.etag,
		c.IfNoneMatch == "*" && v != nil:
		return keyhaven.PreconditionFailed, false
	}
	return 0, true
}

func (b *modelBucket) usage() (u meta.Usage) {
	for key, vs := range b.keys {
		if b.live(key) != nil {
			u.Objects++
		}
		for _, v := range vs {
			if v.marker {
				u.DeleteMarkers++
				continue
			}
			u.Versions++
			u.Bytes += int64(len(v.data))
		}
	}
	for _, up := range b.uploads {
		for _, p := range up.parts {
			u.Parts++
			u.PartBytes += int64(len(p.data))
		}
	}
	return u
}

// needed returns how many blobs something needs.
func (m *model) needed() int {
	all := map[int]bool{}
	for _, b := range m.buckets {
		for _, vs := range b.keys {
			for _, v := range vs {
				for _, n := range v.blobs {
					all[n] = true
				}
			}
		}
		for _, up := range b.uploads {
			for _, p := range up.parts {
				for _, n := range p.blobs {
					all[n] = true
				}
			}
		}
	}
	return len(all)
}

// line is one line of a listing: a version, an upload, or a common prefix.
type line struct {
	Key    string
	ID     string // of the version or upload
	ETag   string
	Size   int64
	Latest bool
	Marker bool
	Prefix bool
}

// listed applies prefix, delimiter and marker to lines in order.
func listed(lines []line, prefix, delimiter, after string) (out []line) {
	common := func(key string) string {
		if rest, ok := strings.CutPrefix(key, prefix); ok && delimiter != "" {
			if i := strings.Index(rest, delimiter); i >= 0 {
				return key[:len(prefix)+i+len(delimiter)]
			}
		}
		return ""
	}
	for _, l := range lines {
		c := common(l.Key)
		switch {
		case !strings.HasPrefix(l.Key, prefix),
			l.Key <= after && after != "",
			after != "" && common(after) == after && strings.HasPrefix(l.Key, after):
		case c == "":
			out = append(out, l)
		case len(out) == 0 || out[len(out)-1] != (line{Key: c, Prefix: true}):
			out = append(out, line{Key: c, Prefix: true})
		}
	}
	return out
}

// objects, versions and unfinished are the three listings, whole and in order.
func (b *modelBucket) objects() (out []line) {
	for _, key := range slices.Sorted(maps.Keys(b.keys)) {
		if v := b.live(key); v != nil {
			out = append(out, line{Key: key, ID: v.id, ETag: v.etag, Size: int64(len(v.data)), Latest: true})
		}
	}
	return out
}

func (b *modelBucket) versions() (out []line) {
	for _, key := range slices.Sorted(maps.Keys(b.keys)) {
		for i, v := range b.keys[key] {
			out = append(out, line{Key: key, ID: v.id, ETag: v.etag, Size: int64(len(v.data)), Latest: i == 0, Marker: v.marker})
		}
	}
	return out
}

func (b *modelBucket) unfinished() (out []line) {
	for id, up := range b.uploads {
		out = append(out, line{Key: up.key, ID: id})
	}
	// Ids of uploads are in order of time.
	slices.SortFunc(out, func(a, b line) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID)) })
	return out
}

// completed is the version that a Complete of one part makes.
func (m *model) completed(up *modelUpload, p *modelVersion) *modelVersion {
	sum := md5.Sum(p.data)
	tag := md5.Sum(sum[:])
	return &modelVersion{
		data: p.data, etag: fmt.Sprintf("%s-1", hex.EncodeToString(tag[:])),
		colour: up.colour, checksum: p.checksum, blobs: p.blobs,
	}
}
