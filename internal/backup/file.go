package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Every file but manifests and the key ring ends in a trailer:
//
//	 0   7   "khvback"
//	 7   1   format version, 1
//	 8   8   length of what is before the trailer, big-endian
//	16  16   the first half of the SHA-256 of the file's name
//	32  32   SHA-256 of everything before
const (
	trailerSize  = 64
	trailerMagic = "khvback\x01"
)

// ErrDamaged is wrapped by every error that says that a file of the target is
// not as it was written.
var ErrDamaged = errors.New("it is damaged")

// FileRef names a file from a manifest and says what it must be.
type FileRef struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes of the whole file
	SHA256 string `json:"sha256"` // of the whole file, hex
}

// putFile writes a file with its trailer.
func putFile(ctx context.Context, t Target, name string, write func(io.Writer) error) (FileRef, error) {
	ref := FileRef{Name: name}
	err := t.Put(ctx, name, func(w io.Writer) error {
		f := &fileWriter{w: w, sum: sha256.New()}
		if err := write(f); err != nil {
			return err
		}
		err := f.finish(name)
		ref.Size, ref.SHA256 = f.n, hex.EncodeToString(f.sum.Sum(nil))
		return err
	})
	if err != nil {
		return FileRef{}, fmt.Errorf("backup: write %s: %w", name, err)
	}
	return ref, nil
}

// fileWriter counts and sums what goes by.
type fileWriter struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (f *fileWriter) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.sum.Write(p[:n])
	f.n += int64(n)
	return n, err
}

func (f *fileWriter) finish(name string) error {
	if _, err := f.Write(trailerHead(name, f.n)); err != nil {
		return err
	}
	_, err := f.Write(f.sum.Sum(nil))
	return err
}

// trailerHead is the trailer without its checksum.
func trailerHead(name string, length int64) []byte {
	head := append(make([]byte, 0, trailerSize), trailerMagic...)
	head = binary.BigEndian.AppendUint64(head, uint64(length))
	bound := sha256.Sum256([]byte(name))
	return append(head, bound[:16]...)
}

// fileReader reads what is before a trailer. It says io.EOF only when the whole
// file has been found sound; what was read before is unproven until then.
type fileReader struct {
	name string
	r    io.ReadCloser
	size int64 // bytes before the trailer
	left int64
	sum  hash.Hash
	want string // SHA-256 of the whole file, "" when only the trailer says it
	end  error  // set once the trailer has been read
}

// openFile opens a file of which nothing is known but its name.
func openFile(ctx context.Context, t Target, name string) (*fileReader, error) {
	r, size, err := t.Get(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("backup: %s: it is missing: %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("backup: read %s: %w", name, err)
	}
	if size < trailerSize {
		r.Close()
		return nil, damaged(name, "%d bytes are too few", size)
	}
	size -= trailerSize
	return &fileReader{name: name, r: r, size: size, left: size, sum: sha256.New()}, nil
}

// openRef opens a file that a manifest names.
func openRef(ctx context.Context, t Target, ref FileRef) (*fileReader, error) {
	f, err := openFile(ctx, t, ref.Name)
	if err != nil {
		return nil, err
	}
	if f.size+trailerSize != ref.Size {
		f.Close()
		return nil, damaged(ref.Name, "it has %d bytes, and its backup says %d", f.size+trailerSize, ref.Size)
	}
	f.want = ref.SHA256
	return f, nil
}

func damaged(name, format string, args ...any) error {
	return fmt.Errorf("backup: %s: %w: %s", name, ErrDamaged, fmt.Sprintf(format, args...))
}

func (f *fileReader) Read(p []byte) (int, error) {
	if f.left == 0 {
		if f.end == nil {
			f.end = f.check()
		}
		return 0, f.end
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	f.sum.Write(p[:n])
	f.left -= int64(n)
	switch {
	case err == io.EOF && f.left > 0:
		return n, damaged(f.name, "it is cut short")
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("backup: read %s: %w", f.name, err)
	}
	return n, nil
}

// check reads the trailer and returns io.EOF when it fits what was read.
func (f *fileReader) check() error {
	var trailer [trailerSize + 1]byte // one more, to see whether there is more
	n, err := io.ReadFull(f.r, trailer[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return fmt.Errorf("backup: read %s: %w", f.name, err)
	}
	if n != trailerSize {
		return damaged(f.name, "its end has %d bytes", n)
	}
	head := trailer[:32]
	if !bytes.Equal(head, trailerHead(f.name, f.size)) {
		return damaged(f.name, "its end is not that of a backup's file of this name and size")
	}
	f.sum.Write(head)
	if !bytes.Equal(trailer[32:trailerSize], f.sum.Sum(nil)) {
		return damaged(f.name, "its checksum does not match")
	}
	f.sum.Write(trailer[32:trailerSize])
	if got := hex.EncodeToString(f.sum.Sum(nil)); f.want != "" && got != f.want {
		return damaged(f.name, "it is not the file that its backup wrote")
	}
	return io.EOF
}

func (f *fileReader) Close() error { return f.r.Close() }
