package pebblekv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// blobFile reads a blob file and checks every block before Pebble does.
//
// Pebble 2.1.7 panics when it finds a blob file damaged: DB.reportCorruption is
// given no metadata by fileCacheHandle.findOrCreateBlob and by blob file rewrites
// (cockroachdb/pebble#5127). A read that fails is an error to it like any other.
type blobFile struct {
	vfs.File
	size int64
}

// The layout of a blob file, as package sstable/blob writes it: blocks, each
// with a trailer of one type byte and a checksum, the last of which is the
// index; and a footer of its own checksum, offset and length of the index, and
// what does not matter here.
const (
	blobTrailer = 5
	blobFooter  = 38
)

var errDamagedBlob = errors.New("pebblekv: a blob file is damaged")

func openBlob(file vfs.File) (*blobFile, error) {
	info, err := file.Stat()
	if err == nil && info.Size() < blobFooter {
		err = errDamagedBlob
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &blobFile{File: file, size: info.Size()}, nil
}

// ReadAt reads one whole block, or the footer; Pebble reads nothing else.
func (b *blobFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.File.ReadAt(p, off)
	if err != nil {
		return n, err
	}
	var sum, data []byte
	switch {
	case off+int64(n) == b.size && n == blobFooter:
		sum, data = p[:4], p[4:n]
	case n > blobTrailer:
		sum, data = p[n-4:n], p[:n-4]
	default:
		return 0, errDamagedBlob
	}
	if binary.LittleEndian.Uint32(sum) != maskedCRC(data) {
		return 0, errDamagedBlob
	}
	return n, nil
}

// maskedCRC is the checksum of LevelDB's formats.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}

// verify reads the whole file.
func (b *blobFile) verify() error {
	footer := make([]byte, blobFooter)
	if _, err := b.ReadAt(footer, b.size-blobFooter); err != nil {
		return err
	}
	off := binary.LittleEndian.Uint64(footer[4:])
	length := binary.LittleEndian.Uint64(footer[12:]) + blobTrailer
	if off > uint64(b.size) || length > uint64(b.size)-off {
		return errDamagedBlob
	}
	index := make([]byte, length)
	if _, err := b.ReadAt(index, int64(off)); err != nil {
		return err
	}
	var block []byte
	from := uint64(0)
	for to := range blobBlockEnds(index[:length-blobTrailer]) {
		if to <= from || to > off {
			return errDamagedBlob
		}
		block = slices.Grow(block[:0], int(to-from))[:to-from]
		if _, err := b.ReadAt(block, int64(from)); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// blobBlockEnds returns where each value block ends. An index begins with the
// number of rows of its first column, which is there once the file has been
// rewritten; the second column holds the offsets.
func blobBlockEnds(index []byte) func(yield func(uint64) bool) {
	const header = 4
	return func(yield func(uint64) bool) {
		var d colblk.BlockDecoder
		d.Init(index, header)
		remapped := int(binary.LittleEndian.Uint32(index))
		colblk.DecodeColumn(&d, 0, remapped, colblk.DataTypeUint, colblk.DecodeUnsafeUints)
		offsets := colblk.DecodeColumn(&d, 1, d.Rows()+1, colblk.DataTypeUint, colblk.DecodeUnsafeUints)
		for i := range d.Rows() {
			if !yield(offsets.At(i + 1)) {
				return
			}
		}
	}
}

// rewriteCategory is how Pebble labels the file that a rewrite of a blob file
// writes.
const rewriteCategory vfs.DiskWriteCategory = "pebble-blob-file-rewrite"

// blobRewrites knows the blob files that Pebble is about to rewrite.
//
// A rewrite that cannot read its input panics, because it gives buffers back
// that are in use (DB.runBlobFileRewriteLocked). So its input is read once
// before it begins, that is, when it creates its output, where an error does no
// harm.
type blobRewrites struct {
	mu     sync.Mutex
	inputs map[int]string // file names by job
}

func (r *blobRewrites) begin(info pebble.BlobFileRewriteInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inputs == nil {
		r.inputs = make(map[int]string)
	}
	r.inputs[info.JobID] = info.Input.DiskFileNum.String() + ".blob"
}

func (r *blobRewrites) end(info pebble.BlobFileRewriteInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.inputs, info.JobID)
}

// verify reads the inputs of all rewrites in dir: which of them asks is not
// known, and there are two at the most.
func (r *blobRewrites) verify(f *fuseFS, dir string) error {
	r.mu.Lock()
	names := slices.Collect(maps.Values(r.inputs))
	r.mu.Unlock()
	for _, name := range names {
		file, err := f.openBlob(f.PathJoin(dir, name))
		if err == nil {
			err = errors.Join(file.verify(), file.Close())
		}
		if err != nil {
			return fmt.Errorf("pebblekv: read %s before its rewrite: %w", name, err)
		}
	}
	return nil
}
