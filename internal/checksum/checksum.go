package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"

	"github.com/keyhaven/keyhaven"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// New returns a hash for the algorithm, or nil for ChecksumNone.
func New(a keyhaven.ChecksumAlgorithm) hash.Hash {
	switch a {
	case keyhaven.ChecksumCRC32:
		return crc32.NewIEEE()
	case keyhaven.ChecksumCRC32C:
		return crc32.New(castagnoli)
	case keyhaven.ChecksumCRC64NVME:
		return crc64nvme.New()
	case keyhaven.ChecksumSHA1:
		return sha1.New()
	case keyhaven.ChecksumSHA256:
		return sha256.New()
	case keyhaven.ChecksumSHA512:
		return sha512.New()
	case keyhaven.ChecksumMD5:
		return md5.New()
	case keyhaven.ChecksumXXHASH64:
		return xxhash.New()
	case keyhaven.ChecksumXXHASH3:
		return xxh3.New()
	case keyhaven.ChecksumXXHASH128:
		return xxh3.New128()
	}
	return nil
}

// Size returns the length of the algorithm's sum in bytes.
func Size(a keyhaven.ChecksumAlgorithm) int {
	switch a {
	case keyhaven.ChecksumCRC32, keyhaven.ChecksumCRC32C:
		return 4
	case keyhaven.ChecksumCRC64NVME, keyhaven.ChecksumXXHASH64, keyhaven.ChecksumXXHASH3:
		return 8
	case keyhaven.ChecksumMD5, keyhaven.ChecksumXXHASH128:
		return 16
	case keyhaven.ChecksumSHA1:
		return sha1.Size
	case keyhaven.ChecksumSHA256:
		return sha256.Size
	case keyhaven.ChecksumSHA512:
		return sha512.Size
	}
	return 0
}

// ParseAlgorithm reads an algorithm's name in any case.
func ParseAlgorithm(name string) (keyhaven.ChecksumAlgorithm, bool) {
	for _, a := range keyhaven.ChecksumAlgorithms {
		if strings.EqualFold(a.String(), name) {
			return a, true
		}
	}
	return keyhaven.ChecksumNone, false
}

// DefaultType is the checksum type of a multipart upload that names an
// algorithm and no type.
func DefaultType(a keyhaven.ChecksumAlgorithm) keyhaven.ChecksumType {
	if a == keyhaven.ChecksumCRC64NVME {
		return keyhaven.FullObject
	}
	return keyhaven.Composite
}

// Supports reports whether the algorithm can have the type in a multipart
// upload: only the sums of cyclic codes can be combined, CRC64NVME is never
// composite.
func Supports(a keyhaven.ChecksumAlgorithm, t keyhaven.ChecksumType) bool {
	switch a {
	case keyhaven.ChecksumCRC64NVME:
		return t == keyhaven.FullObject
	case keyhaven.ChecksumCRC32, keyhaven.ChecksumCRC32C:
		return true
	case keyhaven.ChecksumNone:
		return false
	}
	return t == keyhaven.Composite
}

// Parse reads a header or XML value: base64 of the sum, and for a composite one
// a hyphen and the number of parts.
func Parse(a keyhaven.ChecksumAlgorithm, s string) (keyhaven.Checksum, bool) {
	c := keyhaven.Checksum{Algorithm: a}
	sum, parts, composite := strings.Cut(s, "-")
	if composite {
		n, err := strconv.Atoi(parts)
		if err != nil || n < 1 || n > keyhaven.MaxPartNumber {
			return c, false
		}
		c.Type, c.Parts = keyhaven.Composite, n
	}
	v, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || len(v) != Size(a) {
		return c, false
	}
	c.Value = v
	return c, true
}

// Format writes the value as headers and XML carry it.
func Format(c keyhaven.Checksum) string {
	s := base64.StdEncoding.EncodeToString(c.Value)
	if c.Type == keyhaven.Composite && c.Parts > 0 {
		s += "-" + strconv.Itoa(c.Parts)
	}
	return s
}
