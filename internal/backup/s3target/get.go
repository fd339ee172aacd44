package s3target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven/internal/backup"
)

const (
	stallTimeout = time.Minute // of one read
	reopens      = 5           // in a row without a byte
)

// Get implements backup.Target.
func (t *Target) Get(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	key, err := t.key(name)
	if err != nil {
		return nil, 0, err
	}
	d := &download{t: t, ctx: ctx, name: name, key: key}
	out, err := d.open()
	if notFound(err) {
		return nil, 0, fmt.Errorf("s3target: %s: %w", name, backup.ErrNotFound)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("s3target: get %s: %w", name, err)
	}
	if out.ContentLength == nil {
		d.Close()
		return nil, 0, fmt.Errorf("s3target: get %s: the server does not say how long it is", name)
	}
	d.size, d.etag = *out.ContentLength, out.ETag
	return d, d.size, nil
}

// download reads an object and goes on with another request when one breaks
// off.
type download struct {
	t      *Target
	ctx    context.Context
	name   string
	key    *string
	etag   *string // of the object that the first request found
	size   int64
	off    int64
	failed int // requests without a byte

	body   io.ReadCloser // nil when the next read must open it
	cancel context.CancelFunc
}

func (d *download) open() (*s3.GetObjectOutput, error) {
	in := &s3.GetObjectInput{Bucket: d.t.bucket(), Key: d.key, IfMatch: d.etag}
	if d.off > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", d.off))
	}
	ctx, cancel := context.WithCancel(d.ctx)
	stalled := time.AfterFunc(callTimeout, cancel)
	out, err := d.t.client.GetObject(ctx, in)
	stalled.Stop()
	if err != nil {
		cancel()
		return nil, err
	}
	d.body, d.cancel = out.Body, cancel
	return out, nil
}

func (d *download) Read(p []byte) (int, error) {
	for {
		if d.off == d.size {
			return 0, io.EOF
		}
		n, err := d.read(p)
		if n > 0 {
			d.failed = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		d.failed++
		if ctxErr := d.ctx.Err(); ctxErr != nil {
			return 0, fmt.Errorf("s3target: get %s: %w", d.name, ctxErr)
		}
		if d.failed > reopens {
			// Not wrapped: the end of a connection must not look like that of a file.
			return 0, fmt.Errorf("s3target: get %s: %s", d.name, err.Error())
		}
	}
}

// read reads once, from a new request when the one before has failed.
func (d *download) read(p []byte) (int, error) {
	if d.body == nil {
		out, err := d.open()
		if err != nil {
			return 0, err
		}
		if d.off > 0 && out.ContentRange == nil {
			d.Close()
			return 0, errors.New("the server does not answer with a range")
		}
	}
	stalled := time.AfterFunc(stallTimeout, d.cancel)
	n, err := d.body.Read(p[:min(int64(len(p)), d.size-d.off)])
	stalled.Stop()
	d.off += int64(n)
	if err != nil && d.off < d.size {
		d.Close()
	}
	return n, err
}

// Close ends the request that is open.
func (d *download) Close() error {
	if d.body == nil {
		return nil
	}
	err := d.body.Close()
	d.cancel()
	d.body = nil
	return err
}
