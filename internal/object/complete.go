package object

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// CompletePart is one line of the part list of a Complete.
type CompletePart struct {
	Number   int
	ETag     string             // as the client sent it, quoted or not
	Checksum *keyhaven.Checksum // nil when the client sent none
}

// CompleteInput ends an upload with an object.
type CompleteInput struct {
	UploadTarget
	Parts    []CompletePart
	Size     int64              // x-amz-mp-object-size, or -1
	Checksum *keyhaven.Checksum // of the whole object, as the client expects it
	// ChecksumType is the type that the client expects; nil when it names none.
	ChecksumType *keyhaven.ChecksumType
	Conditions   Conditions
}

// Complete makes the parts an object without copying a byte. The same request
// again, within a day, gets the same answer. Errors: NotFound upload; Invalid
// part, part order, part size, checksum; PreconditionFailed.
func (s *Service) Complete(ctx context.Context, in CompleteInput) (*keyhaven.Object, error) {
	var out *keyhaven.Object
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		u, err := s.upload(&tx.Reader, in.UploadTarget)
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUpload) {
			out, err = s.completed(&tx.Reader, in, err)
			return err
		}
		if err != nil {
			return err
		}
		parts, err := chooseParts(tx, u, in.Parts)
		if err != nil {
			return err
		}
		v := newVersion(in.Bucket, in.Key, Attributes{Header: u.Header, Metadata: u.Metadata, ACL: u.ACL, Grants: u.Grants, Tags: u.Tags, Lock: u.Lock, RedirectLocation: u.RedirectLocation})
		if err := assemble(v, u, parts, in); err != nil {
			return err
		}
		v.Encryption, v.Sealed.Key = u.Encryption, u.Sealed.Key
		if v.Data, err = tx.PutManifest(u, parts); err != nil {
			return err
		}
		if err := s.insert(tx, in.Bucket, v, in.Conditions); err != nil {
			return err
		}
		if err := tx.EndUpload(u); err != nil {
			return err
		}
		out = &v.Object
		if err := s.report(ctx, tx, in.Bucket, eventComplete, out); err != nil {
			return err
		}
		return tx.PutCompleted(u.Ref, meta.Completed{
			Bucket: in.Bucket.ID, Key: in.Key, Request: requestDigest(in.Parts), Version: v.Version,
			ETag: v.ETag, Checksum: v.Checksum, Expires: now().Add(s.opts.UploadLifetime),
		})
	})
	return out, err
}

// completed answers a repeated Complete with what the first one made.
func (s *Service) completed(r *meta.Reader, in CompleteInput, missing error) (*keyhaven.Object, error) {
	ref, err := meta.ParseUploadID(in.UploadID)
	if err != nil {
		return nil, missing
	}
	c, err := r.Completed(ref)
	if err != nil {
		return nil, err
	}
	if c == nil || c.Bucket != in.Bucket.ID || c.Key != in.Key || !bytes.Equal(c.Request, requestDigest(in.Parts)) {
		return nil, missing
	}
	return &keyhaven.Object{Key: c.Key, Version: c.Version, ETag: c.ETag, Checksum: c.Checksum}, nil
}

// chooseParts checks the list against what was uploaded.
func chooseParts(tx *meta.Txn, u *meta.Upload, list []CompletePart) ([]meta.PartRecord, error) {
	if len(list) == 0 {
		return nil, noPart()
	}
	last := 0
	for _, want := range list {
		if want.Number <= last {
			return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPartOrder}
		}
		if last = want.Number; last > keyhaven.MaxPartNumber {
			return nil, noPart()
		}
	}
	parts := make([]meta.PartRecord, 0, len(list))
	for i, want := range list {
		p, err := tx.Part(u, want.Number)
		if err != nil {
			return nil, err
		}
		if p == nil || strings.Trim(want.ETag, `"`) != p.ETag.String() || !sameSum(want.Checksum, p.Checksum) {
			return nil, noPart()
		}
		if i < len(list)-1 && p.Size < keyhaven.MinPartSize {
			return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPartSize}
		}
		parts = append(parts, *p)
	}
	return parts, nil
}

func noPart() error { return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPart} }

// sameSum compares a part's checksum with the client's, when it sent one of the
// algorithm that was kept.
func sameSum(want *keyhaven.Checksum, have keyhaven.Checksum) bool {
	return want == nil || want.Algorithm != have.Algorithm || bytes.Equal(want.Value, have.Value)
}

// assemble fills in the size, the entity tag and the checksum of the whole.
func assemble(v *meta.Version, u *meta.Upload, parts []meta.PartRecord, in CompleteInput) error {
	tags := md5.New()
	for _, p := range parts {
		v.Size += p.Size
		tags.Write(p.ETag.MD5[:])
	}
	if v.Size > keyhaven.MaxObjectSize {
		return tooLarge()
	}
	if in.Size >= 0 && in.Size != v.Size {
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounUpload,
			Msg: fmt.Sprintf("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", in.Size, v.Size),
		}
	}
	tags.Sum(v.ETag.MD5[:0])
	v.ETag.Parts = len(parts)
	v.Checksum = wholeSum(u, parts)
	return in.checkSum(v.Checksum)
}

// checkSum compares the checksum of the object with what the client expects.
func (in *CompleteInput) checkSum(have keyhaven.Checksum) error {
	switch {
	case in.Checksum != nil && in.Checksum.Algorithm != have.Algorithm:
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounUpload,
			Msg: "Checksum Type mismatch occurred, expected checksum Type: " + have.Algorithm.String() +
				", actual checksum Type: " + in.Checksum.Algorithm.String(),
		}
	case in.ChecksumType != nil && *in.ChecksumType != have.Type:
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounUpload,
			Msg: "The upload was created using the " + have.Type.String() +
				" checksum mode. The complete request must use the same checksum mode.",
		}
	case in.Checksum != nil && !bytes.Equal(in.Checksum.Value, have.Value):
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounChecksum, ID: have.Algorithm.String()}
	}
	return nil
}

// wholeSum is the checksum of the object: of the parts' sums when it is
// composite, else combined from them.
func wholeSum(u *meta.Upload, parts []meta.PartRecord) keyhaven.Checksum {
	sum := keyhaven.Checksum{Algorithm: u.ChecksumAlgorithm, Type: u.ChecksumType}
	if sum.Algorithm == keyhaven.ChecksumNone {
		sum.Algorithm, sum.Type = keyhaven.ChecksumCRC64NVME, keyhaven.FullObject
	}
	for _, p := range parts {
		if p.Checksum.Algorithm != sum.Algorithm {
			return keyhaven.Checksum{}
		}
	}
	if sum.Type == keyhaven.Composite {
		h := checksum.New(sum.Algorithm)
		for _, p := range parts {
			h.Write(p.Checksum.Value)
		}
		sum.Value, sum.Parts = h.Sum(nil), len(parts)
		return sum
	}
	for i, p := range parts {
		if i == 0 {
			sum.Value = p.Checksum.Value
			continue
		}
		sum.Value = checksum.Combine(sum.Algorithm, sum.Value, p.Checksum.Value, p.Size)
	}
	return sum
}

// requestDigest identifies a part list.
func requestDigest(list []CompletePart) []byte {
	h := sha256.New()
	var num [4]byte
	for _, p := range list {
		binary.BigEndian.PutUint32(num[:], uint32(p.Number))
		h.Write(num[:])
		h.Write([]byte(strings.Trim(p.ETag, `"`)))
		h.Write([]byte{0})
	}
	return h.Sum(nil)
}
