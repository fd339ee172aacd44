package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// DefaultWorkers is how many keys are copied at the same time.
const DefaultWorkers = 8

// ImportOptions say what is copied.
type ImportOptions struct {
	Buckets  []string // all of the caller's when empty
	Prefix   string   // of keys
	Workers  int      // DefaultWorkers when zero
	Progress func(Progress)
	// Failed is told of a key that could not be copied; the others go on.
	Failed func(bucket, key string, err error)
}

// Progress is how far a transfer has come.
type Progress struct {
	Bucket  string `json:"bucket"`
	Copied  int64  `json:"copied"`  // versions and delete markers
	Bytes   int64  `json:"bytes"`   // of them
	Present int64  `json:"present"` // that were there already
	Failed  int64  `json:"failed"`  // keys
}

// importer is one run.
type importer struct {
	from, to *s3.Client
	opts     ImportOptions

	mu sync.Mutex
	at Progress
}

// Import copies buckets with their objects, versions, delete markers, tags,
// metadata and public ACLs. Errors are those of the buckets; a key that fails is
// told to Failed and counted.
func Import(ctx context.Context, from, to *s3.Client, opts ImportOptions) (Progress, error) {
	if opts.Workers == 0 {
		opts.Workers = DefaultWorkers
	}
	im := &importer{from: from, to: to, opts: opts}
	names := opts.Buckets
	if len(names) == 0 {
		all, err := from.ListBuckets(ctx, &s3.ListBucketsInput{})
		if err != nil {
			return im.at, fmt.Errorf("transfer: list the source's buckets: %w", err)
		}
		for _, b := range all.Buckets {
			names = append(names, aws.ToString(b.Name))
		}
	}
	for _, name := range names {
		if err := im.bucket(ctx, name); err != nil {
			return im.at, fmt.Errorf("transfer: bucket %s: %w", name, err)
		}
	}
	return im.at, nil
}

func (im *importer) tell(fn func(*Progress)) {
	im.mu.Lock()
	defer im.mu.Unlock()
	fn(&im.at)
	if im.opts.Progress != nil {
		im.opts.Progress(im.at)
	}
}

// bucket makes the bucket as the source's is and copies what is in it.
func (im *importer) bucket(ctx context.Context, name string) error {
	im.tell(func(p *Progress) { p.Bucket = name })
	_, err := im.to.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	if err != nil && !hasCode(err, "BucketAlreadyOwnedByYou") {
		return err
	}
	versioning, err := im.from.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name})
	if err != nil && !hasCode(err, "NotImplemented", "MethodNotAllowed") {
		return err
	}
	versioned := err == nil && versioning.Status != ""
	if versioned {
		// Enabled while the versions come in, whatever it is in the end.
		if err := im.setVersioning(ctx, name, types.BucketVersioningStatusEnabled); err != nil {
			return err
		}
	}
	if err := im.bucketTags(ctx, name); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(im.opts.Workers)
	each := func(key string, versions []version) {
		g.Go(func() error { return im.tryKey(gctx, name, key, versions, versioned) })
	}
	if versioned {
		err = im.eachVersioned(gctx, name, each)
	} else {
		err = im.eachPlain(gctx, name, each)
	}
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	if versioned && versioning.Status == types.BucketVersioningStatusSuspended {
		return im.setVersioning(ctx, name, types.BucketVersioningStatusSuspended)
	}
	return nil
}

func (im *importer) setVersioning(ctx context.Context, name string, s types.BucketVersioningStatus) error {
	_, err := im.to.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: s},
	})
	return err
}

func (im *importer) bucketTags(ctx context.Context, name string) error {
	tags, err := im.from.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	switch {
	case hasCode(err, "NoSuchTagSet", "NotImplemented", "AccessDenied", "MethodNotAllowed"):
		return nil
	case err != nil:
		return err
	case len(tags.TagSet) == 0:
		return nil
	}
	_, err = im.to.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &types.Tagging{TagSet: tags.TagSet}})
	return err
}

// version is a version or a delete marker of the source.
type version struct {
	id     string // "" in a bucket without versions
	marker bool
	etag   string
	size   int64
}

// eachPlain calls fn for every key of a bucket without versions.
func (im *importer) eachPlain(ctx context.Context, name string, fn func(string, []version)) error {
	pages := s3.NewListObjectsV2Paginator(im.from, &s3.ListObjectsV2Input{Bucket: &name, Prefix: &im.opts.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			fn(aws.ToString(o.Key), []version{{etag: aws.ToString(o.ETag), size: aws.ToInt64(o.Size)}})
		}
	}
	return nil
}

// eachVersioned calls fn for every key with its versions, oldest first.
func (im *importer) eachVersioned(ctx context.Context, name string, fn func(string, []version)) error {
	key, list := "", []version(nil)
	flush := func() {
		if len(list) > 0 {
			slices.Reverse(list)
			fn(key, list)
		}
		list = nil
	}
	in := &s3.ListObjectVersionsInput{Bucket: &name, Prefix: &im.opts.Prefix}
	for {
		listed, page, err := versionsOf(ctx, im.from, in)
		if err != nil {
			return err
		}
		for _, v := range listed {
			if v.key != key {
				flush()
				key = v.key
			}
			list = append(list, v.version)
		}
		if !nextVersions(in, page) {
			flush()
			return nil
		}
	}
}

// tryKey copies a key. Only the end of the whole is an error.
func (im *importer) tryKey(ctx context.Context, name, key string, versions []version, versioned bool) error {
	err := im.key(ctx, name, key, versions, versioned)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	im.tell(func(p *Progress) { p.Failed++ })
	if im.opts.Failed != nil {
		im.opts.Failed(name, key, err)
	}
	return nil
}

// key copies the versions of a key that are not there yet. They come in order,
// so those that an earlier run has copied are the oldest.
func (im *importer) key(ctx context.Context, name, key string, versions []version, versioned bool) error {
	var have []version
	var err error
	if versioned {
		have, err = im.present(ctx, name, key)
	} else {
		have, err = im.presentPlain(ctx, name, key)
	}
	if err != nil {
		return err
	}
	if !versioned && len(have) > 0 && have[0].size != versions[0].size {
		have = nil // another object: it is replaced
	}
	if n := len(have); n > len(versions) {
		return fmt.Errorf("the destination has %d versions of it already, the source %d", n, len(versions))
	}
	for i, h := range have {
		if h.marker != versions[i].marker || h.size != versions[i].size {
			return errors.New("the destination has other versions of it")
		}
	}
	im.tell(func(p *Progress) { p.Present += int64(len(have)) })
	for _, v := range versions[len(have):] {
		if v.marker {
			_, err = im.to.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &name, Key: &key})
		} else {
			err = im.object(ctx, name, key, v)
		}
		if err != nil {
			return err
		}
		im.tell(func(p *Progress) { p.Copied++; p.Bytes += v.size })
	}
	return nil
}

// present lists the versions of a key at the destination, oldest first.
func (im *importer) present(ctx context.Context, name, key string) (have []version, err error) {
	in := &s3.ListObjectVersionsInput{Bucket: &name, Prefix: &key}
	for {
		listed, page, err := versionsOf(ctx, im.to, in)
		if err != nil {
			return nil, err
		}
		for _, v := range listed {
			if v.key != key { // longer keys come after it
				slices.Reverse(have)
				return have, nil
			}
			have = append(have, v.version)
		}
		if !nextVersions(in, page) {
			slices.Reverse(have)
			return have, nil
		}
	}
}

func (im *importer) presentPlain(ctx context.Context, name, key string) ([]version, error) {
	o, err := im.to.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &name, Key: &key})
	switch {
	case hasCode(err, "NotFound", "NoSuchKey"):
		return nil, nil
	case err != nil:
		return nil, err
	}
	have := version{etag: aws.ToString(o.ETag), size: aws.ToInt64(o.ContentLength)}
	src, err := im.from.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &name, Key: &key})
	if err != nil {
		return nil, err
	}
	if aws.ToString(src.ETag) != have.etag {
		have.size = -1 // not the same
	}
	return []version{have}, nil
}
