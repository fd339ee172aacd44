package meta

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Kind is the kind of an entry, the first byte of its key. Checks walk the store
// kind by kind.
type Kind byte

// The kinds of entries.
const (
	KindSystem         Kind = kindSystem
	KindAccount        Kind = kindAccount
	KindAccessKey      Kind = kindAccessKey
	KindOwnerKeys      Kind = kindOwnerKeys
	KindLastUsed       Kind = kindLastUsed
	KindBucket         Kind = kindBucket
	KindAccountBuckets Kind = kindAccBuckets
	KindBucketConfig   Kind = kindConfig
	KindLifecycle      Kind = kindLifecycle
	KindCounter        Kind = kindCounter
	KindCurrent        Kind = kindCurrent
	KindVersion        Kind = kindVersion
	KindNull           Kind = kindNull
	KindData           Kind = kindData
	KindManifest       Kind = kindManifest
	KindReference      Kind = kindReference
	KindUpload         Kind = kindUpload
	KindPart           Kind = kindPart
	KindCompleted      Kind = kindCompleted
	KindDue            Kind = kindDue
	KindOutbox         Kind = kindOutbox
	KindOperation      Kind = kindOperation
	KindOpsByTime      Kind = kindOpsByTime
	KindOpsByName      Kind = kindOpsByName
	KindEntity         Kind = kindEntity
	KindEntityIndex    Kind = kindEntityIndex
	KindLogBatch       Kind = kindLogBatch
	KindQueue          Kind = kindQueue
	KindSeries         Kind = kindSeries
	KindWatch          Kind = kindWatch
)

var kindNames = map[Kind]string{
	KindSystem: "system record", KindAccount: "account", KindAccessKey: "access key", KindOwnerKeys: "owner index",
	KindLastUsed: "last use", KindBucket: "bucket", KindAccountBuckets: "bucket index", KindBucketConfig: "bucket configuration", KindLifecycle: "lifecycle run", KindCounter: "counter",
	KindCurrent: "object", KindVersion: "version", KindNull: "null version index", KindData: "data record",
	KindManifest: "manifest", KindReference: "reference", KindUpload: "upload", KindPart: "part",
	KindCompleted: "completed upload", KindDue: "due entry", KindOutbox: "outbox entry", KindOperation: "operation",
	KindOpsByTime: "operation index", KindOpsByName: "operation index by resource",
	KindEntity: "IAM record", KindEntityIndex: "IAM index",
	KindLogBatch: "access log batch", KindQueue: "queued report", KindSeries: "metric series", KindWatch: "alarm or contact",
}

// Kinds returns every kind that this release knows, in order of their keys.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(kindNames))
	for k := range kindNames {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

func (k Kind) String() string {
	if name := kindNames[k]; name != "" {
		return name
	}
	return fmt.Sprintf("entry of unknown kind %q", byte(k))
}

// Entry is one key of the store and what stands under it. Err says that it
// cannot be read; then only Kind, Key and what the key says are set. Which of
// the other fields are set follows from Kind.
type Entry struct {
	Kind Kind
	Key  []byte // names the entry; only this package reads it
	Err  error

	Bucket    keyhaven.BucketID // of a version, null index, upload or document
	ObjectKey string
	ID        ID       // of what has one; the owner of a counter or part
	Target    blob.Ref // of a reference; ID is the owner
	Name      string   // of a bucket, an account, an access key, a system record
	Seq       uint64   // where a null index points
	What      byte     // which counter or document
	Count     int64

	Version      *Version
	BucketRecord *keyhaven.Bucket
	AccessKey    *KeyRecord
	Upload       *Upload
	Part         *PartRecord
	Parts        []PartRecord // of a manifest
	Completed    *Completed
	Operation    *keyhaven.Operation
	Work         *Work
	Account      *keyhaven.Account
	Entity       *keyhaven.Entity // what all records of IAM have; What is the kind
	MFADevice    *keyhaven.MFADevice

	entity entity
	after  []byte // the key before it, nil for none
}

// Page is a stretch of a walk: at most Limit entries after the key After, nil
// for the first.
type Page struct {
	After []byte
	Limit int
	Keys  bool // leave the values alone where the key says enough
}

// Entries calls fn for one page of the entries of a kind, in order of key, and
// reports where the next page begins after; nil when there is none. An entry
// that cannot be decoded comes with Err; an error of the engine ends the walk.
func (r *Reader) Entries(kind Kind, page Page, fn func(*Entry) error) (next []byte, err error) {
	span := kv.Prefix([]byte{byte(kind)})
	if page.After != nil {
		span.From = append(slices.Clone(page.After), 0)
	}
	it := r.r.Scan(span)
	for n, last := 0, page.After; it.Next(); n++ {
		if n == page.Limit {
			return next, it.Close()
		}
		next = append(next[:0], it.Key()...)
		e := &Entry{Kind: kind, Key: slices.Clone(next), after: last}
		last = e.Key
		var v []byte
		if !page.Keys || !kind.index() {
			if v, err = it.Value(); err != nil {
				it.Close()
				return next, err
			}
		}
		e.Err = e.parse(r, v, page.Keys)
		if err := fn(e); err != nil {
			it.Close()
			return next, err
		}
	}
	return nil, it.Close()
}

// index reports whether the key of an entry is all that a walk over keys needs.
func (k Kind) index() bool {
	switch k {
	case KindOwnerKeys, KindLastUsed, KindAccountBuckets, KindNull, KindData, KindReference, KindDue, KindOpsByTime, KindOpsByName, KindEntityIndex:
		return true
	default:
		return false
	}
}

// UnknownKinds calls fn for the first key of each kind that this release does
// not know.
func (s *Store) UnknownKinds(ctx context.Context, fn func(Kind)) error {
	return s.View(ctx, func(r *Reader) error {
		from := []byte{0}
		for from != nil {
			it := r.r.Scan(kv.Span{From: from})
			ok := it.Next()
			var kind byte
			if ok {
				kind = it.Key()[0]
			}
			if err := it.Close(); err != nil || !ok {
				return err
			}
			if kindNames[Kind(kind)] == "" {
				fn(Kind(kind))
			}
			from = kv.PrefixEnd([]byte{kind})
		}
		return nil
	})
}

// parse reads the key and, unless only the keys are asked for, the value.
func (e *Entry) parse(r *Reader, v []byte, keys bool) error {
	k := e.Key[1:]
	switch e.Kind {
	case KindSystem, KindAccount, KindAccessKey, KindBucket, KindLastUsed:
		e.Name = string(k)
		if keys && e.Kind.index() {
			return nil
		}
		return e.parseNamed(v)
	case KindCurrent, KindVersion, KindNull, KindUpload, KindBucketConfig, KindLifecycle:
		return e.parseScoped(k, v, keys)
	case KindOwnerKeys, KindAccountBuckets, KindDue, KindOpsByTime, KindOpsByName, KindEntityIndex:
		return e.parseIndex(k)
	case KindEntity:
		return e.parseEntity(k, v)
	case KindWatch:
		return parseWatchEntry(e.Key, v)
	case KindSeries:
		return parseSeries(e.Key, v)
	case KindQueue:
		_, err := decodeEvent(e.Key, v)
		return err
	case KindLogBatch:
		_, err := decodeLogBatch(k, v)
		return err
	case KindReference:
		if len(k) != 32 {
			return errKey
		}
		e.Target, e.ID = blob.Ref(k[:16]), ID(k[16:])
		return nil
	case KindCounter:
		return e.parseCounter(k, v)
	case KindPart:
		if len(k) != 18 {
			return errKey
		}
		e.ID, e.Part = ID(k[:16]), &PartRecord{}
		if err := decodePart(e.Part, v); err != nil {
			return err
		}
		if e.Part.Number != int(binary.BigEndian.Uint16(k[16:])) {
			return damaged("part")
		}
		return nil
	default:
		if err := fill("key", e.ID[:], k); err != nil {
			return errKey
		}
		return e.parseByID(r)
	}
}

func (e *Entry) parseNamed(v []byte) (err error) {
	switch e.Kind {
	case KindBucket:
		e.BucketRecord, err = decodeBucket(e.Name, v)
	case KindAccessKey:
		e.AccessKey, err = decodeAccessKey(e.Name, v)
	case KindAccount:
		e.Account, err = decodeAccount(keyhaven.AccountID(e.Name), v)
	default:
		err = decode(e.Kind.String(), v, ignoreField)
	}
	return err
}

// parseEntity reads a record of IAM, which says the same as its key.
func (e *Entry) parseEntity(k, v []byte) (err error) {
	if len(k) < 14 {
		return errKey
	}
	e.What, e.Name = k[12], string(k[13:])
	if e.entity, err = decodeEntity(e.What, v); err != nil {
		return err
	}
	e.Entity = e.entity.Base()
	e.MFADevice, _ = e.entity.(*keyhaven.MFADevice)
	if string(e.Entity.Account) != string(k[:12]) || strings.ToLower(e.Entity.Name) != e.Name || e.Entity.ID == "" {
		return damaged("entity")
	}
	return nil
}

func ignoreField(protowire.Number, field) error { return nil }

// parseScoped reads what stands under the id of a bucket.
func (e *Entry) parseScoped(k, v []byte, keys bool) (err error) {
	if len(k) < 16 {
		return errKey
	}
	e.Bucket, k = keyhaven.BucketID(k[:16]), k[16:]
	if e.Kind == KindCurrent {
		e.ObjectKey = string(k)
		e.Version, err = decodeVersion(e.ObjectKey, v)
		return err
	}
	if e.Kind == KindLifecycle {
		if len(k) != 0 {
			return errKey
		}
		_, err = decodeLifecycleRun(e.Bucket, v)
		return err
	}
	if e.Kind == KindBucketConfig {
		if len(k) != 1 {
			return errKey
		}
		e.What = k[0]
		_, err = configDocument(v)
		return err
	}
	if e.ObjectKey, k, err = cutEscaped(k); err != nil {
		return err
	}
	switch e.Kind {
	case KindNull:
		if len(k) != 0 {
			return errKey
		}
		if keys {
			return nil
		}
		if len(v) != 8 {
			return damaged("null version")
		}
		e.Seq = binary.BigEndian.Uint64(v)
		return nil
	case KindUpload:
		if len(k) != len(e.ID) {
			return errKey
		}
		e.ID = ID(k)
		e.Upload, err = decodeUpload(e.Bucket, e.ObjectKey, k, v)
		return err
	default:
		if len(k) != 8 {
			return errKey
		}
		if e.Version, err = decodeVersion(e.ObjectKey, v); err != nil {
			return err
		}
		if e.Version.Version.Seq != ^binary.BigEndian.Uint64(k) {
			return damaged("version")
		}
		return nil
	}
}

// parseIndex checks the form of a key that only points somewhere.
func (e *Entry) parseIndex(k []byte) error {
	min := map[Kind]int{KindOwnerKeys: 2, KindAccountBuckets: 13, KindDue: 10, KindOpsByTime: 30, KindOpsByName: 32, KindEntityIndex: 2}[e.Kind]
	if len(k) < min {
		return errKey
	}
	return nil
}

func (e *Entry) parseCounter(k, v []byte) (err error) {
	switch len(k) {
	case 17:
		e.ID, e.What = ID(k[:16]), k[16]
	case 13:
		e.Name, e.What = string(k[:12]), k[12]
	default:
		return errKey
	}
	e.Count, err = kv.DecodeCounter(v)
	return err
}

func (e *Entry) parseByID(r *Reader) (err error) {
	switch e.Kind {
	case KindData:
	case KindManifest:
		e.Parts, err = r.Manifest(e.ID)
	case KindCompleted:
		e.Completed, err = r.Completed(e.ID)
	case KindOperation:
		e.Operation, err = r.operation(e.ID)
	case KindOutbox:
		e.Work, err = r.workAfter(e.after)
	default:
		err = errKey
	}
	return err
}

// workAfter returns the outbox entry that follows a key, which has one.
func (r *Reader) workAfter(key []byte) (*Work, error) {
	var last *Work
	if key != nil {
		last = &Work{key: key}
	}
	work, err := r.Outbox(last, 1)
	if err != nil || len(work) == 0 {
		return nil, err
	}
	if err := work[0].Err; err != nil {
		return nil, err
	}
	if w := &work[0]; w.Kind < FreeBlob || w.Kind > PurgeBucket {
		return w, damaged("outbox")
	}
	return &work[0], nil
}
