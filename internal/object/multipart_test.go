package object_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"testing"
	"testing/iotest"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
)

// upload is an unfinished upload and the parts that it has so far.
type upload struct {
	*rig
	object.UploadTarget
	list []object.CompletePart
	data []byte
	tags hash.Hash
}

func (r *rig) upload(in object.CreateUploadInput) *upload {
	r.t.Helper()
	u, err := r.objects.CreateUpload(r.ctx, in)
	r.must("create upload", err)
	return &upload{rig: r, UploadTarget: object.UploadTarget{Bucket: in.Bucket, Key: in.Key, UploadID: u.ID}, tags: md5.New()}
}

func (u *upload) part(number int, data []byte, in object.Integrity) *keyhaven.Part {
	u.t.Helper()
	p, err := u.objects.PutPart(u.ctx, object.PutPartInput{
		UploadTarget: u.UploadTarget, Number: number, Body: bytes.NewReader(data), Size: int64(len(data)), Integrity: in,
	})
	u.must("put part", err)
	u.list = append(u.list, object.CompletePart{Number: number, ETag: p.ETag.String(), Checksum: &p.Checksum})
	u.data = append(u.data, data...)
	u.tags.Write(p.ETag.MD5[:])
	return p
}

func (u *upload) complete() *keyhaven.Object {
	u.t.Helper()
	o, err := u.objects.Complete(u.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: int64(len(u.data))})
	u.must("complete", err)
	return o
}

// TestMultipart completes three parts, two of them of the least size and with a
// gap in the numbers, and reads the object in every way.
func TestMultipart(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "film", Attributes: colour(7)})
	sizes := []int{keyhaven.MinPartSize, keyhaven.MinPartSize + 1, 100}
	for i, size := range sizes {
		u.part([]int{1, 2, 9}[i], content(size, uint64(i)), object.Integrity{})
	}
	data := u.data
	if use := r.usage("photos"); use.Parts != 3 || use.PartBytes != int64(len(data)) || use.Objects != 0 {
		t.Errorf("usage before Complete is %+v", use)
	}
	o := u.complete()
	if want := hex.EncodeToString(u.tags.Sum(nil)) + "-3"; o.ETag.String() != want || o.Size != int64(len(data)) {
		t.Errorf("Complete() = tag %v of %d bytes, want %s of %d", o.ETag, o.Size, want, len(data))
	}
	if use, want := r.usage("photos"), (meta.Usage{Objects: 1, Versions: 1, Bytes: int64(len(data))}); use != want {
		t.Errorf("usage is %+v, want %+v", use, want)
	}
	in := object.GetInput{Bucket: r.bucket("photos"), Key: "film"}
	c, got, err := r.get(in)
	if err != nil || !bytes.Equal(got, data) || c.PartsCount != 3 || c.Metadata[0].Value != "7" {
		t.Errorf("Get() = %d bytes, %d parts, %v, want %d bytes of 3 parts", len(got), c.PartsCount, err, len(data))
	}
	readInOddSteps(t, r, in, data)
	readAcrossParts(t, r, in, data, sizes)
	readByPart(t, r, in, data, sizes)

	// A copy shares the bytes, which outlive the first object.
	copied, err := r.objects.Copy(r.ctx, object.CopyInput{Source: in, Bucket: in.Bucket, Key: "copy"})
	r.must("copy", err)
	if copied.ETag != o.ETag || r.blobCount() != 2 {
		t.Errorf("Copy() has tag %v and there are %d blobs, want %v and 2", copied.ETag, r.blobCount(), o.ETag)
	}
	_, err = r.objects.Delete(r.ctx, in.Bucket, object.DeleteTarget{Key: "film"})
	r.must("delete", err)
	r.swept()
	if _, got, err := r.get(object.GetInput{Bucket: in.Bucket, Key: "copy"}); err != nil || !bytes.Equal(got, data) {
		t.Errorf("Get() of the copy = %d bytes, %v", len(got), err)
	}
	_, err = r.objects.Delete(r.ctx, in.Bucket, object.DeleteTarget{Key: "copy"})
	r.must("delete", err)
	r.swept()
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left of nothing", n)
	}
}

// readInOddSteps reads across a boundary with small and empty buffers, and the
// whole at once.
func readInOddSteps(t *testing.T, r *rig, in object.GetInput, data []byte) {
	t.Helper()
	part := in
	part.Range = &object.ByteRange{First: keyhaven.MinPartSize - 500, Last: keyhaven.MinPartSize + 500}
	c, err := r.objects.Get(r.ctx, part)
	r.must("get", err)
	defer c.Close()
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("Read of no bytes = %d, %v", n, err)
	}
	if err := iotest.TestReader(struct{ io.Reader }{c}, data[part.Range.First:part.Range.Last+1]); err != nil {
		t.Error(err)
	}
	c2, err := r.objects.Get(r.ctx, in)
	r.must("get", err)
	defer c2.Close()
	var buf bytes.Buffer
	if n, err := c2.WriteTo(&buf); err != nil || n != int64(len(data)) || !bytes.Equal(buf.Bytes(), data) {
		t.Errorf("WriteTo() = %d, %v", n, err)
	}
}

// readAcrossParts reads ranges around every boundary (R11 without encryption).
func readAcrossParts(t *testing.T, r *rig, in object.GetInput, data []byte, sizes []int) {
	t.Helper()
	edge := int64(0)
	for _, size := range sizes {
		edge += int64(size)
		for first := edge - 2; first <= edge+1; first++ {
			for last := edge - 2; last <= edge+1; last++ {
				in.Range = &object.ByteRange{First: first, Last: last}
				end := min(last+1, int64(len(data)))
				c, got, err := r.get(in)
				if first > last || first >= int64(len(data)) {
					wantError(t, fmt.Sprintf("Get(%d-%d)", first, last), err, keyhaven.Invalid, keyhaven.NounRange)
					continue
				}
				if err != nil || !bytes.Equal(got, data[first:end]) || c.Length != end-first {
					t.Errorf("Get(%d-%d) = %d bytes, %v", first, last, len(got), err)
				}
			}
		}
	}
}

func readByPart(t *testing.T, r *rig, in object.GetInput, data []byte, sizes []int) {
	t.Helper()
	offset := 0
	for i, number := range []int{1, 2, 9} {
		in.PartNumber = number
		c, got, err := r.get(in)
		if err != nil || !bytes.Equal(got, data[offset:offset+sizes[i]]) || c.Part == nil || c.Offset != int64(offset) || !c.Partial {
			t.Errorf("Get(part %d) = %d bytes at %d, %v", number, len(got), c.Offset, err)
		}
		in.HeadOnly = true
		c, err = r.objects.Get(r.ctx, in)
		if err != nil || c.Length != int64(sizes[i]) {
			t.Errorf("Head(part %d) = %+v, %v", number, c, err)
		}
		c.Close()
		in.HeadOnly = false
		offset += sizes[i]
	}
	in.PartNumber = 3
	_, _, err := r.get(in)
	wantError(t, "Get(part 3)", err, keyhaven.Invalid, keyhaven.NounPart)
}

// TestPartOfPlainObject: part 1 of an object of one PUT is the object.
func TestPartOfPlainObject(t *testing.T) {
	r := newRig(t, memkv.New())
	for _, size := range []int{0, 12, large} {
		r.put("photos", "k", content(size, 1))
		c, got, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k", PartNumber: 1})
		if err != nil || !bytes.Equal(got, content(size, 1)) || !c.Partial {
			t.Errorf("Get(part 1) of %d bytes = %d bytes, %v", size, len(got), err)
		}
		_, _, err = r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k", PartNumber: 2})
		wantError(t, "Get(part 2)", err, keyhaven.Invalid, keyhaven.NounPart)
	}
}

// TestMultipartChecksums checks the checksum of the whole for each algorithm and
// type, against one computed over the bytes or over the parts' sums.
func TestMultipartChecksums(t *testing.T) {
	r := newRig(t, memkv.New())
	first, last := content(keyhaven.MinPartSize, 1), content(77, 2)
	for _, a := range append([]keyhaven.ChecksumAlgorithm{keyhaven.ChecksumNone}, keyhaven.ChecksumAlgorithms...) {
		for _, typ := range []keyhaven.ChecksumType{keyhaven.FullObject, keyhaven.Composite} {
			in := object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k", Algorithm: a, ChecksumType: &typ}
			if a == keyhaven.ChecksumNone {
				in.ChecksumType, typ = nil, keyhaven.FullObject
			}
			if a != keyhaven.ChecksumNone && !checksum.Supports(a, typ) {
				_, err := r.objects.CreateUpload(r.ctx, in)
				wantError(t, fmt.Sprintf("CreateUpload(%v, %v)", a, typ), err, keyhaven.Invalid, keyhaven.NounUpload)
				continue
			}
			u := r.upload(in)
			// The parts of an upload without an algorithm come with another sum,
			// which is checked but not kept.
			partSum := a
			if a == keyhaven.ChecksumNone {
				a, partSum = keyhaven.ChecksumCRC64NVME, keyhaven.ChecksumCRC32
			}
			whole := checksum.New(a)
			for i, data := range [][]byte{first, last} {
				u.part(i+1, data, object.Integrity{Algorithm: partSum, Expected: func() ([]byte, error) { return sumOf(partSum, data), nil }})
				if typ == keyhaven.Composite {
					data = sumOf(a, data)
				}
				whole.Write(data)
			}
			o := u.complete()
			if o.Checksum.Algorithm != a || o.Checksum.Type != typ || !bytes.Equal(o.Checksum.Value, whole.Sum(nil)) {
				t.Errorf("%v %v: Complete() has the checksum %+v, want %x", a, typ, o.Checksum, whole.Sum(nil))
			}
			if want := map[keyhaven.ChecksumType]int{keyhaven.Composite: 2}[typ]; o.Checksum.Parts != want {
				t.Errorf("%v %v: the checksum is of %d parts, want %d", a, typ, o.Checksum.Parts, want)
			}
		}
	}
}

func sumOf(a keyhaven.ChecksumAlgorithm, data []byte) []byte {
	h := checksum.New(a)
	h.Write(data)
	return h.Sum(nil)
}

func TestPartChecksumMustAgree(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k", Algorithm: keyhaven.ChecksumCRC32})
	put := func(in object.Integrity) error {
		_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: 1, Body: bytes.NewReader([]byte("a")), Size: 1, Integrity: in})
		return err
	}
	wantError(t, "PutPart with another algorithm", put(object.Integrity{Algorithm: keyhaven.ChecksumSHA1}), keyhaven.Invalid, keyhaven.NounUpload)
	wantError(t, "PutPart with a wrong sum", put(object.Integrity{Expected: func() ([]byte, error) { return []byte{1, 2, 3, 4}, nil }}), keyhaven.Invalid, keyhaven.NounChecksum)
	plain := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "plain"})
	u = plain
	wantError(t, "PutPart with a wrong sum that is not kept",
		put(object.Integrity{Algorithm: keyhaven.ChecksumSHA1, Expected: func() ([]byte, error) { return make([]byte, 20), nil }}), keyhaven.Invalid, keyhaven.NounChecksum)
	if use := r.usage("photos"); use.Parts != 0 {
		t.Errorf("usage is %+v, want no parts", use)
	}
}

// TestCompleteRefusals are what a client announces about the whole and gets
// wrong; the upload stays as it was.
func TestCompleteRefusals(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	p := u.part(1, content(12, 1), object.Integrity{})
	wrong := keyhaven.Checksum{Algorithm: keyhaven.ChecksumCRC64NVME, Value: make([]byte, 8)}
	for name, tt := range map[string]struct {
		change func(*object.CompleteInput)
		noun   keyhaven.Noun
	}{
		"size":            {func(in *object.CompleteInput) { in.Size = 13 }, keyhaven.NounUpload},
		"checksum":        {func(in *object.CompleteInput) { in.Checksum = &wrong }, keyhaven.NounChecksum},
		"part's checksum": {func(in *object.CompleteInput) { in.Parts[0].Checksum = &wrong }, keyhaven.NounPart},
		"negative number": {func(in *object.CompleteInput) { in.Parts[0].Number = -1 }, keyhaven.NounPartOrder},
	} {
		in := object.CompleteInput{UploadTarget: u.UploadTarget, Parts: []object.CompletePart{{Number: 1, ETag: p.ETag.String()}}, Size: -1}
		tt.change(&in)
		_, err := r.objects.Complete(r.ctx, in)
		wantError(t, "Complete with a wrong "+name, err, keyhaven.Invalid, tt.noun)
	}
	if o := u.complete(); o.Size != 12 {
		t.Errorf("Complete() = %+v", o)
	}
}

func TestPartNumbers(t *testing.T) {
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	for _, n := range []int{-1, 0, keyhaven.MaxPartNumber + 1, 1<<16 + 1} {
		_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: n, Body: bytes.NewReader(nil), Size: 0})
		wantError(t, fmt.Sprintf("PutPart(%d)", n), err, keyhaven.Invalid, keyhaven.NounPart)
	}
	u.part(1, []byte("a"), object.Integrity{})
	u.part(keyhaven.MaxPartNumber, []byte("b"), object.Integrity{})
	for after, want := range map[int]int{-1 << 20: 2, 0: 2, 1: 1, keyhaven.MaxPartNumber: 0, 1 << 16: 0, 1<<16 - 1: 0} {
		page, err := r.objects.ListParts(r.ctx, u.UploadTarget, after, 1000)
		if err != nil || len(page.Parts) != want || page.Truncated {
			t.Errorf("ListParts(after %d) = %+v, %v, want %d parts", after, page, err, want)
		}
	}
}

func TestCopyPart(t *testing.T) {
	r := newRig(t, memkv.New())
	data := content(large, 1)
	src := r.put("photos", "src", data)
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k"})
	in := object.CopyPartInput{UploadTarget: u.UploadTarget, Number: 1, Source: object.GetInput{Bucket: r.bucket("photos"), Key: "src", WholeRange: true}}
	in.Source.Range = &object.ByteRange{First: 5, Last: large - 2}
	p, version, err := r.objects.CopyPart(r.ctx, in)
	if err != nil || p.ETag.String() != md5Hex(data[5:large-1]) || version != src.Version {
		t.Errorf("CopyPart() = %+v, %v, %v", p, version, err)
	}
	in.Source.Range = &object.ByteRange{First: 5, Last: large}
	_, _, err = r.objects.CopyPart(r.ctx, in)
	wantError(t, "CopyPart beyond the end", err, keyhaven.Invalid, keyhaven.NounRange)
	in.Source.Range = nil
	in.Source.Conditions.IfNoneMatch = "*"
	_, _, err = r.objects.CopyPart(r.ctx, in)
	wantError(t, "CopyPart with If-None-Match", err, keyhaven.PreconditionFailed, keyhaven.NounObject)

	in.Source.Conditions = object.Conditions{}
	r.blobs.FailNth(faultblob.ReadAt, 1, errFault)
	if _, _, err := r.objects.CopyPart(r.ctx, in); err == nil {
		t.Error("CopyPart() of a source that cannot be read = nil")
	}
	if use := r.usage("photos"); use.Parts != 1 || use.PartBytes != large-6 {
		t.Errorf("usage is %+v, want the one part that was copied", use)
	}
}

// TestManyParts completes as many parts as there may be: one manifest, within
// what an engine takes as a value.
func TestManyParts(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand transactions")
	}
	r := newRig(t, memkv.New())
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "k", Algorithm: keyhaven.ChecksumSHA256})
	target, err := r.objects.Upload(r.ctx, u.UploadTarget)
	r.must("upload", err)
	ref, err := meta.ParseUploadID(target.ID)
	r.must("parse", err)
	// Straight into the store: five mebibytes each would take an hour.
	r.must("put parts", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		for n := 1; n <= keyhaven.MaxPartNumber; n++ {
			p := &meta.PartRecord{Part: keyhaven.Part{Number: n, Size: keyhaven.MinPartSize, Checksum: keyhaven.Checksum{Algorithm: keyhaven.ChecksumSHA256, Value: make([]byte, 32)}}}
			p.ETag.MD5[0], p.Data.Blob[0], p.Data.Blob[1] = byte(n), byte(n), byte(n>>8)
			if err := tx.PutPart(&meta.Upload{Upload: *target, Ref: ref, Bucket: u.Bucket.ID}, p); err != nil {
				return err
			}
			u.list = append(u.list, object.CompletePart{Number: n, ETag: p.ETag.String()})
		}
		return nil
	}))
	o, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1})
	if err != nil || o.Size != keyhaven.MaxPartNumber*keyhaven.MinPartSize || o.ETag.Parts != keyhaven.MaxPartNumber {
		t.Fatalf("Complete() = %+v, %v", o, err)
	}
	r.swept()
	_, err = r.objects.Delete(r.ctx, u.Bucket, object.DeleteTarget{Key: "k"})
	r.must("delete", err)
	r.swept()
	if n := r.kinds(); n["p"]+n["r"]+n["x"]+n["f"] != 0 {
		t.Errorf("records that are left: %v", n)
	}
}
