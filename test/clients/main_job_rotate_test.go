//go:build e2e

package clients

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// rotate switches running applications from the old key to the new one and
// deletes the old one. No request of the applications fails, and none with the
// old key succeeds after the delete was answered.
func (j *mainJob) rotate(t *testing.T) {
	s, old, fresh := j.server, j.keys[0], j.keys[1]
	oldClient := s.s3(old)
	app := startApp(t, oldClient)
	app.await(t, 200)

	// An open connection and a presigned URL of the old key, both in use.
	get := &s3.GetObjectInput{Bucket: aws.String(jobBucket), Key: aws.String("src/go.mod"), Range: aws.String("bytes=0-9")}
	kept := s.s3(old)
	if _, err := getOver(t.Context(), kept, get); err != nil {
		t.Fatalf("before the rotation: %v", err)
	}
	url, err := s3.NewPresignClient(oldClient).PresignGetObject(t.Context(), get, s3.WithPresignExpires(time.Hour))
	check(t, err)
	browser := s.httpClient()
	if status, body := fetch(t, browser, url.URL, url.SignedHeader); status != http.StatusPartialContent {
		t.Fatalf("presigned URL before the rotation: status %d\n%s", status, body)
	}

	app.use(s.s3(fresh))
	app.await(t, 200)
	s.deleteKey(t, jobBucket, old.id)

	reused, err := getOver(t.Context(), kept, get)
	wantCode(t, "the very next request with the old key", err, "InvalidAccessKeyId")
	if !reused {
		t.Error("the request with the old key opened a new connection: nothing was shown about the open one")
	}
	status, body := fetch(t, browser, url.URL, url.SignedHeader)
	if status != http.StatusForbidden {
		t.Errorf("presigned URL of the old key: status %d, want 403", status)
	}
	wantText(t, "the presigned URL", body, "<Code>InvalidAccessKeyId</Code>")

	app.await(t, 200)
	app.stop(t)
	keys := j.current.profile("root").keys(t, jobBucket)
	if len(keys) != 1 || keys[0].AccessKeyID != fresh.id || keys[0].LastUsed == nil || keys[0].LastUsed.ServiceName != "s3" {
		t.Errorf("keys after the rotation: %+v, want %s alone, used by s3", keys, fresh.id)
	}
	j.current.profile("bucket").refused(t, "InvalidAccessKeyId", "ListObjectsV2", "s3 ls s3://"+jobBucket)
}

// app is an application that works on the bucket all the time.
type app struct {
	mu     sync.RWMutex // held for reading during a request
	client *s3.Client
	count  atomic.Int64
	halt   chan struct{}
	done   sync.WaitGroup
	failed chan error
}

func startApp(t *testing.T, client *s3.Client) *app {
	a := &app{client: client, halt: make(chan struct{}), failed: make(chan error, 4)}
	for i := range 4 {
		a.done.Go(func() { a.work(t.Context(), fmt.Sprint("app/", i)) })
	}
	return a
}

func (a *app) work(ctx context.Context, key string) {
	for n := 0; ; n++ {
		select {
		case <-a.halt:
			return
		default:
		}
		if err := a.request(ctx, key, n); err != nil {
			a.failed <- err
			return
		}
		a.count.Add(1)
	}
}

// request writes the object, reads it, lists it or deletes it, in turn.
func (a *app) request(ctx context.Context, key string, n int) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	bucket, k := aws.String(jobBucket), aws.String(key)
	var err error
	switch n % 4 {
	case 0:
		_, err = a.client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: k, Body: bytes.NewReader(contentOf(key, n%50*1000))})
	case 1:
		_, err = getOver(ctx, a.client, &s3.GetObjectInput{Bucket: bucket, Key: k})
	case 2:
		_, err = a.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: k})
	case 3:
		_, err = a.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: k})
	}
	return err
}

// use switches the application to another client. When it returns, no request of
// the old one is under way.
func (a *app) use(client *s3.Client) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.client = client
}

// await waits for more requests.
func (a *app) await(t *testing.T, more int64) {
	t.Helper()
	target := a.count.Load() + more
	eventually(t, "the application made its requests", func() bool {
		return a.count.Load() >= target || len(a.failed) > 0
	})
}

func (a *app) stop(t *testing.T) {
	t.Helper()
	close(a.halt)
	a.done.Wait()
	close(a.failed)
	for err := range a.failed {
		t.Errorf("KEY-15: a request failed during the rotation: %v", err)
	}
	t.Logf("%d requests during the rotation", a.count.Load())
}

// getOver reads an object and reports whether its connection had been open.
func getOver(ctx context.Context, client *s3.Client, in *s3.GetObjectInput) (reused bool, err error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused },
	})
	out, err := client.GetObject(ctx, in)
	if err != nil {
		return reused, err
	}
	defer out.Body.Close()
	_, err = io.Copy(io.Discard, out.Body)
	return reused, err
}

// fetch gets a URL and returns the status and the body.
func fetch(t testing.TB, client *http.Client, url string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	check(t, err)
	req.Header = header.Clone()
	res, err := client.Do(req)
	check(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(t, err)
	return res.StatusCode, string(body)
}
