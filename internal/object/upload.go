package object

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/checksum"
	"github.com/keyhaven/keyhaven/internal/meta"
)

func now() time.Time { return time.Now().UTC() }

// CreateUploadInput begins a multipart upload.
type CreateUploadInput struct {
	Bucket       *keyhaven.Bucket
	Key          string
	Attributes   Attributes
	Algorithm    keyhaven.ChecksumAlgorithm
	ChecksumType *keyhaven.ChecksumType // nil for the algorithm's default
}

// CreateUpload begins a multipart upload.
func (s *Service) CreateUpload(ctx context.Context, in CreateUploadInput) (*keyhaven.Upload, error) {
	if err := keyhaven.ValidObjectKey(in.Key); err != nil {
		return nil, err
	}
	enc, err := s.sealer(ctx, in.Bucket, in.Attributes.SSE)
	if err != nil {
		return nil, err
	}
	typ := checksum.DefaultType(in.Algorithm)
	if in.ChecksumType != nil {
		typ = *in.ChecksumType
		if !checksum.Supports(in.Algorithm, typ) {
			return nil, &keyhaven.Error{
				Kind: keyhaven.Invalid, Noun: keyhaven.NounUpload,
				Msg: "The " + typ.String() + " checksum type cannot be used with the " + strings.ToLower(in.Algorithm.String()) + " checksum algorithm.",
			}
		}
	}
	u := &meta.Upload{Ref: s.meta.NewID(), Bucket: in.Bucket.ID}
	u.Upload = keyhaven.Upload{
		ID: u.Ref.String(), Key: in.Key, Initiated: now(), Owner: in.Bucket.Account,
		ChecksumAlgorithm: in.Algorithm, ChecksumType: typ,
		Header: in.Attributes.Header, Metadata: in.Attributes.Metadata, ACL: in.Attributes.ACL, Grants: in.Attributes.Grants,
		Tags: in.Attributes.Tags, Lock: in.Attributes.Lock, RedirectLocation: in.Attributes.RedirectLocation,
	}
	if enc != nil {
		u.Encryption, u.Sealed.Key = enc.how, enc.wrapped
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := s.bucket(&tx.Reader, in.Bucket)
		if err != nil {
			return err
		}
		if u.Expires, err = s.uploadExpiry(&tx.Reader, b, u); err != nil {
			return err
		}
		if !u.Lock.IsZero() {
			if err := lockable(b); err != nil {
				return err
			}
		}
		return tx.PutUpload(u)
	})
	return &u.Upload, err
}

// uploadExpiry is when an upload that begins now is aborted: by the lifecycle
// rule that speaks of it, else after the lifetime of uploads. Shorter rules that
// come later are kept by the lifecycle's runs.
func (s *Service) uploadExpiry(r *meta.Reader, b *keyhaven.Bucket, u *meta.Upload) (time.Time, error) {
	doc, err := meta.ReadBucketConfig[keyhaven.Lifecycle](r, b, keyhaven.ConfigLifecycle)
	if err != nil {
		return time.Time{}, err
	}
	if doc != nil {
		if at, _ := doc.Abort(u.Key, u.Initiated); !at.IsZero() {
			return at, nil
		}
	}
	return u.Initiated.Add(s.opts.UploadLifetime), nil
}

// UploadTarget names an unfinished upload.
type UploadTarget struct {
	Bucket   *keyhaven.Bucket
	Key      string
	UploadID string
}

// upload reads an upload of a bucket that is still the authorized one.
func (s *Service) upload(r *meta.Reader, t UploadTarget) (*meta.Upload, error) {
	if _, err := s.bucket(r, t.Bucket); err != nil {
		return nil, err
	}
	return r.Upload(t.Bucket.ID, t.Key, t.UploadID)
}

// Upload returns an unfinished upload.
func (s *Service) Upload(ctx context.Context, t UploadTarget) (*keyhaven.Upload, error) {
	u, err := s.findUpload(ctx, t)
	if err != nil {
		return nil, err
	}
	return &u.Upload, nil
}

func (s *Service) findUpload(ctx context.Context, t UploadTarget) (u *meta.Upload, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		u, err = s.upload(r, t)
		return err
	})
	return u, err
}

// AbortUpload ends an upload without an object. Its parts stop counting here;
// sweep frees their bytes. begun, when it is not nil, is the time to the second
// at which the upload must have begun. Errors: NotFound upload,
// PreconditionFailed.
func (s *Service) AbortUpload(ctx context.Context, t UploadTarget, begun *time.Time) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		u, err := s.upload(&tx.Reader, t)
		if err != nil {
			return err
		}
		if begun != nil && !u.Initiated.Truncate(time.Second).Equal(*begun) {
			return preconditionFailed("If-Match-Initiated-Time")
		}
		return tx.EndUpload(u)
	})
}

// PutPartInput is one part of an upload.
type PutPartInput struct {
	UploadTarget
	Number    int
	Body      io.Reader
	Size      int64 // bytes, or -1 when unknown
	Integrity Integrity
	// CustomerKey is the one that the upload began with, if it did.
	CustomerKey *keyhaven.CustomerKey
}

// PutPart stores a part, replacing one of the same number.
func (s *Service) PutPart(ctx context.Context, in PutPartInput) (*keyhaven.Part, error) {
	if in.Number < 1 || in.Number > keyhaven.MaxPartNumber {
		return nil, &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounPart,
			Msg: "Part number must be an integer between 1 and 10000, inclusive",
		}
	}
	u, err := s.findUpload(ctx, in.UploadTarget)
	if err != nil {
		return nil, err
	}
	enc, err := s.partSealer(u, in.CustomerKey)
	if err != nil {
		return nil, err
	}
	if err := agree(&u.Upload, &in.Integrity); err != nil {
		return nil, err
	}
	if err := s.room(ctx, in.Bucket, in.Size); err != nil {
		return nil, err
	}
	st, err := s.ingest(ctx, in.Body, in.Size, in.Integrity, enc)
	if err != nil {
		return nil, err
	}
	p := &meta.PartRecord{Part: keyhaven.Part{
		Number: in.Number, Size: st.size, ETag: keyhaven.ETag{MD5: st.md5}, Checksum: st.checksum, ModTime: now(),
	}}
	p.Encryption, p.Sealed.Salt = u.Encryption, st.salt
	err = s.updateWithin(ctx, in.Bucket, st.size, func(tx *meta.Txn) error {
		u, err := s.upload(&tx.Reader, in.UploadTarget)
		if err != nil {
			return err
		}
		if p.Data, err = place(tx, st); err != nil {
			return err
		}
		return tx.PutPart(u, p)
	})
	s.settle(ctx, st, err)
	if err != nil {
		return nil, err
	}
	return &p.Part, nil
}

// agree makes the part use the checksum algorithm of its upload.
func agree(u *keyhaven.Upload, in *Integrity) error {
	switch {
	case u.ChecksumAlgorithm == keyhaven.ChecksumNone:
		// Parts of an upload without an algorithm are summed with CRC64NVME, so
		// that the object gets one; another sum that came along is checked, but
		// not kept.
		in.kept = keyhaven.ChecksumCRC64NVME
	case in.Algorithm == keyhaven.ChecksumNone:
		in.Algorithm = u.ChecksumAlgorithm
	case in.Algorithm != u.ChecksumAlgorithm:
		return &keyhaven.Error{
			Kind: keyhaven.Invalid, Noun: keyhaven.NounUpload,
			Msg: "Checksum Type mismatch occurred, expected checksum Type: " + u.ChecksumAlgorithm.String() +
				", actual checksum Type: " + in.Algorithm.String(),
		}
	}
	return nil
}

// CopyPartInput copies a range of an object into a part.
type CopyPartInput struct {
	UploadTarget
	Number      int
	Source      GetInput
	CustomerKey *keyhaven.CustomerKey // of the upload
}

// CopyPart reads the source and stores it as a part; it returns the part and
// the version that was read.
func (s *Service) CopyPart(ctx context.Context, in CopyPartInput) (*keyhaven.Part, keyhaven.VersionID, error) {
	src, err := s.Get(ctx, in.Source)
	if errors.Is(err, ErrNotModified) {
		err = in.Source.Conditions.modified()
	}
	if err != nil {
		return nil, keyhaven.VersionID{}, err
	}
	defer src.Close()
	p, err := s.PutPart(ctx, PutPartInput{
		UploadTarget: in.UploadTarget, Number: in.Number, Body: src, Size: src.Length, CustomerKey: in.CustomerKey,
	})
	return p, src.Version, err
}

// PartPage is one page of an upload's parts.
type PartPage struct {
	Upload    keyhaven.Upload
	Parts     []keyhaven.Part
	Truncated bool
}

// ListParts returns the parts with numbers above after, at most limit.
func (s *Service) ListParts(ctx context.Context, t UploadTarget, after, limit int) (*PartPage, error) {
	page := &PartPage{}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		u, err := s.upload(r, t)
		if err != nil {
			return err
		}
		page.Upload = u.Upload
		if limit <= 0 || after >= keyhaven.MaxPartNumber {
			return nil
		}
		return r.Parts(u, max(after, 0), func(p *meta.PartRecord) bool {
			if len(page.Parts) == limit {
				page.Truncated = true
				return false
			}
			page.Parts = append(page.Parts, p.Part)
			return true
		})
	})
	return page, err
}
