package crash

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// memoryLimit is what the server may need for slowClients slow clients, and for
// serving others beside them (R17).
const memoryLimit = 256 << 20

// goMemory leaves room in memoryLimit for what Go does not count: the code, and
// the caches of the engine.
const goMemory = memoryLimit - 64<<20

// TestR17_SlowClients holds many requests half sent and many answers half read,
// all from one address. There is memory for a part of them: those come to their
// end when they go on, and the rest is told to slow down. Others are served
// meanwhile, and the memory stays within bounds.
func TestR17_SlowClients(t *testing.T) {
	s := newServer(t, filepath.Join(t.TempDir(), "data"), "--request-memory", slowMemory)
	s.env = []string{"GOMEMLIMIT=" + strconv.Itoa(goMemory)}
	s.start()
	c := newClient(s.endpoint)
	if err := c.createBucket(plainBucket, false); err != nil {
		t.Fatal(err)
	}
	object := bodyOf("object", 8<<20)
	if err := c.put(plainBucket, "object", object, false); err != nil {
		t.Fatal(err)
	}
	idle := s.resident()
	slow := openSlow(t, s, slowClients)
	for i := range 20 {
		key := fmt.Sprintf("beside/%d", i)
		body := bodyOf(key, 1<<(i%20))
		if err := c.put(plainBucket, key, body, false); err != nil {
			t.Fatalf("R17: PUT beside %d slow clients = %v", slowClients, err)
		}
		if got, err := c.get(plainBucket, key, ""); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("R17: GET beside %d slow clients = %d bytes, %v", slowClients, len(got), err)
		}
	}
	beside := s.resident()
	if beside > memoryLimit {
		t.Errorf("R17: %d MiB with %d slow clients, want at most %d", beside>>20, slowClients, memoryLimit>>20)
	}
	slow.finish(object)
	t.Logf("%d slow clients: %d MiB resident, %d when idle; %d were served and %d told to slow down",
		slowClients, beside>>20, idle>>20, slow.served.Load(), slow.refused.Load())
	if n := slow.served.Load(); n < slowClients/20 || slow.served.Load()+slow.refused.Load() != slowClients {
		t.Errorf("R17: of %d slow clients %d were served and %d told to slow down", slowClients, n, slow.refused.Load())
	}
	s.stop()
	s.fsck()
}

// resident returns the memory of the process, in bytes.
func (s *server) resident() int64 {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kb << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// slowBody is what each slow PUT sends, in two halves.
const slowBody = 64 << 10

type slow struct {
	t               *testing.T
	conns           []*slowConn
	served, refused atomic.Int64
}

type slowConn struct {
	net.Conn
	put  bool
	body []byte
}

// slowDialer has an address of its own: room is shared out by addresses.
var slowDialer = net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}

// openSlow opens connections, half of which send a part of an object, and half
// of which ask for one and do not read.
func openSlow(t *testing.T, s *server, n int) *slow {
	t.Helper()
	all := &slow{t: t, conns: make([]*slowConn, n)}
	address := strings.TrimPrefix(s.endpoint, "http://")
	signer := newClient(s.endpoint).signer("s3")
	var wg sync.WaitGroup
	openers := make(chan struct{}, 32)
	for i := range n {
		openers <- struct{}{}
		wg.Go(func() {
			defer func() { <-openers }()
			conn, err := slowDialer.Dial("tcp", address)
			if err != nil {
				t.Errorf("R17: connection %d: %v", i, err)
				return
			}
			all.conns[i] = &slowConn{Conn: conn, put: i%2 == 0}
			if err := all.conns[i].begin(s.endpoint, signer, i); err != nil {
				t.Errorf("R17: connection %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, c := range all.conns {
			if c != nil {
				c.Close()
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return all
}

func (c *slowConn) begin(endpoint string, signer sigv4test.Signer, i int) error {
	if !c.put {
		req, err := http.NewRequest(http.MethodGet, endpoint+"/"+plainBucket+"/object", nil)
		if err != nil {
			return err
		}
		signer.SignHeader(req, nil)
		return req.Write(c)
	}
	c.body = bodyOf(fmt.Sprint("slow ", i), slowBody)
	req, err := http.NewRequest(http.MethodPut, fmt.Sprintf("%s/%s/slow/%d", endpoint, plainBucket, i), bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	signer.SignUnsigned(req)
	var head bytes.Buffer
	if err := req.Write(&head); err != nil {
		return err
	}
	_, err = c.Write(head.Bytes()[:head.Len()-slowBody/2])
	return err
}

// finish lets all come to their end.
func (s *slow) finish(object []byte) {
	s.t.Helper()
	var wg sync.WaitGroup
	readers := make(chan struct{}, 16)
	for i, c := range s.conns {
		readers <- struct{}{}
		wg.Go(func() {
			defer func() { <-readers }()
			switch status, err := c.finish(object); {
			case err != nil:
				s.t.Errorf("R17: slow client %d: %v", i, err)
			case status == http.StatusServiceUnavailable:
				s.refused.Add(1)
			default:
				s.served.Add(1)
			}
		})
	}
	wg.Wait()
}

// finish returns the status: 200 with everything, or 503 SlowDown.
func (c *slowConn) finish(object []byte) (status int, err error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	if c.put {
		// A refused client's connection may be closed: its answer is there to read.
		_, _ = c.Write(c.body[slowBody/2:])
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return 0, err
	case res.StatusCode == http.StatusServiceUnavailable:
		if res.Header.Get("Retry-After") == "" || !bytes.Contains(body, []byte("<Code>SlowDown</Code>")) {
			return 0, fmt.Errorf("503 without Retry-After or SlowDown: %s", body)
		}
	case res.StatusCode != http.StatusOK || !c.put && !bytes.Equal(body, object):
		return 0, fmt.Errorf("status %d with %d bytes", res.StatusCode, len(body))
	}
	return res.StatusCode, nil
}
