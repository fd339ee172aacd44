package meta

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
)

// The kinds of keys; doc.go draws them.
const (
	kindSystem     = 's'
	kindAccount    = 'a'
	kindAccessKey  = 'k'
	kindOwnerKeys  = 'K'
	kindLastUsed   = 'u'
	kindBucket     = 'b'
	kindAccBuckets = 'B'
	kindConfig     = 'C'
	kindLifecycle  = 'j'
	kindCounter    = 't'
	kindCurrent    = 'o'
	kindVersion    = 'v'
	kindNull       = 'n'
	kindData       = 'd'
	kindManifest   = 'f'
	kindReference  = 'r'
	kindUpload     = 'm'
	kindPart       = 'p'
	kindCompleted  = 'c'
	kindDue        = 'e'
	kindOutbox     = 'x'
	kindOperation  = 'g'
	kindOpsByTime  = 'G'
	kindOpsByName  = 'h'

	kindEntity      = 'i'
	kindEntityIndex = 'I'
	kindWatch       = 'y'
	kindSeries      = 'q'
	kindQueue       = 'w'
	kindLogBatch    = 'l'
)

// ID is an internal identity: time-ordered, then random. Versions, uploads,
// manifests, data records, operations and outbox entries carry one.
type ID [16]byte

func idOf(seq, random uint64) (id ID) {
	binary.BigEndian.PutUint64(id[:], seq)
	binary.BigEndian.PutUint64(id[8:], random)
	return id
}

// IsZero reports whether the id is unset.
func (id ID) IsZero() bool { return id == ID{} }

func appendEscaped(k []byte, s string) []byte {
	for {
		i := bytes.IndexByte([]byte(s), 0)
		if i < 0 {
			return append(append(k, s...), 0x00, 0x01)
		}
		k = append(append(k, s[:i]...), 0x00, 0xff)
		s = s[i+1:]
	}
}

var errKey = errors.New("meta: malformed key")

// cutEscaped reads what appendEscaped wrote from the front of k.
func cutEscaped(k []byte) (s string, rest []byte, err error) {
	i := bytes.IndexByte(k, 0)
	if i >= 0 && i+1 < len(k) && k[i+1] == 0x01 {
		return string(k[:i]), k[i+2:], nil
	}
	var out []byte
	for {
		i := bytes.IndexByte(k, 0)
		if i < 0 || i+1 >= len(k) {
			return "", nil, errKey
		}
		out = append(out, k[:i]...)
		switch k[i+1] {
		case 0x01:
			return string(out), k[i+2:], nil
		case 0xff:
			out = append(out, 0)
			k = k[i+2:]
		default:
			return "", nil, errKey
		}
	}
}

// escapedPrefix is appendEscaped without the end, for spans over a prefix.
func escapedPrefix(k []byte, prefix string) []byte {
	k = appendEscaped(k, prefix)
	return k[:len(k)-2]
}

func key1(kind byte, s string) []byte {
	return append(append(make([]byte, 0, 1+len(s)), kind), s...)
}

func keyID(kind byte, id ID, rest ...byte) []byte {
	return append(append(append(make([]byte, 0, 17+len(rest)), kind), id[:]...), rest...)
}

func bucketScope(kind byte, id keyhaven.BucketID) []byte {
	return append(append(make([]byte, 0, 64), kind), id[:]...)
}

func currentKey(id keyhaven.BucketID, key string) []byte {
	return append(bucketScope(kindCurrent, id), key...)
}

func versionsPrefix(id keyhaven.BucketID, key string) []byte {
	return appendEscaped(bucketScope(kindVersion, id), key)
}

func versionKey(id keyhaven.BucketID, key string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(versionsPrefix(id, key), ^seq)
}

func nullKey(id keyhaven.BucketID, key string) []byte {
	return appendEscaped(bucketScope(kindNull, id), key)
}

func uploadKey(id keyhaven.BucketID, key string, upload ID) []byte {
	return append(appendEscaped(bucketScope(kindUpload, id), key), upload[:]...)
}

func partKey(upload ID, number int) []byte {
	return binary.BigEndian.AppendUint16(keyID(kindPart, upload), uint16(number))
}

func referenceKey(target blob.Ref, owner ID) []byte {
	return append(append(append(make([]byte, 0, 33), kindReference), target[:]...), owner[:]...)
}

func referencesPrefix(target blob.Ref) []byte {
	return append([]byte{kindReference}, target[:]...)
}

// ownerPrefix is what the index of an owner's keys begins with.
func ownerPrefix(k *keyhaven.AccessKey) []byte {
	switch k.Owner {
	case keyhaven.OwnerBucket:
		return append([]byte{kindOwnerKeys, 'b'}, k.BucketID[:]...)
	case keyhaven.OwnerUser:
		return append([]byte{kindOwnerKeys, 'u'}, k.UserID...)
	}
	return append([]byte{kindOwnerKeys, 'r'}, k.Account...)
}

// ownerKey is the entry of a key in that index. Unique ids of users all have one
// length, so that none begins another.
func ownerKey(k *keyhaven.AccessKey) []byte { return append(ownerPrefix(k), k.ID...) }

func accountBucketKey(account keyhaven.AccountID, name string) []byte {
	return append(append([]byte{kindAccBuckets}, account...), name...)
}

func dueKey(at int64, typ byte, id []byte) []byte {
	k := binary.BigEndian.AppendUint64([]byte{kindDue}, uint64(at))
	return append(append(k, typ), id...)
}
