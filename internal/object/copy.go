package object

import (
	"context"
	"errors"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// CopyInput asks for a copy of an object.
type CopyInput struct {
	Source  GetInput // conditions are those on the source; no range, no part
	Bucket  *keyhaven.Bucket
	Key     string
	Replace *Attributes // nil keeps the source's attributes
	ACL     keyhaven.CannedACL
	Grants  []keyhaven.Grant
	// RedirectLocation is that of the copy; that of the source is never kept.
	RedirectLocation string
	// Tags replace those of the source; nil keeps the source's, which is Denied
	// when it has some and TagsDenied is set.
	Tags       *[]keyhaven.Tag
	TagsDenied error
	Lock       keyhaven.ObjectLock        // that of the source is never kept
	SSE        EncryptionRequest          // else the bucket's default, else as the source
	Algorithm  keyhaven.ChecksumAlgorithm // none keeps the source's checksum
	Conditions Conditions                 // on the destination
}

// Copied is the outcome of a copy.
type Copied struct {
	keyhaven.Object
	Source keyhaven.VersionID
}

// Copy makes an object with the bytes of another. Blobs are shared, so the cost
// does not depend on the size, unless a checksum of another algorithm is asked
// for, which reads them, or another encryption, which writes them anew.
func (s *Service) Copy(ctx context.Context, in CopyInput) (*Copied, error) {
	if err := keyhaven.ValidObjectKey(in.Key); err != nil {
		return nil, err
	}
	in.Source.HeadOnly = in.Algorithm == keyhaven.ChecksumNone
	for range maxLookups {
		src, err := s.Get(ctx, in.Source)
		if errors.Is(err, ErrNotModified) {
			return nil, in.Source.Conditions.modified()
		}
		if err != nil {
			return nil, err
		}
		out, err := s.copyFrom(ctx, in, src)
		src.Close()
		if !errors.Is(err, errGone) {
			return out, err
		}
	}
	return nil, &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounObject, ID: in.Source.Key}
}

func (s *Service) copyFrom(ctx context.Context, in CopyInput, src *Content) (*Copied, error) {
	if src.Size > keyhaven.MaxPutSize {
		return nil, &keyhaven.Error{Kind: keyhaven.TooLarge, Noun: keyhaven.NounObject, ID: "copy source"}
	}
	want, err := s.encryption(ctx, in.Bucket, in.SSE)
	if err != nil {
		return nil, err
	}
	have := src.Encryption
	if want.Mode == keyhaven.SSENone && have.Mode != keyhaven.SSECustomer {
		want = have
	}
	if want.Mode == have.Mode && want.KeyID == have.KeyID && want.Mode != keyhaven.SSECustomer {
		return s.copyShared(ctx, in, src)
	}
	return s.copyAnew(ctx, in, src)
}

// copyShared makes a copy that shares the source's bytes, encrypted as they are.
func (s *Service) copyShared(ctx context.Context, in CopyInput, src *Content) (*Copied, error) {
	sum := src.Checksum
	if in.Algorithm != keyhaven.ChecksumNone && in.Algorithm != sum.Algorithm {
		h := checksum.New(in.Algorithm)
		if _, err := src.WriteTo(h); err != nil {
			return nil, err
		}
		sum = keyhaven.Checksum{Algorithm: in.Algorithm, Value: h.Sum(nil)}
	}
	return s.copyVersion(ctx, in, src, func(tx *meta.Txn, from, v *meta.Version) (err error) {
		v.Checksum, v.Data, v.Encryption, v.Sealed = sum, from.Data, from.Encryption, from.Sealed
		if from.Data.Inline.IsZero() {
			return nil
		}
		data, err := tx.Inline(from.Data)
		if err != nil {
			return err
		}
		v.Data, err = tx.PutInline(data)
		return err
	})
}

// copyAnew makes a copy of its own bytes, encrypted otherwise than the source.
func (s *Service) copyAnew(ctx context.Context, in CopyInput, src *Content) (*Copied, error) {
	enc, err := s.sealer(ctx, in.Bucket, in.SSE)
	if err != nil {
		return nil, err
	}
	get := in.Source
	get.HeadOnly, get.Version = false, &src.Version
	body, err := s.Get(ctx, get)
	if err != nil {
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounVersion) {
			err = errGone
		}
		return nil, err
	}
	defer body.Close()
	sum := src.Checksum
	algorithm := in.Algorithm
	if algorithm == keyhaven.ChecksumNone {
		algorithm = sum.Algorithm
	}
	st, err := s.ingest(ctx, body, src.Size, Integrity{Algorithm: algorithm, kept: algorithm}, enc)
	if err != nil {
		return nil, err
	}
	if algorithm != sum.Algorithm {
		sum = st.checksum
	}
	out, err := s.copyVersion(ctx, in, src, func(tx *meta.Txn, _, v *meta.Version) (err error) {
		v.Checksum = sum
		enc.mark(v, st.salt)
		v.Data, err = place(tx, st)
		return err
	})
	s.settle(ctx, st, err)
	return out, err
}

// copyVersion makes the version of a copy. place says where its bytes are.
func (s *Service) copyVersion(ctx context.Context, in CopyInput, src *Content, place func(tx *meta.Txn, from, v *meta.Version) error) (*Copied, error) {
	var v *meta.Version
	var source keyhaven.VersionID
	err := s.updateWithin(ctx, in.Bucket, src.Size, func(tx *meta.Txn) error {
		// The version that was looked up must still be there: only then do its
		// bytes stay for the reference that is put here (meta M2).
		if _, err := s.bucket(&tx.Reader, in.Source.Bucket); err != nil {
			return err
		}
		from, err := find(&tx.Reader, in.Source)
		if err != nil {
			return err
		}
		if from.Version != src.Version {
			return errGone
		}
		source = from.Version
		attrs := Attributes{Header: from.Header, Metadata: from.Metadata}
		if in.Replace != nil {
			attrs = *in.Replace
		}
		attrs.ACL, attrs.Grants, attrs.Lock, attrs.RedirectLocation = in.ACL, in.Grants, in.Lock, in.RedirectLocation
		if attrs.Tags, err = in.tags(from); err != nil {
			return err
		}
		v = newVersion(in.Bucket, in.Key, attrs)
		v.Size, v.ETag = from.Size, from.ETag
		if err := place(tx, from, v); err != nil {
			return err
		}
		if err := s.insert(tx, in.Bucket, v, in.Conditions); err != nil {
			return err
		}
		return s.report(ctx, tx, in.Bucket, eventCopy, &v.Object)
	})
	if err != nil {
		return nil, err
	}
	return &Copied{Object: v.Object, Source: source}, nil
}

// tags are those of the copy.
func (in *CopyInput) tags(from *meta.Version) ([]keyhaven.Tag, error) {
	switch {
	case in.Tags != nil:
		return *in.Tags, nil
	case len(from.Tags) > 0:
		return from.Tags, in.TagsDenied
	}
	return nil, nil
}
