package s3target

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven/internal/backup"
)

const (
	lockName   = "lock"
	renewEvery = 30 * time.Second
	staleAfter = 5 * time.Minute
	maxLock    = 4 << 10 // bytes that are read of a lock
)

// holder is the content of the lock.
type holder struct {
	Owner   string    `json:"owner"` // random
	Renewed time.Time `json:"renewed"`
}

type lock struct {
	t     *Target
	owner string
	stop  context.CancelFunc
	done  chan struct{}

	mu   sync.Mutex
	etag *string
	lost bool
}

// Lock implements backup.Target.
func (t *Target) Lock(ctx context.Context) (backup.Lock, error) {
	l := &lock{t: t, owner: rand.Text(), done: make(chan struct{})}
	held, err := l.put(ctx, &s3.PutObjectInput{IfNoneMatch: aws.String("*")})
	if err == nil && !held {
		held, err = l.takeOver(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("s3target: lock: %w", err)
	}
	if !held {
		return nil, backup.ErrLocked
	}
	t.abortOld(ctx)
	var renewing context.Context
	renewing, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.renew(renewing)
	return l, nil
}

// put writes the lock under the condition that in has, and reports whether it is
// ours then.
func (l *lock) put(ctx context.Context, in *s3.PutObjectInput) (held bool, err error) {
	content, err := json.Marshal(holder{Owner: l.owner, Renewed: time.Now().UTC()})
	if err != nil {
		return false, err
	}
	in.Bucket, in.Key, in.Body = l.t.bucket(), l.key(), bytes.NewReader(content)
	out, err := call(ctx, func(ctx context.Context) (*s3.PutObjectOutput, error) { return l.t.client.PutObject(ctx, in) })
	switch {
	case err == nil:
		l.etag = out.ETag
		return true, nil
	case !isCode(err, "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
		return false, err
	}
	// A request that was sent again may have met its own first try.
	have, _, etag, err := l.read(ctx)
	if err != nil || have == nil || have.Owner != l.owner {
		return false, err
	}
	l.etag = etag
	return true, nil
}

func (l *lock) key() *string { return aws.String(l.t.at.Prefix + lockName) }

// read returns the lock that is there, or nil, and its age by the server's clock.
func (l *lock) read(ctx context.Context) (h *holder, age time.Duration, etag *string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := l.t.client.GetObject(ctx, &s3.GetObjectInput{Bucket: l.t.bucket(), Key: l.key()})
	if notFound(err) {
		return nil, 0, nil, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	defer out.Body.Close()
	content, err := io.ReadAll(io.LimitReader(out.Body, maxLock))
	if err != nil {
		return nil, 0, nil, err
	}
	h = &holder{}
	_ = json.Unmarshal(content, h) // what cannot be read is somebody else's
	now, ok := middleware.GetServerTime(out.ResultMetadata)
	if !ok {
		now = time.Now()
	}
	return h, now.Sub(aws.ToTime(out.LastModified)), out.ETag, nil
}

// takeOver takes a lock that nobody renews any more.
func (l *lock) takeOver(ctx context.Context) (bool, error) {
	have, age, etag, err := l.read(ctx)
	switch {
	case err != nil:
		return false, err
	case have == nil: // given back meanwhile
		return l.put(ctx, &s3.PutObjectInput{IfNoneMatch: aws.String("*")})
	case age < staleAfter:
		return false, nil
	}
	return l.put(ctx, &s3.PutObjectInput{IfMatch: etag})
}

func (l *lock) renew(ctx context.Context) {
	defer close(l.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(renewEvery):
			_ = l.Check(ctx) // who needs to know asks
		}
	}
}

// Check implements backup.Lock: it renews the lock.
func (l *lock) Check(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost {
		return backup.ErrLost
	}
	held, err := l.put(ctx, &s3.PutObjectInput{IfMatch: l.etag})
	if err != nil {
		return fmt.Errorf("s3target: lock: %w", err)
	}
	if !held {
		l.lost = true
		return backup.ErrLost
	}
	return nil
}

// Release implements backup.Lock.
func (l *lock) Release() error {
	l.stop()
	<-l.done
	ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
	defer cancel()
	if err := l.Check(ctx); err != nil {
		return err // not ours to delete
	}
	_, err := l.t.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: l.t.bucket(), Key: l.key()})
	if err != nil {
		return fmt.Errorf("s3target: unlock: %w", err)
	}
	return nil
}
