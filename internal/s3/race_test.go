package s3_test

import (
	"crypto/md5"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// TestR9_OneWinner: of a hundred writers that want to be the first, or the next
// after the same object, exactly one succeeds.
func TestR9_OneWinner(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos/source", "new")
		for _, how := range []string{"put", "copy", "complete", "mixed"} {
			for _, header := range []string{"If-None-Match: *", `If-Match: "5d41402abc4b2a76b9719d911017c592"`} {
				path := "/photos/" + how + header[3:7]
				if strings.HasPrefix(header, "If-Match") {
					s.must(t, root, "PUT", path, "hello")
				}
				var won, lost atomic.Int64
				race(100, func(i int) {
					way := how
					if how == "mixed" {
						way = []string{"put", "copy", "complete"}[i%3]
					}
					a := conditional(t, s, way, path, header)
					switch a.status {
					case 200:
						won.Add(1)
					case 412, 409:
						lost.Add(1)
					default:
						t.Errorf("%s = %d %s", way, a.status, a.code())
					}
				})
				if won.Load() != 1 || lost.Load() != 99 {
					t.Errorf("%s with %s: %d won and %d lost, want 1 and 99", how, header, won.Load(), lost.Load())
				}
				s.do(t, root, "GET", path, "").wantBody(t, 200, "new")
			}
		}
	})
}

// TestR9_DeleteIfMatch: a conditional delete and a conditional write do not both
// win.
func TestR9_DeleteIfMatch(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for round := range 30 {
		path := fmt.Sprintf("/photos/%d", round)
		etag := s.must(t, root, "PUT", path, "hello").header.Get("Etag")
		var won atomic.Int64
		race(10, func(i int) {
			var a *answer
			if i%2 == 0 {
				a = s.do(t, root, "DELETE", path, "", "If-Match: "+etag)
			} else {
				a = s.do(t, root, "PUT", path, "new", "If-Match: "+etag)
			}
			switch {
			case a.status/100 == 2:
				won.Add(1)
			case a.status != 412 && a.status != 404 && a.status != 409:
				t.Errorf("answer = %d %s", a.status, a.code())
			}
		})
		if won.Load() != 1 {
			t.Errorf("round %d: %d won", round, won.Load())
		}
	}
}

// TestR16_ReadsRaceWithWrites: whatever is read while an object is overwritten,
// deleted and made again is one of its states, whole: its bytes have its tag,
// and its length.
func TestR16_ReadsRaceWithWrites(t *testing.T) {
	runAll(t, func(t *testing.T, s *server) {
		s.newBucket(t, "photos")
		sizes := []int{0, 10, 1000, 200 << 10, 300 << 10}
		var done atomic.Bool
		write := func(i int) {
			defer done.Store(true)
			for n := range 40 {
				if (n+i)%7 == 3 {
					s.do(t, root, "DELETE", "/photos/a", "")
				} else {
					s.do(t, root, "PUT", "/photos/a", content(sizes[(n+i)%len(sizes)]))
				}
			}
		}
		read := func() {
			for !done.Load() {
				a := s.do(t, root, "GET", "/photos/a", "")
				if a.status == 404 {
					continue
				}
				if got := fmt.Sprintf(`"%x"`, md5.Sum([]byte(a.body))); a.status != 200 || a.broken || got != a.header.Get("Etag") {
					t.Errorf("GET = %d with %d bytes of tag %s, header %s, broken %v", a.status, len(a.body), got, a.header.Get("Etag"), a.broken)
				}
				h := s.do(t, root, "HEAD", "/photos/a", "")
				if h.status != 200 && h.status != 404 {
					t.Errorf("HEAD = %d", h.status)
				}
				l := s.do(t, root, "GET", "/photos?list-type=2", "")
				if keys := l.elements(t, "Key"); l.status != 200 || len(keys) > 1 {
					t.Errorf("list = %d %q", l.status, keys)
				}
			}
		}
		race(6, func(i int) {
			switch i {
			case 0, 1:
				write(i)
			case 2: // what was replaced is freed all the while
				for !done.Load() {
					if err := s.sweeper.Once(t.Context()); err != nil {
						t.Errorf("sweep: %v", err)
					}
				}
			default:
				read()
			}
		})
	})
}
