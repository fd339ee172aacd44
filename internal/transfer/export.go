package transfer

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ManifestName is the file that lists what was exported of a bucket, one JSON
// object a line.
const ManifestName = "manifest.jsonl"

// Entry is a line of a manifest.
type Entry struct {
	Key      string            `json:"key"`
	File     string            `json:"file"` // below the bucket's directory, with slashes
	Size     int64             `json:"size"`
	ETag     string            `json:"etag"`
	SHA256   string            `json:"sha256"`
	Modified time.Time         `json:"modified"`
	Headers  map[string]string `json:"headers,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// ExportOptions say what is written.
type ExportOptions struct {
	Dir      string
	Buckets  []string // all of the caller's when empty
	Prefix   string
	Progress func(Progress)
}

// Export writes the current objects of buckets as a plain tree: DIR/BUCKET/files,
// with DIR/BUCKET/manifest.jsonl beside it. What an earlier run has written, and
// has not changed since, is not read again.
func Export(ctx context.Context, from *s3.Client, opts ExportOptions) (at Progress, err error) {
	names := opts.Buckets
	if len(names) == 0 {
		all, err := from.ListBuckets(ctx, &s3.ListBucketsInput{})
		if err != nil {
			return at, fmt.Errorf("transfer: list the buckets: %w", err)
		}
		for _, b := range all.Buckets {
			names = append(names, aws.ToString(b.Name))
		}
	}
	for _, name := range names {
		x := &exporter{from: from, opts: opts, bucket: name, dir: filepath.Join(opts.Dir, name), at: &at}
		if err := x.run(ctx); err != nil {
			return at, fmt.Errorf("transfer: export of bucket %s: %w", name, err)
		}
	}
	return at, nil
}

type exporter struct {
	from   *s3.Client
	opts   ExportOptions
	bucket string
	dir    string
	at     *Progress
	had    map[string]Entry  // of an earlier run
	used   map[string]string // file, folded → key, so that no two keys share one
}

func (x *exporter) run(ctx context.Context) (err error) {
	x.at.Bucket, x.used = x.bucket, map[string]string{}
	if err := os.MkdirAll(filepath.Join(x.dir, "files"), 0o700); err != nil {
		return err
	}
	manifest := filepath.Join(x.dir, ManifestName)
	if x.had, err = readManifest(manifest); err != nil {
		return err
	}
	f, err := os.OpenFile(manifest+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	// What an earlier run had stays known to a later one when this one is
	// interrupted.
	keep := func() error {
		if err := errors.Join(w.Flush(), f.Sync()); err != nil {
			return err
		}
		return os.Rename(manifest+".tmp", manifest)
	}
	pages := s3.NewListObjectsV2Paginator(x.from, &s3.ListObjectsV2Input{Bucket: &x.bucket, Prefix: &x.opts.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			e, err := x.object(ctx, aws.ToString(o.Key), aws.ToString(o.ETag), aws.ToInt64(o.Size))
			if err != nil {
				return fmt.Errorf("%s: %w", aws.ToString(o.Key), err)
			}
			if err := enc.Encode(e); err != nil {
				return err
			}
			if x.opts.Progress != nil {
				x.opts.Progress(*x.at)
			}
		}
	}
	return keep()
}

func readManifest(path string) (map[string]Entry, error) {
	had := map[string]Entry{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return had, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	for {
		var e Entry
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			return had, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		had[e.Key] = e
	}
}

func (x *exporter) object(ctx context.Context, key, etag string, size int64) (Entry, error) {
	file := x.file(key)
	path := filepath.Join(x.dir, filepath.FromSlash(file))
	if e, ok := x.had[key]; ok && e.ETag == etag && e.File == file && e.Size == size {
		if info, err := os.Stat(path); err == nil && info.Size() == size {
			x.at.Present++
			return e, nil
		}
	}
	out, err := x.from.GetObject(ctx, &s3.GetObjectInput{Bucket: &x.bucket, Key: &key})
	if err != nil {
		return Entry{}, err
	}
	defer out.Body.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Entry{}, err
	}
	sum, read, n, err := writeFile(path, out.Body)
	if err != nil {
		return Entry{}, err
	}
	tag := aws.ToString(out.ETag)
	if n != aws.ToInt64(out.ContentLength) || partsOf(tag) == 0 && strings.Trim(tag, `"`) != read {
		return Entry{}, fmt.Errorf("%d bytes with MD5 %s were read, the object has %d and entity tag %s", n, read, aws.ToInt64(out.ContentLength), tag)
	}
	e := Entry{Key: key, File: file, Size: n, ETag: tag, SHA256: sum, Modified: aws.ToTime(out.LastModified), Metadata: out.Metadata, Headers: map[string]string{}}
	for name, v := range map[string]*string{
		"Content-Type": out.ContentType, "Cache-Control": out.CacheControl, "Content-Disposition": out.ContentDisposition,
		"Content-Encoding": out.ContentEncoding, "Content-Language": out.ContentLanguage,
	} {
		if v != nil && *v != "" {
			e.Headers[name] = *v
		}
	}
	if aws.ToInt32(out.TagCount) > 0 {
		tags, err := x.from.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &x.bucket, Key: &key})
		if err != nil {
			return Entry{}, err
		}
		e.Tags = map[string]string{}
		for _, t := range tags.TagSet {
			e.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	x.at.Copied++
	x.at.Bytes += n
	return e, os.Chtimes(path, time.Time{}, e.Modified)
}

// writeFile replaces a file as a whole.
func writeFile(path string, body io.Reader) (sha, md string, n int64, err error) {
	tmp := path + ".part%" // no key's file ends so
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", "", 0, err
	}
	hs, hm := sha256.New(), md5.New()
	n, err = io.Copy(io.MultiWriter(f, hs, hm), body)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		_ = os.Remove(tmp) // the first error tells
		return "", "", n, err
	}
	return hex.EncodeToString(hs.Sum(nil)), hex.EncodeToString(hm.Sum(nil)), n, nil
}

// file names the file of a key: the key itself where that is a path, what is not
// being escaped by percent signs. A directory and a file cannot share a name, so
// whichever comes later gets a "%" at its end; no segment that is escaped has one.
func (x *exporter) file(key string) string {
	path := "files"
	segments := strings.Split(key, "/")
	for i, s := range segments {
		name := "%" // of an empty one
		if s != "" {
			name = escapeSegment(s)
		}
		for x.taken(path+"/"+name, key, i == len(segments)-1) {
			name += "%"
		}
		path += "/" + name
	}
	x.used[strings.ToLower(path)] = key
	return path
}

// taken reports whether another key, or a directory, has the name of a file, or
// a file that of a directory. File systems may not tell case apart.
func (x *exporter) taken(name, key string, last bool) bool {
	info, err := os.Lstat(filepath.Join(x.dir, filepath.FromSlash(name)))
	if !last {
		return err == nil && !info.IsDir()
	}
	owner := x.used[strings.ToLower(name)]
	return owner != "" && owner != key || err == nil && info.IsDir()
}

const maxSegment = 200 // bytes; file systems take 255

func escapeSegment(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7f || strings.IndexByte(`%\:*?"<>|`, c) >= 0 || (s == "." || s == "..") {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	if out := b.String(); len(out) <= maxSegment {
		return out
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(b.String()[:maxSegment-70], "") + "%" + hex.EncodeToString(sum[:])
}
