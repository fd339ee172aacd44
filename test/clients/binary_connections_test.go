//go:build e2e

package clients

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// slowPut is an upload that stands still after its first half.
type slowPut struct {
	pipe   *io.PipeWriter
	second string
	done   chan error
}

// startSlowPut begins an upload and returns when the server has it in hand.
func startSlowPut(t *testing.T, s *server, key accessKey, name string) *slowPut {
	t.Helper()
	const half = 1 << 20
	body, pipe := io.Pipe()
	p := &slowPut{pipe: pipe, second: strings.Repeat("2", half), done: make(chan error, 1)}
	request, err := s3.NewPresignClient(s.s3(key)).PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("slow"), Key: aws.String(name), ContentLength: aws.Int64(2 * half),
	})
	check(t, err)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, request.URL, body)
	check(t, err)
	req.ContentLength = 2 * half
	// The body is not sent before the server asks for it: what is written to a
	// socket alone may lie in the kernel, and the connection not be accepted yet.
	req.Header.Set("Expect", "100-continue")
	client := s.httpClient()
	client.Transport.(*http.Transport).ExpectContinueTimeout = patience
	go func() {
		res, err := client.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
		}
		p.done <- err
	}()
	_, err = io.WriteString(pipe, strings.Repeat("1", half))
	check(t, err)
	return p
}

// TestSIGTERMDrains ends a server under an upload: the upload is finished, new
// connections are not taken, and the server exits with 0.
func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	key := s.newBucket(t, "slow")
	put := startSlowPut(t, s, key, "drained")
	check(t, s.cmd.Process.Signal(syscall.SIGTERM))
	eventually(t, "the server takes no new connections", func() bool {
		c, err := net.Dial("tcp", s.listen)
		if err != nil {
			return true
		}
		c.Close()
		return false
	})
	_, err := io.WriteString(put.pipe, put.second)
	check(t, err)
	check(t, put.pipe.Close())
	if err := <-put.done; err != nil {
		t.Errorf("the upload that was running at SIGTERM: %v", err)
	}
	if err := s.wait(); err != nil {
		t.Errorf("the server ended with %v, want exit status 0", err)
	}
	s.start()
	if got := len(get(t, s.s3(key), "slow", "drained")); got != 2<<20 {
		t.Errorf("the drained upload has %d bytes after the restart, want %d", got, 2<<20)
	}
}

// TestSIGTERMDoesNotWaitForEver ends a server under an upload that never ends.
func TestSIGTERMDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	s := startDirect(t, "--drain-timeout", "500ms")
	key := s.newBucket(t, "slow")
	put := startSlowPut(t, s, key, "stuck")
	s.stop()
	wantText(t, "the log", s.log(), "requests were cut off")
	check(t, put.pipe.Close())
	if err := <-put.done; err == nil {
		t.Error("the upload that never ended was answered 200")
	}
	s.start()
	_, err := s.s3(key).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("slow"), Key: aws.String("stuck")})
	wantCode(t, "half of an upload", err, "NotFound")
}

// TestExpectContinueOfAnEmptyBody holds the server to a 100 before the answer,
// also where there is no body to wait for. Without it, aws-cli and boto3 take
// the answer for that of the next request on the connection.
func TestExpectContinueOfAnEmptyBody(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	key := s.newBucket(t, "expect")
	request, err := s3.NewPresignClient(s.s3(key)).PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("expect"), Key: aws.String("empty"),
	})
	check(t, err)
	c, err := net.Dial("tcp", s.listen)
	check(t, err)
	defer c.Close()
	check(t, c.SetDeadline(time.Now().Add(patience)))
	in := bufio.NewReader(c)
	for range 2 { // the connection stays usable
		_, err = fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
			strings.TrimPrefix(request.URL, s.endpoint), s.listen)
		check(t, err)
		for _, want := range []string{"HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"} {
			status, err := in.ReadString('\n')
			check(t, err)
			if strings.TrimSpace(status) != want {
				t.Fatalf("status line %q, want %q", status, want)
			}
			for line := status; strings.TrimSpace(line) != ""; {
				line, err = in.ReadString('\n')
				check(t, err)
			}
		}
	}
}
