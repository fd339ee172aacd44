package s3target_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/backup"
)

// ahead lets the server's clock be d ahead.
func (s *server) ahead(d time.Duration) {
	s.setIntercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		return false
	})
}

func TestStaleLock(t *testing.T) {
	s := newServer(t)
	first, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.ahead(4 * time.Minute)
	if _, err := s.open(t, "x").Lock(t.Context()); !errors.Is(err, backup.ErrLocked) {
		t.Errorf("Lock four minutes after the last renewal = %v, want ErrLocked", err)
	}
	s.ahead(6 * time.Minute)
	second, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatalf("Lock six minutes after the last renewal = %v", err)
	}
	if err := first.Check(t.Context()); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Check of the lock that was taken over = %v, want ErrLost", err)
	}
	if err := first.Release(); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Release of the lock that was taken over = %v, want ErrLost", err)
	}
	if err := second.Check(t.Context()); err != nil {
		t.Errorf("Check of the new lock = %v", err)
	}
	if err := second.Release(); err != nil {
		t.Errorf("Release of the new lock = %v", err)
	}
}

// TestLockAnswerLost loses the answer of the request that took the lock; the
// second try meets the first.
func TestLockAnswerLost(t *testing.T) {
	s := newServer(t)
	lost := false
	s.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || lost {
			return false
		}
		lost = true
		s.setIntercept(nil)
		s.forward(r)
		panic(http.ErrAbortHandler)
	})
	l, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatalf("Lock = %v", err)
	}
	if !lost {
		t.Fatal("no answer was lost")
	}
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
	if err := l.Release(); err != nil {
		t.Errorf("Release = %v", err)
	}
}

// TestLeftOverUploads wants the parts of a backup that was killed to be given up
// by the next holder of the lock, and nobody else's.
func TestLeftOverUploads(t *testing.T) {
	s := newServer(t)
	client := s.client()
	begin := func(key string) {
		t.Helper()
		if _, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: aws.String("backups"), Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	const other = "somebody's/video.mp4"
	begin(other)
	begin("x/thesis.doc")
	begin("x/blobs/000102030405/06/0708090a0b0c0d0e0f")
	begin("x/data/000102030405060708090a0b0c0d0e0f")
	begin("x/meta/20260102T030405Z-00112233")
	begin("x/index/20260102T030405Z-00112233-blobs")
	l, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	out, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String("backups")})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, u := range out.Uploads {
		left = append(left, *u.Key)
	}
	if d := cmp.Diff([]string{other, "x/thesis.doc"}, left); d != "" {
		t.Errorf("uploads that are left (-want +got):\n%s", d)
	}
}
