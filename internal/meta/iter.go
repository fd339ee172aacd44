package meta

import (
	"encoding/binary"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// ObjectIter walks the current versions of a bucket in order of key. Seeks cost
// one search, however many keys they pass.
type ObjectIter struct {
	it     kv.Iterator
	bucket keyhaven.BucketID
}

// Objects returns an iterator over the keys that begin with prefix, before the
// first. The caller closes it.
func (r *Reader) Objects(bucket keyhaven.BucketID, prefix string) *ObjectIter {
	return &ObjectIter{it: r.r.Scan(kv.Prefix(currentKey(bucket, prefix))), bucket: bucket}
}

// Next moves to the next key.
func (i *ObjectIter) Next() bool { return i.it.Next() }

// Seek moves to the first key at or after key.
func (i *ObjectIter) Seek(key string) bool { return i.it.Seek(currentKey(i.bucket, key)) }

// SeekAfter moves to the first key after key.
func (i *ObjectIter) SeekAfter(key string) bool { return i.Seek(key + "\x00") }

// SeekPast moves to the first key after all that begin with prefix.
func (i *ObjectIter) SeekPast(prefix string) bool {
	return i.it.Seek(kv.PrefixEnd(currentKey(i.bucket, prefix)))
}

// Key returns the object key, valid until the next move.
func (i *ObjectIter) Key() []byte { return i.it.Key()[17:] }

// Version returns the version at the iterator.
func (i *ObjectIter) Version() (*Version, error) {
	rec, err := i.it.Value()
	if err != nil {
		return nil, err
	}
	v, err := decodeVersion(string(i.Key()), rec)
	if v != nil {
		v.Latest = true
	}
	return v, err
}

// Close releases the iterator and returns the error that ended the walk, if one
// did.
func (i *ObjectIter) Close() error { return i.it.Close() }

// VersionIter walks all versions and delete markers of a bucket, in order of
// key and newest first within a key. It merges the current versions with the
// others.
type VersionIter struct {
	current   *ObjectIter
	stacked   kv.Iterator
	bucket    keyhaven.BucketID
	hasCur    bool
	hasStack  bool
	started   bool
	onCurrent bool   // the iterator stands on current
	key       string // key at the iterator
	lastKey   string // key before it, whose newest has been passed
	passed    bool   // lastKey is set
	stackKey  string
	stackSeq  uint64
	err       error
}

// Versions returns an iterator over the versions of keys that begin with
// prefix, before the first. The caller closes it.
func (r *Reader) Versions(bucket keyhaven.BucketID, prefix string) *VersionIter {
	return &VersionIter{
		current: r.Objects(bucket, prefix),
		stacked: r.r.Scan(kv.Prefix(escapedPrefix(bucketScope(kindVersion, bucket), prefix))),
		bucket:  bucket,
	}
}

// Next moves to the next version.
func (i *VersionIter) Next() bool {
	switch {
	case !i.started:
		i.started = true
		i.hasCur = i.current.Next()
		i.hasStack = i.stacked.Next()
		i.readStackKey()
	case i.onCurrent:
		i.lastKey, i.passed = i.key, true
		i.hasCur = i.current.Next()
	default:
		i.lastKey, i.passed = i.key, true
		i.hasStack = i.stacked.Next()
		i.readStackKey()
	}
	return i.choose()
}

// Seek moves to the newest version of the first key at or after key.
func (i *VersionIter) Seek(key string) bool {
	i.started, i.passed = true, false
	i.hasCur = i.current.Seek(key)
	i.hasStack = i.stacked.Seek(versionsPrefix(i.bucket, key))
	i.readStackKey()
	return i.choose()
}

// SeekVersion moves to the version of key that is the next older than seq, or
// to the key after. That version may be current by now, or the newest, when
// those above it have gone since.
func (i *VersionIter) SeekVersion(key string, seq uint64) bool {
	i.started, i.lastKey, i.passed = true, key, true
	i.hasCur = i.current.Seek(key)
	hadCur := i.hasCur && string(i.current.Key()) == key
	if hadCur {
		v, err := i.current.Version()
		if err != nil {
			return i.fail(err)
		}
		if v.Version.Seq >= seq {
			i.hasCur = i.current.Next()
		}
	}
	i.hasStack = i.stacked.Seek(versionsPrefix(i.bucket, key))
	i.readStackKey()
	if i.hasStack && i.stackKey == key {
		if i.stackSeq < seq {
			i.passed = hadCur // nothing newer is left when there is no current version
			return i.choose()
		}
		i.hasStack = i.stacked.Seek(append(versionKey(i.bucket, key, seq), 0))
		i.readStackKey()
	}
	return i.choose()
}

// SeekPast moves past all keys that begin with prefix.
func (i *VersionIter) SeekPast(prefix string) bool {
	i.started, i.passed = true, false
	i.hasCur = i.current.SeekPast(prefix)
	i.hasStack = i.stacked.Seek(kv.PrefixEnd(escapedPrefix(bucketScope(kindVersion, i.bucket), prefix)))
	i.readStackKey()
	return i.choose()
}

func (i *VersionIter) readStackKey() {
	if !i.hasStack {
		return
	}
	k, rest, err := cutEscaped(i.stacked.Key()[17:])
	if err != nil || len(rest) != 8 {
		i.fail(errKey)
		return
	}
	i.stackKey, i.stackSeq = k, ^binary.BigEndian.Uint64(rest)
}

// fail ends the walk with an error, which Close returns.
func (i *VersionIter) fail(err error) bool {
	i.err, i.hasStack, i.hasCur = err, false, false
	return false
}

func (i *VersionIter) choose() bool {
	switch {
	case i.hasCur && (!i.hasStack || strings.Compare(string(i.current.Key()), i.stackKey) <= 0):
		i.onCurrent, i.key = true, string(i.current.Key())
	case i.hasStack:
		i.onCurrent, i.key = false, i.stackKey
	default:
		return false
	}
	return true
}

// Key returns the object key.
func (i *VersionIter) Key() string { return i.key }

// Version returns the version at the iterator; Latest is set on the newest of
// its key.
func (i *VersionIter) Version() (*Version, error) {
	if i.onCurrent {
		return i.current.Version()
	}
	rec, err := i.stacked.Value()
	if err != nil {
		return nil, err
	}
	v, err := decodeVersion(i.key, rec)
	if v != nil {
		v.Latest = !i.passed || i.lastKey != i.key
	}
	return v, err
}

// Close releases the iterator and returns the error that ended the walk.
func (i *VersionIter) Close() error {
	err := i.current.Close()
	if e := i.stacked.Close(); err == nil {
		err = e
	}
	if i.err != nil {
		err = i.err
	}
	return err
}

// UploadIter walks the unfinished uploads of a bucket, in order of key and
// oldest first within a key.
type UploadIter struct {
	it     kv.Iterator
	bucket keyhaven.BucketID
	key    string
	ref    []byte
	err    error
}

// Uploads returns an iterator over the uploads for keys that begin with prefix,
// before the first. The caller closes it.
func (r *Reader) Uploads(bucket keyhaven.BucketID, prefix string) *UploadIter {
	return &UploadIter{
		it:     r.r.Scan(kv.Prefix(escapedPrefix(bucketScope(kindUpload, bucket), prefix))),
		bucket: bucket,
	}
}

// Next moves to the next upload.
func (i *UploadIter) Next() bool { return i.read(i.it.Next()) }

// SeekAfterKey moves to the first upload of a key after key.
func (i *UploadIter) SeekAfterKey(key string) bool {
	return i.read(i.it.Seek(kv.PrefixEnd(appendEscaped(bucketScope(kindUpload, i.bucket), key))))
}

// SeekAfterUpload moves to the first upload after the one of this key and id.
func (i *UploadIter) SeekAfterUpload(key string, ref ID) bool {
	return i.read(i.it.Seek(append(uploadKey(i.bucket, key, ref), 0)))
}

// SeekPast moves past all keys that begin with prefix.
func (i *UploadIter) SeekPast(prefix string) bool {
	return i.read(i.it.Seek(kv.PrefixEnd(escapedPrefix(bucketScope(kindUpload, i.bucket), prefix))))
}

func (i *UploadIter) read(ok bool) bool {
	if !ok {
		return false
	}
	i.key, i.ref, i.err = cutEscaped(i.it.Key()[17:])
	return i.err == nil
}

// Key returns the object key of the upload.
func (i *UploadIter) Key() string { return i.key }

// Upload returns the upload at the iterator.
func (i *UploadIter) Upload() (*Upload, error) {
	rec, err := i.it.Value()
	if err != nil {
		return nil, err
	}
	return decodeUpload(i.bucket, i.key, i.ref, rec)
}

// Close releases the iterator and returns the error that ended the walk.
func (i *UploadIter) Close() error {
	err := i.it.Close()
	if i.err != nil {
		return i.err
	}
	return err
}

// NullSeq returns the sequence of the key's null version among the noncurrent
// ones; ok is false when there is none.
func (r *Reader) NullSeq(bucket keyhaven.BucketID, key string) (seq uint64, ok bool, err error) {
	at, err := r.get(nullKey(bucket, key))
	if err != nil || len(at) != 8 {
		return 0, false, err
	}
	return binary.BigEndian.Uint64(at), true, nil
}
