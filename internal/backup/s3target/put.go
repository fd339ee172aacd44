package s3target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	defaultPartSize = 16 << 20
	maxParts        = 10_000
	abortTimeout    = 30 * time.Second
)

// Put implements backup.Target. It holds one part in memory.
func (t *Target) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	key, err := t.key(name)
	if err != nil {
		return err
	}
	u := &upload{t: t, ctx: ctx, key: key}
	if err = write(u); err == nil {
		if err = u.finish(); err == nil {
			return nil
		}
		err = fmt.Errorf("s3target: put %s: %w", name, err)
	}
	u.abort()
	return err
}

// upload sends what is written to it: in one request when it is less than a
// part, else part by part.
type upload struct {
	t   *Target
	ctx context.Context
	key *string

	buf   bytes.Buffer
	id    *string // of the multipart upload; nil before there is one
	parts []types.CompletedPart
}

func (u *upload) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if u.buf.Len() == u.t.partSize {
			if err := u.sendPart(); err != nil {
				return total - len(p), fmt.Errorf("s3target: %w", err)
			}
		}
		n := min(len(p), u.t.partSize-u.buf.Len())
		u.buf.Write(p[:n])
		p = p[n:]
	}
	return total, nil
}

func (u *upload) sendPart() error {
	if u.id == nil {
		out, err := call(u.ctx, func(ctx context.Context) (*s3.CreateMultipartUploadOutput, error) {
			return u.t.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: u.t.bucket(), Key: u.key})
		})
		if err != nil {
			return err
		}
		u.id = out.UploadId
	}
	number := int32(len(u.parts) + 1)
	if number > maxParts {
		return errors.New("the file has too many parts")
	}
	out, err := call(u.ctx, func(ctx context.Context) (*s3.UploadPartOutput, error) {
		return u.t.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: u.t.bucket(), Key: u.key, UploadId: u.id, PartNumber: &number, Body: bytes.NewReader(u.buf.Bytes()),
		})
	})
	if err != nil {
		return err
	}
	u.parts = append(u.parts, types.CompletedPart{PartNumber: &number, ETag: out.ETag})
	u.buf.Reset()
	return nil
}

func (u *upload) finish() error {
	if u.id == nil {
		_, err := call(u.ctx, func(ctx context.Context) (*s3.PutObjectOutput, error) {
			return u.t.client.PutObject(ctx, &s3.PutObjectInput{Bucket: u.t.bucket(), Key: u.key, Body: bytes.NewReader(u.buf.Bytes())})
		})
		return err
	}
	if err := u.sendPart(); err != nil {
		return err
	}
	_, err := call(u.ctx, func(ctx context.Context) (*s3.CompleteMultipartUploadOutput, error) {
		return u.t.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: u.t.bucket(), Key: u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		})
	})
	return err
}

// abort gives the parts up. What it cannot reach the next Lock does.
func (u *upload) abort() {
	if u.id == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), abortTimeout)
	defer cancel()
	_, _ = u.t.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: u.t.bucket(), Key: u.key, UploadId: u.id})
}

// ours are the names of files that may be larger than a part.
var ours = regexp.MustCompile(`^(blobs/[0-9a-f]{12}/[0-9a-f]{2}/[0-9a-f]{18}|data/[0-9a-f]{32}|(meta|index)/(\d{8}T\d{6}Z|partial)-[0-9a-f]+(-data|-blobs)?)$`)

// abortOld gives up the uploads that a holder of the lock before has left: they
// cost space. Not every server can list them.
func (t *Target) abortOld(ctx context.Context) {
	in := &s3.ListMultipartUploadsInput{Bucket: t.bucket(), Prefix: aws.String(t.at.Prefix)}
	for {
		page, err := call(ctx, func(ctx context.Context) (*s3.ListMultipartUploadsOutput, error) {
			return t.client.ListMultipartUploads(ctx, in)
		})
		if err != nil {
			return
		}
		for _, u := range page.Uploads {
			if name, _ := strings.CutPrefix(aws.ToString(u.Key), t.at.Prefix); !ours.MatchString(name) {
				continue
			}
			_, _ = call(ctx, func(ctx context.Context) (*s3.AbortMultipartUploadOutput, error) {
				return t.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: t.bucket(), Key: u.Key, UploadId: u.UploadId})
			})
		}
		if !aws.ToBool(page.IsTruncated) || len(page.Uploads) == 0 {
			return
		}
		in.KeyMarker, in.UploadIdMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
}
