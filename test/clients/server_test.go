//go:build e2e

package clients

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	region = "us-east-1"

	// patience bounds every wait for something that must happen: reaching it is
	// a failure, so it is generous.
	patience = 60 * time.Second
)

// accessKey is a pair as a server hands it out.
type accessKey struct{ id, secret string }

// server is a keyhaven process and its data directory, over any number of
// restarts.
type server struct {
	t        testing.TB
	bin      string
	data     string
	args     []string // after "serve", without --data and the addresses
	env      []string // on top of a clean environment
	listen   string   // of the process
	direct   bool     // no proxy in front, whatever the run
	front    string   // address of the proxy, empty without one
	logPath  string
	tls      *certificate // nil for plain HTTP
	endpoint string
	console  string
	root     accessKey // from the first start, or zero

	cmd    *exec.Cmd
	out    *lines
	exited chan error

	mu      sync.Mutex
	secrets []string
}

// newServer returns a server that is not started, over a new data directory.
func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	return &server{
		t: t, bin: binary(t), data: filepath.Join(dir, "data"), args: args,
		listen: "127.0.0.1:0", logPath: filepath.Join(dir, "server.log"),
	}
}

// startServer starts a server with these flags, and stops it when the test ends.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := newServer(t, args...)
	s.start()
	return s
}

// startDirect starts a server that stands behind no proxy in any run: its test
// is about the process, its addresses or its connections.
func startDirect(t testing.TB, args ...string) *server {
	t.Helper()
	s := newServer(t, args...)
	s.direct = true
	s.start()
	return s
}

// start runs the process and returns when it is ready. The first start also
// learns the address, which later starts keep, and the root's key.
func (s *server) start() {
	s.t.Helper()
	if proxied && !s.direct && s.tls == nil {
		s.goBehindNginx()
	}
	s.launch()
	s.readBanner()
	s.awaitReady()
}

// launch runs the process without waiting for it.
func (s *server) launch() {
	s.t.Helper()
	log, err := os.OpenFile(s.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	check(s.t, err)
	defer log.Close()
	args := []string{"serve", "--data", s.data, "--listen", s.listen, "--console-listen", "127.0.0.1:0"}
	if s.front != "" {
		args = append(args, "--trusted-proxies", "127.0.0.1/32", "--public-url", "https://"+s.front)
	}
	args = append(args, s.args...)
	cmd := exec.Command(s.bin, args...)
	cmd.Env = append(cleanEnv(s.t), s.env...)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	check(s.t, err)
	check(s.t, cmd.Start())
	if s.exited == nil {
		s.t.Cleanup(s.finish)
	}
	s.cmd, s.out, s.exited = cmd, readLines(stdout), make(chan error, 1)
	go func(out *lines, exited chan error) {
		<-out.ended
		exited <- cmd.Wait()
	}(s.out, s.exited)
}

// readBanner reads what the server prints when it listens.
func (s *server) readBanner() {
	s.t.Helper()
	for listed := false; ; {
		line, ok := s.out.next()
		if !ok {
			s.t.Fatalf("the server ended before it was ready; its log:\n%s", s.log())
		}
		if line == "" && listed {
			return
		}
		label, value, _ := strings.Cut(strings.TrimSpace(line), "  ")
		value = strings.TrimSpace(value)
		listed = listed || label == "Region"
		switch label {
		case "Endpoint":
			s.endpoint = value
			if strings.HasSuffix(s.listen, ":0") {
				_, s.listen, _ = strings.Cut(value, "://")
			}
		case "Console":
			s.console = value
		case "Access key id":
			s.root.id = value
		case "Secret access key":
			s.root.secret = value
			s.remember(value)
		}
	}
}

func (s *server) awaitReady() {
	s.t.Helper()
	client := s.httpClient()
	defer client.CloseIdleConnections()
	eventually(s.t, "the server is ready", func() bool {
		res, err := client.Get(s.endpoint + "/-/health/ready")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// stop ends the process as an init system does. It must exit with 0.
func (s *server) stop() {
	s.t.Helper()
	check(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	if err := s.wait(); err != nil {
		s.t.Errorf("after SIGTERM the server ended with %v, want exit status 0; its log:\n%s", err, s.log())
	}
}

// kill ends the process as a power cut does.
func (s *server) kill() {
	s.t.Helper()
	check(s.t, s.cmd.Process.Kill())
	_ = s.wait() // "signal: killed"
}

// wait returns how the process ended.
func (s *server) wait() error {
	s.t.Helper()
	select {
	case err := <-s.exited:
		s.cmd = nil
		return err
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		s.cmd = nil
		s.t.Fatalf("the server did not end within %v; its log:\n%s", patience, s.log())
		return nil
	}
}

// finish stops the process at the end of the test, and holds its log against the
// promises on logs: no secret, and no error of ours.
func (s *server) finish() {
	if s.cmd != nil {
		s.stop()
	}
	log := s.log()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.secrets {
		if strings.Contains(log, secret) {
			s.t.Errorf("SEC-03: the server's log holds a secret access key")
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			s.t.Errorf("the server logged an error: %s", line)
		}
	}
	if s.t.Failed() {
		s.t.Logf("end of the server's log:\n%s", tail(log, 40))
	}
}

// remember adds a secret to those that the log must not hold.
func (s *server) remember(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, secret)
}

func (s *server) log() string {
	raw, err := os.ReadFile(s.logPath)
	check(s.t, err)
	return string(raw)
}

// address is where clients dial.
func (s *server) address() string { return cmp.Or(s.front, s.listen) }

func (s *server) port() string {
	_, port, err := net.SplitHostPort(s.address())
	check(s.t, err)
	return port
}

// binary returns the program under test: the one that KEYHAVEN_BIN names, else
// one that is built from the tree.
func binary(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	check(t, err)
	return path
}

var buildOnce = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("KEYHAVEN_BIN"); path != "" {
		return filepath.Abs(path)
	}
	path, err := filepath.Abs("../../bin/keyhaven")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-trimpath", "-o", path, "../../cmd/keyhaven").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// lines is what a process prints, line by line, all of it kept.
type lines struct {
	feed  chan string
	ended chan struct{}
	mu    sync.Mutex
	all   bytes.Buffer
}

func readLines(r io.Reader) *lines {
	l := &lines{feed: make(chan string, 1000), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer close(l.feed)
		for sc := bufio.NewScanner(r); sc.Scan(); {
			l.mu.Lock()
			fmt.Fprintln(&l.all, sc.Text())
			l.mu.Unlock()
			l.feed <- sc.Text()
		}
	}()
	return l
}

// next returns the next line, or false at the end of the output.
func (l *lines) next() (string, bool) {
	line, ok := <-l.feed
	return line, ok
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func (l *lines) has(s string) bool { return strings.Contains(l.text(), s) }
