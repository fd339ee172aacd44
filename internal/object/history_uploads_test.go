package object_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
)

func (h *history) createUpload() {
	name, b := h.anyBucket()
	h.seed++
	in := object.CreateUploadInput{Bucket: h.bucket(name), Key: h.anyKey(), Attributes: colour(h.seed)}
	in.Algorithm = rapid.SampledFrom([]keyhaven.ChecksumAlgorithm{keyhaven.ChecksumNone, keyhaven.ChecksumCRC32}).Draw(h.rt, "algorithm")
	u, err := h.objects.CreateUpload(h.ctx, in)
	h.must("create upload", err)
	b.uploads[u.ID] = &modelUpload{key: in.Key, colour: fmt.Sprint(h.seed), parts: map[int]*modelVersion{}}
}

// anyUpload draws an upload: one of the bucket's, one that is over, or one that
// never was.
func (h *history) anyUpload() (target object.UploadTarget, b *modelBucket, up *modelUpload) {
	name, b := h.anyBucket()
	ids := append(slices.Sorted(maps.Keys(b.uploads)), slices.Sorted(maps.Keys(h.done))...)
	ids = append(ids, "00000000000000000000000000000001")
	id := rapid.SampledFrom(ids).Draw(h.rt, "upload")
	target = object.UploadTarget{Bucket: h.bucket(name), Key: h.anyKey(), UploadID: id}
	if up = b.uploads[id]; up != nil {
		if rapid.IntRange(0, 9).Draw(h.rt, "right key") == 0 && target.Key != up.key {
			return target, b, nil
		}
		target.Key = up.key
	}
	return target, b, up
}

func (h *history) putPart() {
	target, b, up := h.anyUpload()
	number := rapid.IntRange(1, 3).Draw(h.rt, "number")
	data := h.anyContent()
	p, err := h.objects.PutPart(h.ctx, object.PutPartInput{UploadTarget: target, Number: number, Body: bytes.NewReader(data), Size: -1})
	if up == nil {
		wantError(h.t, "PutPart", err, keyhaven.NotFound, keyhaven.NounUpload)
		return
	}
	h.must("put part", err)
	part := h.m.stored(data)
	part.checksum = p.Checksum.Algorithm
	up.parts[number] = part
	if p.ETag.String() != part.etag || p.Size != int64(len(data)) {
		h.t.Errorf("PutPart() = %v of %d bytes, want %s of %d", p.ETag, p.Size, part.etag, len(data))
	}
	h.listParts(target, b.uploads[target.UploadID])
}

func (h *history) listParts(target object.UploadTarget, up *modelUpload) {
	after, limit := rapid.IntRange(-1, 3).Draw(h.rt, "after"), rapid.IntRange(1, 3).Draw(h.rt, "limit")
	page, err := h.objects.ListParts(h.ctx, target, after, limit)
	h.must("list parts", err)
	var want []int
	for _, n := range slices.Sorted(maps.Keys(up.parts)) {
		if n > after {
			want = append(want, n)
		}
	}
	truncated := len(want) > limit
	want = want[:min(limit, len(want))]
	var got []int
	for _, p := range page.Parts {
		got = append(got, p.Number)
		if p.ETag.String() != up.parts[p.Number].etag {
			h.t.Errorf("ListParts() shows part %d with tag %v, want %s", p.Number, p.ETag, up.parts[p.Number].etag)
		}
	}
	if !slices.Equal(got, want) || page.Truncated != truncated {
		h.t.Errorf("ListParts(%d, %d) = %v, truncated %v, want %v, %v", after, limit, got, page.Truncated, want, truncated)
	}
}

func (h *history) abort() {
	target, b, up := h.anyUpload()
	err := h.objects.AbortUpload(h.ctx, target, nil)
	if up == nil {
		wantError(h.t, "AbortUpload", err, keyhaven.NotFound, keyhaven.NounUpload)
		return
	}
	h.must("abort", err)
	delete(b.uploads, target.UploadID)
}

// badList is a part list that must be refused, and why.
type badList struct {
	noun  keyhaven.Noun
	parts []object.CompletePart
}

func badLists(up *modelUpload) (out []badList) {
	numbers := slices.Sorted(maps.Keys(up.parts))
	list := func(of ...int) (parts []object.CompletePart) {
		for _, n := range of {
			parts = append(parts, object.CompletePart{Number: n, ETag: `"` + up.parts[n].etag + `"`})
		}
		return parts
	}
	out = append(out,
		badList{keyhaven.NounPart, nil},
		badList{keyhaven.NounPart, []object.CompletePart{{Number: 9, ETag: md5Hex(nil)}}},
		badList{keyhaven.NounPartOrder, []object.CompletePart{{Number: 0, ETag: md5Hex(nil)}}})
	if len(numbers) > 0 {
		n := numbers[0]
		wrong := list(n)
		wrong[0].ETag = md5Hex([]byte("other"))
		beyond := list(n) // a number that is the part's but for its high bits
		beyond[0].Number += 1 << 16
		out = append(out, badList{keyhaven.NounPart, wrong}, badList{keyhaven.NounPart, beyond}, badList{keyhaven.NounPartOrder, append(list(n), list(n)...)})
	}
	if len(numbers) > 1 {
		out = append(out, badList{keyhaven.NounPartSize, list(numbers[0], numbers[1])}, badList{keyhaven.NounPartOrder, list(numbers[1], numbers[0])})
	}
	return out
}

// complete tries lists that must be refused, then one part alone, as all but
// the last need five mebibytes.
func (h *history) complete() {
	target, b, up := h.anyUpload()
	in := object.CompleteInput{UploadTarget: target, Size: -1}
	if up == nil {
		h.completeAgain(in, b)
		return
	}
	for _, bad := range badLists(up) {
		in.Parts = bad.parts
		_, err := h.objects.Complete(h.ctx, in)
		wantError(h.t, fmt.Sprintf("Complete(%v)", bad.parts), err, keyhaven.Invalid, bad.noun)
	}
	if len(up.parts) == 0 {
		return
	}
	number := rapid.SampledFrom(slices.Sorted(maps.Keys(up.parts))).Draw(h.rt, "number")
	part := up.parts[number]
	in.Parts = []object.CompletePart{{Number: number, ETag: `"` + part.etag + `"`}}
	in.Conditions = h.anyConditions(b, target.Key)
	o, err := h.objects.Complete(h.ctx, in)
	if kind, ok := b.check(target.Key, in.Conditions); !ok {
		wantError(h.t, "Complete", err, kind, keyhaven.NounObject)
		return
	}
	h.must("complete", err)
	v := h.m.completed(up, part)
	h.newest(b, target.Key, v, o.Version)
	h.checkObject(o, v)
	delete(b.uploads, target.UploadID)
	h.done[target.UploadID] = doneUpload{bucket: target.Bucket.Name, in: in, out: o}
}

// completeAgain completes an upload that is over, or never was: the same request
// gets the same answer (R8), any other one that there is no such upload.
func (h *history) completeAgain(in object.CompleteInput, b *modelBucket) {
	in.Parts = []object.CompletePart{{Number: 1, ETag: md5Hex(nil)}}
	if b.uploads[in.UploadID] == nil { // else only the key is wrong
		if d, ok := h.done[in.UploadID]; ok {
			again := d.in
			again.Bucket = h.bucket(d.bucket)
			o, err := h.objects.Complete(h.ctx, again)
			h.must("complete again", err)
			want := keyhaven.Object{Key: d.in.Key, Version: d.out.Version, ETag: d.out.ETag, Checksum: d.out.Checksum}
			if diff := cmp.Diff(&want, o); diff != "" {
				h.t.Errorf("Complete() again (-want +got):\n%s", diff)
			}
			in.Parts[0].ETag = md5Hex([]byte("other"))
		}
	}
	_, err := h.objects.Complete(h.ctx, in)
	wantError(h.t, "Complete of no upload", err, keyhaven.NotFound, keyhaven.NounUpload)
}
