package fileblob

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/keyhaven/keyhaven/internal/blob"
)

const (
	chunkSize   = 64 << 10 // bytes
	sumSize     = 4        // bytes of a checksum
	trailerSize = 44       // bytes
	version     = 1
	magic       = "khvblob"
)

// MaxSize is the largest blob in bytes. A writer holds 4 bytes per 64 KiB in
// memory, 4 MiB for the largest.
const MaxSize = 64 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(p []byte) uint32 { return update(0, p) }

// update returns the checksum of what had the checksum sum followed by p.
func update(sum uint32, p []byte) uint32 { return crc32.Update(sum, castagnoli, p) }

// trailer is what the fixed end of a file says.
type trailer struct {
	ref      blob.Ref
	size     int64 // bytes of data
	tableSum uint32
}

func (t trailer) append(b []byte) []byte {
	from := len(b)
	b = append(b, magic...)
	b = append(b, version)
	b = binary.BigEndian.AppendUint32(b, chunkSize)
	b = binary.BigEndian.AppendUint32(b, t.tableSum)
	b = binary.BigEndian.AppendUint64(b, uint64(t.size))
	b = append(b, t.ref[:]...)
	return binary.BigEndian.AppendUint32(b, checksum(b[from:]))
}

// parseTrailer reads what append wrote and reports whether it is sound.
func parseTrailer(b []byte) (trailer, bool) {
	if len(b) != trailerSize || string(b[:7]) != magic || b[7] != version {
		return trailer{}, false
	}
	if binary.BigEndian.Uint32(b[40:]) != checksum(b[:40]) || binary.BigEndian.Uint32(b[8:]) != chunkSize {
		return trailer{}, false
	}
	return trailer{
		ref:      blob.Ref(b[24:40]),
		size:     int64(binary.BigEndian.Uint64(b[16:])),
		tableSum: binary.BigEndian.Uint32(b[12:]),
	}, true
}

// chunks returns how many chunks size bytes of data have.
func chunks(size int64) int64 { return (size + chunkSize - 1) / chunkSize }

// dataSize returns the bytes of data in a file of the given size. When no blob
// makes such a file it reports false and a size not above the real one.
func dataSize(file int64) (int64, bool) {
	m := file - trailerSize
	if m < 0 {
		return 0, false
	}
	n := (m + chunkSize + sumSize - 1) / (chunkSize + sumSize)
	size := m - n*sumSize
	if chunks(max(size, 0)) != n || size < 0 {
		return max(size, 0), false
	}
	return size, true
}
