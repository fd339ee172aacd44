package s3_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestEnforcingPlan: a write over the quota is refused, whatever it is; what is
// deleted makes room again.
func TestEnforcingPlan(t *testing.T) {
	s := newServer(t)
	s.quotas = map[string]int64{"small_1_0": 100}
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a", strings.Repeat("x", 60))
	s.do(t, root, "PUT", "/photos/b", strings.Repeat("x", 41)).want(t, 403, "QuotaExceeded")
	s.do(t, root, "PUT", "/photos/b", "", "X-Amz-Copy-Source: photos/a").want(t, 403, "QuotaExceeded")
	up := s.must(t, root, "POST", "/photos/big?uploads", "").element("UploadId")
	s.do(t, root, "PUT", "/photos/big?partNumber=1&uploadId="+up, strings.Repeat("x", 41)).want(t, 403, "QuotaExceeded")
	s.must(t, root, "PUT", "/photos/big?partNumber=1&uploadId="+up, strings.Repeat("x", 40))
	s.must(t, root, "PUT", "/photos/empty", "")
	s.do(t, root, "PUT", "/photos/b", "x").want(t, 403, "QuotaExceeded")
	s.must(t, root, "GET", "/photos/a", "")
	s.must(t, root, "DELETE", "/photos/a", "")
	s.must(t, root, "PUT", "/photos/b", "x")

	// Writes at the same time do not go over it together.
	s.newBucket(t, "race")
	var stored atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if a := s.do(t, root, "PUT", fmt.Sprintf("/race/%d", i), strings.Repeat("x", 30)); a.status == 200 {
				stored.Add(30)
			} else {
				a.want(t, 403, "QuotaExceeded")
			}
		})
	}
	wg.Wait()
	if n := stored.Load(); n != 90 {
		t.Errorf("%d bytes were stored under a quota of 100 by writes of 30", n)
	}
}

// TestPlansDoNotBind by default.
func TestPlansDoNotBind(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a", strings.Repeat("x", 1000))
}
