package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/access"
)

// TestKEY14_DeletedKeyIsRefusedAtOnce, in every form that a client may hold it.
func TestKEY14_DeletedKeyIsRefusedAtOnce(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k, kept := s.newKey(t, "photos"), s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/a.txt", "hello")
		upload := s.must(t, k, "POST", "/photos/big.bin?uploads", "").element("UploadId")
		presigned := s.request(t, "GET", "/photos/a.txt", "")
		k.signer().Presign(presigned, time.Hour)
		s.serve(presigned.Clone(t.Context())).wantBody(t, 200, "hello")

		in := access.BucketKeyInput{Account: account, Region: region, Bucket: "photos"}
		if _, err := s.access.DeleteBucketKey(t.Context(), in, k.id); err != nil {
			t.Fatal(err)
		}
		for _, try := range []struct{ method, target, body string }{
			{"GET", "/photos/a.txt", ""},
			{"PUT", "/photos/a.txt", "changed"},
			{"GET", "/", ""},
			{"GET", "/photos", ""},
			{"PUT", "/photos/big.bin?partNumber=1&uploadId=" + upload, "part"},
		} {
			s.do(t, k, try.method, try.target, try.body).want(t, 403, "InvalidAccessKeyId")
		}
		s.serve(presigned).want(t, 403, "InvalidAccessKeyId")
		s.do(t, kept, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")

		// The name of the bucket is no way back: a new bucket is another one.
		s.must(t, root, "DELETE", "/photos/a.txt", "")
		s.must(t, root, "DELETE", "/photos", "")
		s.newBucket(t, "photos")
		s.do(t, kept, "GET", "/photos", "").want(t, 403, "InvalidAccessKeyId")
	})
}

func TestKEY18_OtherBucketDenied(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.newBucket(t, "archive")
		k := s.newKey(t, "photos")
		s.must(t, root, "PUT", "/archive/a.txt", "secret")
		for _, try := range []struct{ method, target, body string }{
			{"GET", "/archive?list-type=2", ""},
			{"GET", "/archive/a.txt", ""},
			{"PUT", "/archive/a.txt", "x"},
			{"DELETE", "/archive/a.txt", ""},
			{"POST", "/archive/a.txt?uploads", ""},
			{"GET", "/archive?versions", ""},
			{"GET", "/archive?location", ""},
		} {
			s.do(t, k, try.method, try.target, try.body).want(t, 403, "AccessDenied")
		}
		if a := s.do(t, k, "HEAD", "/archive", ""); a.status != 403 || a.body != "" {
			t.Errorf("HeadBucket = %d %q, want 403 without a body", a.status, a.body)
		}
		if got := s.must(t, k, "GET", "/", "").elements(t, "Name"); len(got) != 1 || got[0] != "photos" {
			t.Errorf("the key sees the buckets %q", got)
		}
		s.do(t, root, "GET", "/archive/a.txt", "").wantBody(t, 200, "secret")
	})
}

func TestKEY20_NoConfigurationThroughS3(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	k := s.newKey(t, "photos")
	for _, sub := range []string{
		"cors", "policy", "acl", "versioning", "lifecycle", "logging", "tagging", "website", "notification",
		"replication", "encryption", "publicAccessBlock", "ownershipControls", "object-lock", "requestPayment", "accelerate",
	} {
		s.do(t, k, "PUT", "/photos?"+sub, "<x/>").want(t, 403, "AccessDenied")
	}
	for _, sub := range []string{"cors", "policy", "lifecycle", "tagging", "website", "encryption", "publicAccessBlock"} {
		s.do(t, k, "DELETE", "/photos?"+sub, "").want(t, 403, "AccessDenied")
	}
	s.do(t, k, "DELETE", "/photos", "").want(t, 403, "AccessDenied")
	s.do(t, k, "PUT", "/other-bucket", "").want(t, 403, "AccessDenied")
}

// TestSEC03_SecretsStayInside: no answer and no log line shows one.
func TestSEC03_SecretsStayInside(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	k := s.newKey(t, "photos")
	var answers strings.Builder
	for _, how := range []string{"", "wrong-secret", "presign 1h", "chunked", "unsigned-chunks"} {
		r := s.request(t, "PUT", "/photos/a.txt", "hello")
		answers.WriteString(s.serve(signFor(t, r, "hello", k, how)).body)
	}
	answers.WriteString(s.do(t, root, "GET", "/", "").body)
	for _, secret := range []string{k.secret, root.secret} {
		if strings.Contains(answers.String(), secret) {
			t.Error("an answer shows a secret")
		}
		if strings.Contains(s.log.text(), secret) {
			t.Error("the log shows a secret")
		}
	}
}
