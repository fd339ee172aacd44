//go:build e2e

package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// syncUp stores the tree. In the middle of it the server is killed and started
// again, while other writers note down what was acknowledged to them.
func (j *mainJob) syncUp(t *testing.T) {
	if n := len(files(t, j.source)); n < 10_000 {
		t.Fatalf("the source tree has %d files, want 10000 or more", n)
	}
	sync := []string{"--profile", "bucket", "s3", "sync", "--only-show-errors", j.source, "s3://" + jobBucket + "/src/"}
	first := make(chan result, 1)
	go func() { first <- j.debian.try(t, "", j.debian.at(sync)...) }()

	w := startWriters(t, j.server.s3(j.keys[0]))
	eventually(t, "the upload is well under way", func() bool {
		return strings.Count(j.server.log(), "op=PutObject") > 3000 && w.acknowledged() > 200
	})
	j.server.kill()
	w.wait()
	j.server.start()
	w.verify(t, j.server.s3(j.keys[0]))

	// aws-cli tries again on its own; what it gave up on, a second sync stores.
	if r := <-first; r.code != 0 {
		t.Logf("the first sync ended with %d, as it may:\n%s", r.code, tail(r.stderr, 3))
	}
	j.debian.do(t, sync...)
}

// writers write until the server goes away, and remember what it acknowledged.
type writers struct {
	client *s3.Client
	done   sync.WaitGroup

	mu     sync.Mutex
	keys   []string
	upload string
	parts  []types.CompletedPart
}

const (
	crashUpload   = "acknowledged/upload"
	crashPartSize = 5 << 20
)

// startWriters starts four writers of objects and one of a multipart upload.
func startWriters(t *testing.T, client *s3.Client) *writers {
	out, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String(jobBucket), Key: aws.String(crashUpload),
	})
	check(t, err)
	w := &writers{client: client, upload: *out.UploadId}
	for i := range 4 {
		w.done.Go(func() { w.writeObjects(t.Context(), i) })
	}
	w.done.Go(func() { w.writeParts(t.Context()) })
	return w
}

func (w *writers) writeObjects(ctx context.Context, writer int) {
	for n := 0; ; n++ {
		key := fmt.Sprintf("acknowledged/%d/%d", writer, n)
		_, err := w.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String(jobBucket), Key: aws.String(key), Body: bytes.NewReader(contentOf(key, n%200*1000)),
		})
		if err != nil {
			return
		}
		w.mu.Lock()
		w.keys = append(w.keys, key)
		w.mu.Unlock()
	}
}

func (w *writers) writeParts(ctx context.Context) {
	for n := int32(1); n <= 200; n++ {
		part, err := w.writePart(ctx, w.client, n)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.parts = append(w.parts, part)
		w.mu.Unlock()
	}
}

func (w *writers) writePart(ctx context.Context, client *s3.Client, n int32) (types.CompletedPart, error) {
	out, err := client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: aws.String(jobBucket), Key: aws.String(crashUpload), UploadId: aws.String(w.upload), PartNumber: aws.Int32(n),
		Body: bytes.NewReader(contentOf(fmt.Sprint("part", n), crashPartSize)),
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(n), ChecksumCRC32: out.ChecksumCRC32}, nil
}

// acknowledged counts the objects, or nothing before two parts are there as well.
func (w *writers) acknowledged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.parts) < 2 {
		return 0
	}
	return len(w.keys)
}

func (w *writers) wait() { w.done.Wait() }

// verify reads everything that was acknowledged, and brings the upload to its
// end.
func (w *writers) verify(t *testing.T, client *s3.Client) {
	t.Logf("%d objects and %d parts were acknowledged before the kill", len(w.keys), len(w.parts))
	for _, key := range w.keys {
		var writer, n int
		_, err := fmt.Sscanf(key, "acknowledged/%d/%d", &writer, &n)
		check(t, err)
		if !bytes.Equal(get(t, client, jobBucket, key), contentOf(key, n%200*1000)) {
			t.Errorf("%s was acknowledged and has other bytes after the kill", key)
		}
	}
	listed := map[int32]string{}
	pages := s3.NewListPartsPaginator(client, &s3.ListPartsInput{
		Bucket: aws.String(jobBucket), Key: aws.String(crashUpload), UploadId: aws.String(w.upload),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		check(t, err)
		for _, p := range out.Parts {
			listed[*p.PartNumber] = *p.ETag
		}
	}
	for _, p := range w.parts {
		if listed[*p.PartNumber] != *p.ETag {
			t.Errorf("part %d was acknowledged as %s and is listed as %q", *p.PartNumber, *p.ETag, listed[*p.PartNumber])
		}
	}
	w.finishUpload(t, client)
}

func (w *writers) finishUpload(t *testing.T, client *s3.Client) {
	last, err := w.writePart(t.Context(), client, int32(len(w.parts)+1))
	check(t, err)
	w.parts = append(w.parts, last)
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(jobBucket), Key: aws.String(crashUpload), UploadId: aws.String(w.upload),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
	})
	check(t, err)
	want := sha256.New()
	for n := range w.parts {
		want.Write(contentOf(fmt.Sprint("part", n+1), crashPartSize))
	}
	got := sha256.Sum256(get(t, client, jobBucket, crashUpload))
	if !bytes.Equal(got[:], want.Sum(nil)) {
		t.Errorf("the upload of %d parts has other bytes than were sent", len(w.parts))
	}
}

// contentOf is what a test stores under a name: known from the name alone, and
// different for each.
func contentOf(name string, size int) []byte {
	out := make([]byte, 0, size+sha256.Size)
	for sum := sha256.Sum256([]byte(name)); len(out) < size; sum = sha256.Sum256(sum[:]) {
		out = append(out, sum[:]...)
	}
	return out[:size]
}

// get reads an object.
func get(t testing.TB, client *s3.Client, bucket, key string) []byte {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		t.Fatalf("GetObject(%q): %v", key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("GetObject(%q): %v", key, err)
	}
	return body
}
