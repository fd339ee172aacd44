package s3_test

import "testing"

func TestOBJ01_PutAndGet(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		k := s.newKey(t, "photos")
		s.must(t, k, "PUT", "/photos/a.txt", "hello").
			wantHeader(t, "Etag", `"5d41402abc4b2a76b9719d911017c592"`)
		s.do(t, k, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	})
}
