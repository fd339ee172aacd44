package object_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// large is a size that needs a blob.
const large = meta.MaxInline + 10

// untouched checks that a call that failed has left nothing at all: no object,
// no count, no blob, no record.
func untouched(t *testing.T, r *rig, before map[string]int) {
	t.Helper()
	if u := r.usage("photos"); u != (meta.Usage{}) {
		t.Errorf("usage is %+v", u)
	}
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
	for k, n := range r.kinds() {
		if n != before[k] {
			t.Errorf("%d records of kind %s, want %d", n, k, before[k])
		}
	}
}

// TestO1_BlobFaults lets each call of the blob store fail under a Put and a
// PutPart: the error comes out and nothing is half-present.
func TestO1_BlobFaults(t *testing.T) {
	for _, op := range []faultblob.Op{faultblob.Create, faultblob.Write, faultblob.Commit} {
		for _, fault := range []error{errFault, fmt.Errorf("engine: %w", blob.ErrNoSpace)} {
			t.Run(fmt.Sprintf("%s/%v", op, fault), func(t *testing.T) {
				r := newRig(t, memkv.New())
				u, err := r.objects.CreateUpload(r.ctx, object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
				r.must("create upload", err)
				before := r.kinds()
				r.blobs.FailAll(op, fault)
				_, putErr := r.objects.Put(r.ctx, putOf(r.bucket("photos"), "k", content(large, 1)))
				_, partErr := r.objects.PutPart(r.ctx, object.PutPartInput{
					UploadTarget: object.UploadTarget{Bucket: r.bucket("photos"), Key: "k", UploadID: u.ID},
					Number:       1, Body: bytes.NewReader(content(large, 2)), Size: large,
				})
				for _, err := range []error{putErr, partErr} {
					if !errors.Is(err, fault) {
						t.Errorf("got %v, want %v", err, fault)
					}
					if full := errors.Is(fault, blob.ErrNoSpace); full != keyhaven.Is(err, keyhaven.Unavailable, keyhaven.NounStorage) {
						t.Errorf("got %v: is it about a full disk: %v", err, full)
					}
				}
				untouched(t, r, before)
				r.blobs.Heal()
				r.put("photos", "k", content(large, 3))
			})
		}
	}
}

// TestO1_NoTemporaryFiles looks into the directory of a real blob store after
// Puts that failed at each place.
func TestO1_NoTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	files, err := fileblob.Open(dir, fileblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	count := func() (n int) {
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				n++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	r := newRig(t, memkv.New())
	faults := faultblob.New(files)
	r.objects = object.New(r.meta, faults, r.pins, object.Options{})
	body := func(n int, err error) object.PutInput {
		in := putOf(r.bucket("photos"), "k", nil)
		in.Body, in.Size = brokenBody(n, err), -1
		return in
	}
	for _, how := range []object.EncryptionRequest{{}, ways["customer"]} { // an encrypted body has a writer of its own
		faults.FailNth(faultblob.Create, 1, errFault)
		faults.FailNth(faultblob.Write, 1, errFault)
		faults.FailNth(faultblob.Commit, 1, errFault)
		for _, err := range []error{io.EOF, io.EOF, io.EOF, errFault} {
			in := body(large, err)
			in.Attributes.SSE = how
			if _, err := r.objects.Put(r.ctx, in); !errors.Is(err, errFault) {
				t.Errorf("Put() = %v, want the fault", err)
			}
		}
		if n := count(); n != before {
			t.Errorf("%d files in the blob store, want %d (%v)", n, before, how.Encryption.Mode)
		}
	}
	bad := body(large, io.EOF)
	bad.Integrity.MD5 = make([]byte, 16)
	_, err = r.objects.Put(r.ctx, bad)
	wantError(t, "Put with a wrong MD5", err, keyhaven.Invalid, keyhaven.NounDigest)
	bad = body(large, io.EOF)
	bad.Conditions.IfMatch = "other"
	_, err = r.objects.Put(r.ctx, bad)
	wantError(t, "Put with If-Match", err, keyhaven.NotFound, keyhaven.NounObject)
	if n := count(); n != before {
		t.Errorf("%d files in the blob store, want %d", n, before)
	}
	if _, err := r.objects.Put(r.ctx, body(large, io.EOF)); err != nil || count() != before+1 {
		t.Errorf("Put() = %v and %d files, want one more than %d", err, count(), before)
	}
}

// TestBrokenBodies: a body that breaks off stores nothing, and its error comes
// back as it is. io.ErrUnexpectedEOF is what net/http says when a client hangs
// up; taken for an end it would store half an object (R1).
func TestBrokenBodies(t *testing.T) {
	r := newRig(t, memkv.New())
	before := r.kinds()
	for _, n := range []int{0, 10, meta.MaxInline, meta.MaxInline + 1, meta.MaxInline + 2, 600 << 10} {
		for _, broken := range []error{errFault, io.ErrUnexpectedEOF, fmt.Errorf("chunk: %w", io.EOF)} {
			in := putOf(r.bucket("photos"), "k", nil)
			in.Body, in.Size = brokenBody(n, broken), -1
			if _, err := r.objects.Put(r.ctx, in); !errors.Is(err, broken) {
				t.Errorf("Put() of a body that breaks after %d bytes = %v, want %v", n, err, broken)
			}
		}
		for _, announced := range []int64{int64(n) - 1, int64(n) + 1} {
			in := putOf(r.bucket("photos"), "k", content(n, 1))
			if in.Size = announced; announced < 0 {
				continue
			}
			if _, err := r.objects.Put(r.ctx, in); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Put() of %d bytes announced as %d = %v, want ErrUnexpectedEOF", n, announced, err)
			}
		}
	}
	in := putOf(r.bucket("photos"), "k", nil)
	in.Body, in.Size = errReader{errors.New("read")}, keyhaven.MaxPutSize+1
	_, err := r.objects.Put(r.ctx, in)
	wantError(t, "Put of more than five gibibytes", err, keyhaven.TooLarge, keyhaven.NounObject)
	untouched(t, r, before)
}

func TestIntegrity(t *testing.T) {
	data := map[string][]byte{"inline": content(12, 1), "blob": content(large, 2)}
	r := newRig(t, memkv.New())
	before := r.kinds()
	for name, data := range data {
		for what, tt := range map[string]struct {
			object.Integrity
			kind keyhaven.Kind
			noun keyhaven.Noun
		}{
			"MD5":       {object.Integrity{MD5: make([]byte, 16)}, keyhaven.Invalid, keyhaven.NounDigest},
			"short MD5": {object.Integrity{MD5: []byte{}}, keyhaven.Invalid, keyhaven.NounDigest},
			"checksum": {
				object.Integrity{Algorithm: keyhaven.ChecksumSHA1, Expected: func() ([]byte, error) { return make([]byte, 20), nil }},
				keyhaven.Invalid, keyhaven.NounChecksum,
			},
			"trailer": {object.Integrity{Algorithm: keyhaven.ChecksumCRC32, Expected: func() ([]byte, error) {
				return nil, &keyhaven.Error{Kind: keyhaven.Throttled, Noun: keyhaven.NounTag}
			}}, keyhaven.Throttled, keyhaven.NounTag},
		} {
			in := putOf(r.bucket("photos"), "k", data)
			in.Integrity = tt.Integrity
			_, err := r.objects.Put(r.ctx, in)
			wantError(t, fmt.Sprintf("Put(%s) with a bad %s", name, what), err, tt.kind, tt.noun)
		}
	}
	untouched(t, r, before)
}

// brokenStore lets Update return an error, before or after it has happened.
type brokenStore struct {
	kv.Store
	err    error
	before bool
}

func (s *brokenStore) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if s.err != nil && s.before {
		return s.err
	}
	if err := s.Store.Update(ctx, fn); err != nil {
		return err
	}
	return s.err
}

// TestO1_RecordFaults lets the commit of the record fail. The blob goes when the
// commit did not happen, also on a full disk where it is needed most (R3), and
// stays when nobody knows.
func TestO1_RecordFaults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  error
		before bool
		blobs  int
		stored bool
	}{
		{"failed", errFault, true, 0, false},
		{"disk full", fmt.Errorf("engine: %w", kv.ErrNoSpace), true, 0, false},
		{"unknown, not happened", fmt.Errorf("engine: %w", kv.ErrUnknown), true, 1, false},
		{"unknown, happened", fmt.Errorf("engine: %w", kv.ErrUnknown), false, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engine := &brokenStore{Store: memkv.New()}
			r := newRig(t, engine)
			b := r.bucket("photos")
			engine.err, engine.before = tt.fault, tt.before
			_, err := r.objects.Put(r.ctx, putOf(b, "k", content(large, 1)))
			if !errors.Is(err, tt.fault) {
				t.Errorf("Put() = %v, want the fault", err)
			}
			if n := r.blobCount(); n != tt.blobs {
				t.Errorf("%d blobs are left, want %d", n, tt.blobs)
			}
			engine.err = nil
			_, data, err := r.get(object.GetInput{Bucket: b, Key: "k"})
			if tt.stored != (err == nil) || tt.stored && !bytes.Equal(data, content(large, 1)) {
				t.Errorf("Get() = %d bytes, %v, want them: %v", len(data), err, tt.stored)
			}
			// What nobody knew the sweep after the next start finds out (R13).
			r.restart()
			n, err := r.sweep.Orphans(r.ctx)
			if want := tt.blobs; err != nil || (n == want) == tt.stored && want > 0 {
				t.Errorf("Orphans() = %d, %v; the object was stored: %v", n, err, tt.stored)
			}
			if _, _, err := r.get(object.GetInput{Bucket: b, Key: "k"}); tt.stored != (err == nil) {
				t.Errorf("Get() after the sweep = %v", err)
			}
		})
	}
}

// TestDiscardFails: a blob that cannot be deleted when its record was refused is
// left for the sweep of the next start, and never shown.
func TestDiscardFails(t *testing.T) {
	r := newRig(t, memkv.New())
	r.blobs.FailAll(faultblob.Delete, errFault)
	in := putOf(r.bucket("photos"), "k", content(large, 1))
	in.Conditions.IfMatch = "other"
	_, err := r.objects.Put(r.ctx, in)
	wantError(t, "Put with If-Match", err, keyhaven.NotFound, keyhaven.NounObject)
	if n := r.blobCount(); n != 1 {
		t.Fatalf("%d blobs, want the one that could not be deleted", n)
	}
	r.blobs.Heal()
	r.swept()
	if n, err := r.sweep.Orphans(r.ctx); n != 0 || err != nil || r.blobCount() != 1 {
		t.Errorf("Orphans() in the same session = %d, %v: it may not touch blobs of its own session (S2)", n, err)
	}
	r.restart()
	if n, err := r.sweep.Orphans(r.ctx); n != 1 || err != nil || r.blobCount() != 0 {
		t.Errorf("Orphans() = %d, %v and %d blobs, want the one gone", n, err, r.blobCount())
	}
}

// TestO2_ReadFaults: a read that fails gives an error and no wrong byte (R4).
func TestO2_ReadFaults(t *testing.T) {
	r := newRig(t, memkv.New())
	data := content(large, 1)
	r.put("photos", "k", data)
	in := object.GetInput{Bucket: r.bucket("photos"), Key: "k"}
	for _, fault := range []error{errFault, fmt.Errorf("engine: %w", blob.ErrCorrupt)} {
		r.blobs.FailAll(faultblob.Open, fault)
		if _, err := r.objects.Get(r.ctx, in); !errors.Is(err, fault) {
			t.Errorf("Get() with a failing Open = %v, want %v", err, fault)
		}
		r.blobs.Heal()
		r.blobs.FailNth(faultblob.ReadAt, 2, fault)
		_, got, err := r.get(in)
		if !errors.Is(err, fault) || len(got) == 0 || !bytes.HasPrefix(data, got) {
			t.Errorf("a Get with a failing read gives %d bytes and %v, want some right ones and %v", len(got), err, fault)
		}
		c, err := r.objects.Get(r.ctx, in)
		r.must("get", err)
		r.blobs.Heal()
		r.blobs.FailNth(faultblob.ReadAt, 1, fault)
		if n, err := c.WriteTo(io.Discard); !errors.Is(err, fault) || n != 0 {
			t.Errorf("WriteTo() = %d, %v, want %v", n, err, fault)
		}
		c.Close()
		r.blobs.Heal()
	}
	if _, got, err := r.get(in); err != nil || !bytes.Equal(got, data) {
		t.Errorf("Get() after the faults = %d bytes, %v", len(got), err)
	}
}

// TestO2_MissingBlob: an object whose blob has been lost is an error that names
// corruption, and can still be replaced and deleted (R4).
func TestO2_MissingBlob(t *testing.T) {
	r := newRig(t, memkv.New())
	for _, key := range []string{"replaced", "deleted"} {
		r.put("photos", key, content(large, 1))
	}
	for info, err := range r.disk.List(r.ctx) {
		r.must("list", err)
		r.must("delete", r.disk.Delete(r.ctx, info.Ref))
	}
	for _, key := range []string{"replaced", "deleted"} {
		if _, _, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: key}); !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("Get(%s) = %v, want ErrCorrupt", key, err)
		}
	}
	r.put("photos", "replaced", content(large, 2))
	if _, err := r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: "deleted"}); err != nil {
		t.Errorf("Delete() = %v", err)
	}
	r.swept()
	if n := r.blobCount(); n != 1 {
		t.Errorf("%d blobs, want the new one", n)
	}
	if u := r.usage("photos"); u.Objects != 1 || u.Bytes != large {
		t.Errorf("usage is %+v", u)
	}
}
