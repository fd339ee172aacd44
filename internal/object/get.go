package object

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// ErrNotModified says that the conditions of a read ask for no answer body; the
// Content that comes with it describes the object and has no bytes.
var ErrNotModified = errors.New("object: not modified")

// ByteRange is the range that a client asks for: First to Last, First to the
// end when Last is -1, or the last Last bytes when First is -1.
type ByteRange struct{ First, Last int64 }

// GetInput asks for an object or a part of one.
type GetInput struct {
	Bucket     *keyhaven.Bucket
	Key        string
	Version    *keyhaven.VersionID // nil for the current one
	Range      *ByteRange
	PartNumber int // 0 for all
	Conditions Conditions
	HeadOnly   bool      // no bytes are opened
	ByACL      *ACLCheck // when set, what its list does not allow is Denied, whatever else is wrong with the request
	WholeRange bool      // a range that goes beyond the end is refused, not cut
	// CustomerKey decrypts what was stored under one. Describe asks for what is
	// said about the object alone, which takes no key.
	CustomerKey *keyhaven.CustomerKey
	Describe    bool
}

// Content is an object and the bytes asked for. The caller closes it.
type Content struct {
	keyhaven.Object
	Offset, Length int64          // the bytes that will be read
	Partial        bool           // a range or a part was asked for
	PartsCount     int            // of a multipart object
	Part           *keyhaven.Part // the part asked for, of a multipart object

	size    int64   // where it is stored
	key     sse.Key // of its bytes
	salt    sse.Salt
	body    io.Reader
	buf     *[]byte // that body reads, of pool; or nil
	pool    *sync.Pool
	cleanup []func()
}

// Close releases the object's bytes.
func (c *Content) Close() {
	for _, f := range c.cleanup {
		f()
	}
	c.cleanup = nil
	if c.buf != nil {
		c.pool.Put(c.buf)
		c.buf, c.body = nil, nil
	}
}

// Read reads the bytes asked for. Every byte has been verified.
func (c *Content) Read(p []byte) (int, error) {
	if c.body == nil {
		return 0, io.EOF
	}
	return c.body.Read(p)
}

// WriteTo writes the bytes asked for.
func (c *Content) WriteTo(w io.Writer) (int64, error) {
	if wt, ok := c.body.(io.WriterTo); ok {
		return wt.WriteTo(w)
	}
	if c.body == nil {
		return 0, nil
	}
	buf := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(buf)
	// The writer is wrapped so that io.CopyBuffer uses our large buffer and not
	// the writer's own small one.
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{c.body}, *buf)
}

// keep makes a copy of p the body.
func (c *Content) keep(p []byte) {
	c.buf, c.pool = inlineBuffer(int64(len(p)))
	c.body = bytes.NewReader((*c.buf)[:copy(*c.buf, p)])
}

// errGone says that the bytes were freed between the look-up and the opening:
// the version has been replaced or deleted, so it is looked up again (O2).
var errGone = errors.New("object: data was freed during the look-up")

// maxLookups bounds the repetitions; each means that another writer succeeded.
const maxLookups = 16

// Get looks an object up and opens its bytes. Errors: NotFound of the object or
// version; NotFound of NounDeleteMarker when the key's newest version is one;
// Conflict of NounDeleteMarker when the version asked for is one; Denied;
// PreconditionFailed; Invalid range; ErrNotModified with a Content.
func (s *Service) Get(ctx context.Context, in GetInput) (*Content, error) {
	for range maxLookups {
		c, err := s.lookup(ctx, in)
		if !errors.Is(err, errGone) {
			return c, err
		}
	}
	return nil, fmt.Errorf("object: get: data missing %d times in a row: %w", maxLookups, blob.ErrCorrupt)
}

func (s *Service) lookup(ctx context.Context, in GetInput) (*Content, error) {
	c := &Content{}
	var data meta.Data
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		v, err := find(r, in)
		if err != nil {
			return err
		}
		c.Object, data = v.Object, v.Data
		c.size, c.salt = v.StoredSize(), v.Sealed.Salt
		if !in.Describe {
			if c.key, err = s.unseal(v.Encryption, v.Sealed.Key, in.CustomerKey); err != nil {
				return err
			}
		}
		if err := c.check(in); err != nil {
			return err
		}
		if !v.Data.Manifest.IsZero() {
			c.PartsCount = v.ETag.Parts
		}
		if data.Manifest.IsZero() || in.PartNumber == 0 {
			if err := c.resolve(in); err != nil {
				return err
			}
		}
		if data.Inline.IsZero() || in.HeadOnly {
			return nil
		}
		all, err := r.Inline(data)
		if err != nil {
			return err
		}
		if int64(len(all)) != c.size {
			return fmt.Errorf("object: data record has not the size of its object: %w", blob.ErrCorrupt)
		}
		if c.salt == (sse.Salt{}) {
			c.keep(all[c.Offset : c.Offset+c.Length])
			return nil
		}
		c.body, err = opened(bytes.NewReader(bytes.Clone(all)), c.key, c.salt, c.Size, c.Offset, c.Length)
		return err
	})
	if err != nil {
		if errors.Is(err, ErrNotModified) {
			return c, err
		}
		return nil, err
	}
	switch {
	case !data.Manifest.IsZero() && (!in.HeadOnly || in.PartNumber != 0):
		err = s.openParts(ctx, c, in, data.Manifest)
	case !data.Blob.IsZero() && !in.HeadOnly && c.Length > 0:
		err = s.openBlob(ctx, c, data.Blob)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// find returns the version asked for.
func find(r *meta.Reader, in GetInput) (*meta.Version, error) {
	if in.Version != nil {
		v, err := r.Version(in.Bucket.ID, in.Key, *in.Version)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, noVersion(*in.Version)
		}
		if err := in.ByACL.check(&v.Object); err != nil {
			return nil, err
		}
		if v.DeleteMarker {
			return nil, &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounDeleteMarker, ID: v.Version.String()}
		}
		return v, nil
	}
	v, err := newest(r, in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, noKey(in.Key)
	}
	if v.DeleteMarker {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounDeleteMarker, ID: v.Version.String()}
	}
	return v, in.ByACL.check(&v.Object)
}

func (c *Content) check(in GetInput) error {
	if in.Conditions.IsZero() {
		return nil
	}
	switch in.Conditions.read(&c.Object) {
	case notModified:
		return ErrNotModified
	case failed:
		return in.Conditions.failedRead()
	}
	return nil
}

// resolve turns the range or the part of an object that has no manifest into
// Offset and Length.
func (c *Content) resolve(in GetInput) error {
	c.Length = c.Size
	if in.PartNumber > 1 {
		return noPart()
	}
	if in.PartNumber == 1 {
		c.Partial = true
		return nil
	}
	if in.Range == nil || !in.Conditions.keepsRange(&c.Object) {
		return nil
	}
	first, last := in.Range.First, in.Range.Last
	switch {
	case first < 0: // a suffix
		if last <= 0 {
			return badRange(c.Size)
		}
		if c.Size == 0 {
			return nil // S3 sends all there is
		}
		first, last = max(0, c.Size-last), c.Size-1
	case first >= c.Size, last >= 0 && last < first:
		return badRange(c.Size)
	case last < 0 || last >= c.Size:
		if in.WholeRange {
			return badRange(c.Size)
		}
		last = c.Size - 1
	}
	c.Offset, c.Length, c.Partial = first, last-first+1, true
	return nil
}

func badRange(size int64) error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounRange, ID: fmt.Sprint(size)}
}

func (s *Service) openBlob(ctx context.Context, c *Content, ref blob.Ref) error {
	r, err := s.blobs.Open(ctx, ref)
	if errors.Is(err, blob.ErrNotFound) {
		return errGone
	}
	if err != nil {
		return err
	}
	c.cleanup = append(c.cleanup, func() { r.Close() })
	if r.Size() != c.size {
		return fmt.Errorf("object: blob %v has %d bytes, its object %d: %w", ref, r.Size(), c.size, blob.ErrCorrupt)
	}
	c.body, err = opened(r, c.key, c.salt, c.Size, c.Offset, c.Length)
	return err
}
