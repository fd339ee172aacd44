package backup

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	region = "us-east-1"

	// patience bounds every wait for something that must happen: reaching it is
	// a failure, so it is generous.
	patience = 60 * time.Second
)

type accessKey struct{ id, secret string }

func (k accessKey) provider() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, nil
	})
}

// program is the program under test: the one that KEYHAVEN_BIN names, else one
// that is built from the tree.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("KEYHAVEN_BIN"); path != "" {
		abs, err := filepath.Abs(path)
		check(t, err)
		return abs
	}
	path := filepath.Join(t.TempDir(), "keyhaven")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/keyhaven").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is where a test runs the program.
type house struct {
	t   *testing.T
	bin string
	dir string
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// cmd is a call of the program in a clean environment.
func (h *house) cmd(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(h.bin, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir}, env...)
	cmd.Dir = h.dir
	return cmd
}

// run runs a command that must succeed and returns what it prints.
func (h *house) run(env []string, args ...string) (stdout, stderr string) {
	h.t.Helper()
	stdout, stderr, err := h.try(env, args...)
	if err != nil {
		h.t.Fatalf("keyhaven %s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
	return stdout, stderr
}

func (h *house) try(env []string, args ...string) (stdout, stderr string, err error) {
	cmd := h.cmd(env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// refused wants a command to fail and to say why.
func (h *house) refused(why string, args ...string) {
	h.t.Helper()
	stdout, stderr, err := h.try(nil, args...)
	if err == nil || !strings.Contains(stderr, why) {
		h.t.Errorf("keyhaven %s: %v, want a refusal with %q\n%s%s", strings.Join(args, " "), err, why, stdout, stderr)
	}
}

// server is a keyhaven that serves.
type server struct {
	h        *house
	data     string
	cmd      *exec.Cmd
	endpoint string
	root     accessKey
	exited   chan error

	mu  sync.Mutex
	log bytes.Buffer
}

// serve starts a server on a data directory. root is its root's key as far as it
// is known; the banner of a first start tells it.
func (h *house) serve(data string, root accessKey) *server {
	h.t.Helper()
	s := &server{h: h, data: h.path(data), root: root, exited: make(chan error, 1)}
	s.cmd = h.cmd(nil, "serve", "--data", s.data, "--listen", "127.0.0.1:0", "--console-listen=", "--access-log=all")
	s.cmd.Stderr = writer(func(p []byte) (int, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.log.Write(p)
	})
	stdout, err := s.cmd.StdoutPipe()
	check(h.t, err)
	check(h.t, s.cmd.Start())
	h.t.Cleanup(func() { s.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for s.endpoint == "" || s.root.id == "" || s.root.secret == "" {
		if !lines.Scan() {
			h.t.Fatalf("the server ended before it was ready:\n%s", s.output())
		}
		label, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "  ")
		switch value = strings.TrimSpace(value); label {
		case "Endpoint":
			s.endpoint = value
		case "Access key id":
			s.root.id = value
		case "Secret access key":
			s.root.secret = value
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		s.exited <- s.cmd.Wait()
	}()
	s.awaitReady()
	return s
}

func (s *server) awaitReady() {
	s.h.t.Helper()
	for end := time.Now().Add(patience); ; {
		res, err := http.Get(s.endpoint + "/-/health/ready")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			s.h.t.Fatalf("the server is not ready:\n%s", s.output())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// stop ends the server as an init system does.
func (s *server) stop() {
	s.h.t.Helper()
	check(s.h.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.exited:
		if err != nil {
			s.h.t.Errorf("after SIGTERM the server ended with %v:\n%s", err, s.output())
		}
	case <-time.After(patience):
		s.h.t.Fatalf("the server does not end:\n%s", s.output())
	}
}

func (s *server) s3(k accessKey) *s3.Client {
	return s3.New(s3.Options{Region: region, BaseEndpoint: aws.String(s.endpoint), UsePathStyle: true, Credentials: k.provider()})
}

func (s *server) lightsail() *lightsail.Client {
	return lightsail.New(lightsail.Options{Region: region, BaseEndpoint: aws.String(s.endpoint), Credentials: s.root.provider()})
}

// target is the URL of a bucket of this server as a backup's target, and the
// environment with the credentials for it.
func (s *server) target(bucket string) (url string, env []string) {
	return fmt.Sprintf("s3://%s/nightly?endpoint=%s&region=%s", bucket, s.endpoint, region),
		[]string{"AWS_ACCESS_KEY_ID=" + s.root.id, "AWS_SECRET_ACCESS_KEY=" + s.root.secret}
}
