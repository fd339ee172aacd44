package keyhaven

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// The limits of objects (S3 user guide, "Uploading objects" and "Multipart
// upload limits").
const (
	MaxObjectKey     = 1024           // bytes of UTF-8
	MaxPutSize       = 5 << 30        // bytes of one PUT, one part or one copy
	MinPartSize      = 5 << 20        // bytes of every part but the last
	MaxPartNumber    = 10000          // parts are numbered 1 to MaxPartNumber
	MaxObjectSize    = int64(5) << 40 // bytes of a completed multipart object
	MaxUserMetadata  = 2 << 10        // bytes of names and values together
	MaxDeleteObjects = 1000           // keys in one DeleteObjects
	MaxListKeys      = 1000           // keys in one page of a listing
)

// ValidObjectKey checks an object key: UTF-8, 1 to MaxObjectKey bytes.
func ValidObjectKey(key string) error {
	switch {
	case key == "" || !utf8.ValidString(key):
		return &Error{Kind: Invalid, Noun: NounObjectKey, ID: key, Msg: "Object keys are 1 to 1024 bytes of UTF-8."}
	case len(key) > MaxObjectKey:
		return &Error{Kind: TooLarge, Noun: NounObjectKey, ID: key}
	}
	return nil
}

// VersionID names a version of an object and orders the versions of one key:
// Seq grows with every write. Null marks the version that S3 calls "null".
type VersionID struct {
	Seq  uint64
	Rand uint64
	Null bool
}

// NullVersion is how S3 writes the id of a null version.
const NullVersion = "null"

func (v VersionID) String() string {
	if v.Null {
		return NullVersion
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], v.Seq)
	binary.BigEndian.PutUint64(b[8:], v.Rand)
	return hex.EncodeToString(b[:])
}

// ParseVersionID reads what String wrote. Seq and Rand of "null" are zero.
func ParseVersionID(s string) (VersionID, error) {
	if s == NullVersion {
		return VersionID{Null: true}, nil
	}
	var b [16]byte
	if len(s) != 32 {
		return VersionID{}, invalidVersion(s)
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return VersionID{}, invalidVersion(s)
	}
	return VersionID{Seq: binary.BigEndian.Uint64(b[:]), Rand: binary.BigEndian.Uint64(b[8:])}, nil
}

func invalidVersion(s string) error {
	return &Error{Kind: Invalid, Noun: NounVersion, ID: s, Msg: "Invalid version id specified"}
}

// ETag is the entity tag of an object: an MD5, and for a multipart object the
// number of its parts.
type ETag struct {
	MD5   [16]byte
	Parts int // 0 for an object of one PUT
}

// String returns the tag without quotes.
func (e ETag) String() string {
	var b [48]byte
	return string(e.Append(b[:0]))
}

// Append appends the tag without quotes.
func (e ETag) Append(b []byte) []byte {
	b = hex.AppendEncode(b, e.MD5[:])
	if e.Parts > 0 {
		b = strconv.AppendInt(append(b, '-'), int64(e.Parts), 10)
	}
	return b
}

// ObjectHeader is the standard headers that are stored with an object and given
// back as they came.
type ObjectHeader struct {
	ContentType        string
	CacheControl       string
	ContentDisposition string
	ContentEncoding    string
	ContentLanguage    string
	Expires            string
}

// MetadataPair is one x-amz-meta- header: the name in lower case without the
// prefix.
type MetadataPair struct{ Name, Value string }

// CannedACL is the access control list of an object. The zero value is private.
type CannedACL uint8

// The canned ACLs that have a meaning here. bucket-owner-full-control and
// bucket-owner-read are private, as the bucket owner owns every object.
const (
	ACLPrivate CannedACL = iota
	ACLPublicRead
	ACLGrants // none: the list is in the Grants beside it
)

// ChecksumAlgorithm is one of S3's additional checksums.
type ChecksumAlgorithm uint8

// The algorithms. The values are stored in records: only append.
const (
	ChecksumNone ChecksumAlgorithm = iota
	ChecksumCRC32
	ChecksumCRC32C
	ChecksumSHA1
	ChecksumSHA256
	ChecksumCRC64NVME
	ChecksumSHA512
	ChecksumMD5
	ChecksumXXHASH64
	ChecksumXXHASH3
	ChecksumXXHASH128
)

// ChecksumAlgorithms are all algorithms, in the order of their names.
var ChecksumAlgorithms = []ChecksumAlgorithm{
	ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumMD5, ChecksumSHA1, ChecksumSHA256, ChecksumSHA512,
	ChecksumXXHASH128, ChecksumXXHASH3, ChecksumXXHASH64,
}

var checksumNames = [...]string{
	"", "CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128",
}

func (a ChecksumAlgorithm) String() string {
	if int(a) < len(checksumNames) {
		return checksumNames[a]
	}
	return ""
}

// ChecksumType says what a checksum of a multipart object covers.
type ChecksumType uint8

// The types. The values are stored in records.
const (
	FullObject ChecksumType = iota
	Composite
)

func (t ChecksumType) String() string {
	if t == Composite {
		return "COMPOSITE"
	}
	return "FULL_OBJECT"
}

// Checksum is an additional checksum of an object or part.
type Checksum struct {
	Algorithm ChecksumAlgorithm
	Type      ChecksumType
	Value     []byte // the sum itself, big-endian
	Parts     int    // of a composite checksum
}

// IsZero reports whether there is no checksum.
func (c Checksum) IsZero() bool { return c.Algorithm == ChecksumNone }

// Object is one version of an object, or a delete marker.
type Object struct {
	Key          string
	Version      VersionID
	DeleteMarker bool
	Latest       bool // set by reads; not stored
	ModTime      time.Time
	Size         int64
	ETag         ETag
	Checksum     Checksum
	Header       ObjectHeader
	Metadata     []MetadataPair
	ACL          CannedACL
	Grants       []Grant // when ACL is ACLGrants
	Owner        AccountID
	Tags         []Tag
	Lock         ObjectLock
	Encryption   Encryption
	// RedirectLocation is where a website sends requests for the object.
	RedirectLocation string
}

// Upload is a multipart upload that has not been completed.
type Upload struct {
	ID                string
	Key               string
	Initiated         time.Time
	Expires           time.Time
	ChecksumAlgorithm ChecksumAlgorithm
	ChecksumType      ChecksumType
	Header            ObjectHeader
	Metadata          []MetadataPair
	ACL               CannedACL
	Grants            []Grant
	Owner             AccountID
	Tags              []Tag
	Lock              ObjectLock
	Encryption        Encryption
	RedirectLocation  string
}

// Part is one part of an upload or of a multipart object.
type Part struct {
	Number   int
	Size     int64
	ETag     ETag
	ModTime  time.Time
	Checksum Checksum
	// Encryption is that of the upload; not stored, set by writes.
	Encryption Encryption
}
