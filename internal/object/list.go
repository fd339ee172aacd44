package object

import (
	"bytes"
	"context"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// ListInput asks for one page of a bucket's objects.
type ListInput struct {
	Bucket    *keyhaven.Bucket
	Prefix    string
	Delimiter string
	After     string // keys and common prefixes up to this one are left out
	Max       int    // keys and common prefixes of a page
}

// Page is one page of objects and common prefixes, each in order.
type Page struct {
	Objects        []keyhaven.Object
	CommonPrefixes []string
	Truncated      bool
	Last           string // the last key or common prefix: the After of the next page
}

// List returns one page. Keys that share a common prefix are passed with one
// seek, so the cost is that of the page.
func (s *Service) List(ctx context.Context, in ListInput) (*Page, error) {
	page := &Page{}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		if _, err := s.bucket(r, in.Bucket); err != nil {
			return err
		}
		it := r.Objects(in.Bucket.ID, in.Prefix)
		err := page.fill(in, it)
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
		return err
	})
	return page, err
}

func (p *Page) fill(in ListInput, it *meta.ObjectIter) error {
	if in.Max <= 0 {
		return nil
	}
	ok := start(it, in)
	for n := 0; ok; n++ {
		if n == in.Max {
			p.Truncated = true
			return nil
		}
		if common, found := commonPrefix(it.Key(), in.Prefix, in.Delimiter); found {
			p.CommonPrefixes = append(p.CommonPrefixes, common)
			p.Last = common
			ok = it.SeekPast(common)
			continue
		}
		v, err := it.Version()
		if err != nil {
			return err
		}
		p.Objects = append(p.Objects, v.Object)
		p.Last = v.Key
		ok = it.Next()
	}
	return nil
}

// start moves to the first key after in.After. An After that ends in a common
// prefix of this listing stands for all keys under it.
func start(it *meta.ObjectIter, in ListInput) bool {
	if in.After == "" || in.After < in.Prefix {
		return it.Next()
	}
	if common, found := commonPrefix([]byte(in.After), in.Prefix, in.Delimiter); found && common == in.After {
		return it.SeekPast(common)
	}
	return it.SeekAfter(in.After)
}

// commonPrefix returns the part of the key up to and with the first delimiter
// after the prefix.
func commonPrefix[K string | []byte](key K, prefix, delimiter string) (string, bool) {
	if delimiter == "" || len(key) < len(prefix) || string(key[:len(prefix)]) != prefix {
		return "", false
	}
	rest := []byte(key[len(prefix):])
	i := bytes.Index(rest, []byte(delimiter))
	if i < 0 {
		return "", false
	}
	return string(key[:len(prefix)+i+len(delimiter)]), true
}

// VersionsInput asks for one page of a bucket's versions.
type VersionsInput struct {
	Bucket       *keyhaven.Bucket
	Prefix       string
	Delimiter    string
	KeyMarker    string
	VersionAfter *keyhaven.VersionID // the last version of KeyMarker that was returned
	Max          int
}

// VersionPage is one page of versions and delete markers, in order.
type VersionPage struct {
	Versions       []keyhaven.Object
	CommonPrefixes []string
	Truncated      bool
	LastKey        string
	// LastVersion is where the page ended, for VersionAfter; nil after a common
	// prefix. It says the place of a null version too, which stays known when
	// that version has been replaced or deleted by the time of the next page.
	LastVersion *keyhaven.VersionID
}

// ListVersions returns one page of versions and delete markers.
func (s *Service) ListVersions(ctx context.Context, in VersionsInput) (*VersionPage, error) {
	page := &VersionPage{}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		if _, err := s.bucket(r, in.Bucket); err != nil {
			return err
		}
		seq, err := markerSeq(r, in)
		if err != nil {
			return err
		}
		it := r.Versions(in.Bucket.ID, in.Prefix)
		err = page.fill(in, it, seq)
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
		return err
	})
	return page, err
}

// markerSeq finds the place of the version marker among its key's versions. A
// marker that ListVersions gave out says its place itself. "null", which only a
// caller makes up, needs a look-up, and when it is gone the key is passed.
func markerSeq(r *meta.Reader, in VersionsInput) (uint64, error) {
	if in.VersionAfter == nil || !in.VersionAfter.Null {
		if in.VersionAfter != nil {
			return in.VersionAfter.Seq, nil
		}
		return 0, nil
	}
	v, err := r.Version(in.Bucket.ID, in.KeyMarker, *in.VersionAfter)
	if err != nil || v == nil {
		return 0, err
	}
	return v.Version.Seq, nil
}

func (p *VersionPage) fill(in VersionsInput, it *meta.VersionIter, seq uint64) error {
	if in.Max <= 0 {
		return nil
	}
	ok := startVersions(it, in, seq)
	for n := 0; ok; n++ {
		if n == in.Max {
			p.Truncated = true
			return nil
		}
		if common, found := commonPrefix(it.Key(), in.Prefix, in.Delimiter); found {
			p.CommonPrefixes = append(p.CommonPrefixes, common)
			p.LastKey, p.LastVersion = common, nil
			ok = it.SeekPast(common)
			continue
		}
		v, err := it.Version()
		if err != nil {
			return err
		}
		p.Versions = append(p.Versions, v.Object)
		p.LastKey, p.LastVersion = v.Key, &keyhaven.VersionID{Seq: v.Version.Seq, Rand: v.Version.Rand}
		ok = it.Next()
	}
	return nil
}

func startVersions(it *meta.VersionIter, in VersionsInput, seq uint64) bool {
	switch {
	case in.KeyMarker == "" || in.KeyMarker < in.Prefix:
		return it.Next()
	case in.VersionAfter != nil && seq != 0:
		return it.SeekVersion(in.KeyMarker, seq)
	}
	if common, found := commonPrefix(in.KeyMarker, in.Prefix, in.Delimiter); found && common == in.KeyMarker {
		return it.SeekPast(common)
	}
	return it.Seek(in.KeyMarker + "\x00")
}

// UploadsInput asks for one page of a bucket's unfinished uploads.
type UploadsInput struct {
	Bucket      *keyhaven.Bucket
	Prefix      string
	Delimiter   string
	KeyMarker   string
	UploadAfter string // the last upload of KeyMarker that was returned
	Max         int
}

// UploadPage is one page of uploads, in order of key and then of time.
type UploadPage struct {
	Uploads        []keyhaven.Upload
	CommonPrefixes []string
	Truncated      bool
	LastKey        string
	LastUpload     string
}

// ListUploads returns one page of unfinished uploads. Errors: NotFound upload for
// an UploadAfter that is no id of one.
func (s *Service) ListUploads(ctx context.Context, in UploadsInput) (*UploadPage, error) {
	page := &UploadPage{}
	if in.UploadAfter != "" {
		if _, err := meta.ParseUploadID(in.UploadAfter); err != nil {
			return nil, err
		}
	}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		if _, err := s.bucket(r, in.Bucket); err != nil {
			return err
		}
		it := r.Uploads(in.Bucket.ID, in.Prefix)
		err := page.fill(in, it)
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
		return err
	})
	return page, err
}

func (p *UploadPage) fill(in UploadsInput, it *meta.UploadIter) error {
	if in.Max <= 0 {
		return nil
	}
	n := 0
	for ok := startUploads(it, in); ok; {
		u, err := it.Upload()
		if err != nil {
			return err
		}
		if u.Expired(now()) { // sweep has not come by
			ok = it.Next()
			continue
		}
		if n == in.Max {
			p.Truncated = true
			return nil
		}
		n++
		if common, found := commonPrefix(it.Key(), in.Prefix, in.Delimiter); found {
			p.CommonPrefixes = append(p.CommonPrefixes, common)
			p.LastKey, p.LastUpload = common, ""
			ok = it.SeekPast(common)
			continue
		}
		p.Uploads = append(p.Uploads, u.Upload)
		p.LastKey, p.LastUpload = u.Key, u.ID
		ok = it.Next()
	}
	return nil
}

func startUploads(it *meta.UploadIter, in UploadsInput) bool {
	if in.KeyMarker == "" || in.KeyMarker < in.Prefix {
		return it.Next()
	}
	if in.UploadAfter != "" {
		if ref, err := meta.ParseUploadID(in.UploadAfter); err == nil {
			return it.SeekAfterUpload(in.KeyMarker, ref)
		}
	}
	if strings.HasPrefix(in.KeyMarker, in.Prefix) {
		if common, found := commonPrefix(in.KeyMarker, in.Prefix, in.Delimiter); found && common == in.KeyMarker {
			return it.SeekPast(common)
		}
	}
	return it.SeekAfterKey(in.KeyMarker)
}
