package crash

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestR17_LargePart sends the largest part that S3 takes (in the long run), and
// reads it back, within the memory of a server that is busy with nothing else.
func TestR17_LargePart(t *testing.T) {
	s := newServer(t, filepath.Join(t.TempDir(), "data"))
	s.start()
	c := newClient(s.endpoint)
	if err := c.createBucket(plainBucket, false); err != nil {
		t.Fatal(err)
	}
	id, err := c.createUpload(plainBucket, "large")
	if err != nil {
		t.Fatal(err)
	}
	tag := s.sendPart(c, id, largePart)
	if err := c.complete(plainBucket, "large", id, []part{{number: 1, etag: tag}}); err != nil {
		t.Fatalf("R17: complete: %v", err)
	}
	req, err := http.NewRequest(http.MethodGet, s.endpoint+"/"+plainBucket+"/large", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.signer("s3").SignHeader(req, nil)
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	sum := md5.New()
	if n, err := io.Copy(sum, res.Body); n != largePart || err != nil {
		t.Fatalf("R17: GET of %d bytes = %d bytes, %v", largePart, n, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != tag {
		t.Errorf("R17: a part with the MD5 %s comes back with %s", tag, got)
	}
	if m := s.resident(); m > memoryLimit {
		t.Errorf("R17: %d MiB after a part of %d MiB, want at most %d", m>>20, largePart>>20, memoryLimit>>20)
	}
	s.stop()
	s.fsck()
}

// sendPart sends random bytes as part 1 and returns their entity tag. Another
// client reads and writes meanwhile, and the memory is looked at.
func (s *server) sendPart(c *client, id string, size int64) (tag string) {
	s.t.Helper()
	sum := md5.New()
	body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{17}), size), sum)
	query := url.Values{"partNumber": {"1"}, "uploadId": {id}}
	req, err := http.NewRequest(http.MethodPut, s.endpoint+"/"+plainBucket+"/large?"+query.Encode(), body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.ContentLength = size
	c.signer("s3").SignUnsigned(req)
	done := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
			key := fmt.Sprintf("beside/%d", i%10)
			if err := c.put(plainBucket, key, bodyOf(key, 1000), false); err != nil {
				s.t.Errorf("R17: PUT beside a large part = %v", err)
			}
			if m := s.resident(); m > memoryLimit {
				s.t.Errorf("R17: %d MiB during a large part, want at most %d", m>>20, memoryLimit>>20)
			}
		}
	})
	header, _, err := c.send(req)
	close(done)
	beside.Wait()
	if err != nil {
		s.t.Fatalf("R17: a part of %d bytes = %v", size, err)
	}
	tag = strings.Trim(header.Get("Etag"), `"`)
	if want := hex.EncodeToString(sum.Sum(nil)); tag != want {
		s.t.Errorf("R17: the part has the entity tag %s, want %s", tag, want)
	}
	return tag
}

// TestR17_DeletesOfAThousand removes a thousand keys at a time, from several
// clients at once, of which some ask for the same keys.
func TestR17_DeletesOfAThousand(t *testing.T) {
	t.Parallel()
	s := newServer(t, filepath.Join(t.TempDir(), "data"))
	s.start()
	c := newClient(s.endpoint)
	if err := c.createBucket(plainBucket, false); err != nil {
		t.Fatal(err)
	}
	const each = 1000
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < 2*each; i += workers {
				if err := c.put(plainBucket, "k/"+strconv.Itoa(i), []byte{byte(i)}, false); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for w := range 4 {
		wg.Go(func() {
			var doc bytes.Buffer
			doc.WriteString("<Delete>")
			for i := range each {
				fmt.Fprintf(&doc, "<Object><Key>k/%d</Key></Object>", w%2*each+i)
			}
			doc.WriteString("</Delete>")
			sum := md5.Sum(doc.Bytes())
			header := http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}
			_, answer, err := c.do(http.MethodPost, "/"+plainBucket, url.Values{"delete": {""}}, doc.Bytes(), header)
			var out struct {
				Deleted []struct{ Key string }
				Error   []struct{ Key, Code string }
			}
			if err == nil {
				err = xml.Unmarshal(answer, &out)
			}
			if err != nil || len(out.Deleted) != each || len(out.Error) > 0 {
				t.Errorf("R17: delete of %d keys = %d deleted, %d errors, %v", each, len(out.Deleted), len(out.Error), err)
			}
		})
	}
	wg.Wait()
	if left, err := c.list(plainBucket); err != nil || len(left) > 0 {
		t.Errorf("R17: %d objects are left, %v", len(left), err)
	}
	if m := s.resident(); m > memoryLimit {
		t.Errorf("R17: %d MiB after it, want at most %d", m>>20, memoryLimit>>20)
	}
	s.stop()
	s.fsck()
}
