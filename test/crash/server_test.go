package crash

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
	rootID     = "AKIACRASHTESTROOTKEY"
	rootSecret = "a-secret-that-only-this-test-uses"

	// patience bounds every wait for something that must happen.
	patience = 60 * time.Second
)

// binary builds keyhaven once for all tests.
func binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var built struct {
	dir string // removed by TestMain
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "keyhaven-crash-")
	if err != nil {
		return "", err
	}
	built.dir = dir
	path := filepath.Join(dir, "keyhaven")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/keyhaven").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// server is a keyhaven process over a data directory.
type server struct {
	t    testing.TB
	bin  string
	data string
	args []string // after "serve", on top of the usual
	env  []string

	cmd      *exec.Cmd
	exited   chan error
	endpoint string
	log      *os.File
}

// newServer returns a server that is not started.
func newServer(t testing.TB, data string, args ...string) *server {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "server-*.log")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, bin: binary(t), data: data, args: args, log: log}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.kill()
		}
		if t.Failed() {
			t.Logf("end of the server's log:\n%s", s.tail(4<<10))
		}
		log.Close()
	})
	return s
}

func (s *server) tail(n int) string {
	raw, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-n):])
}

// launch runs the process and returns at once.
func (s *server) launch() (banner *bufio.Scanner) {
	s.t.Helper()
	args := append([]string{"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--console-listen", "", "--access-log", "errors", "--max-buckets", "1000"}, s.args...)
	s.cmd = exec.Command(s.bin, args...)
	s.cmd.Env = append([]string{
		"KEYHAVEN_ROOT_ACCESS_KEY_ID=" + rootID, "KEYHAVEN_ROOT_SECRET_ACCESS_KEY=" + rootSecret,
	}, s.env...)
	s.cmd.Stderr = s.log
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Stdout = w
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	w.Close()
	s.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan error) {
		exited <- cmd.Wait()
		r.Close()
	}(s.cmd, s.exited)
	return bufio.NewScanner(r)
}

// start runs the process and returns when it answers.
func (s *server) start() {
	s.t.Helper()
	if err := s.tryStart(); err != nil {
		s.t.Fatalf("the server ended before it was ready: %v; its log:\n%s", err, s.tail(4<<10))
	}
}

// tryStart is start for a server that may refuse to; then it returns how the
// process ended.
func (s *server) tryStart() error {
	s.t.Helper()
	lines := s.launch()
	s.endpoint = ""
	for s.endpoint == "" && lines.Scan() {
		if label, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "  "); ok && label == "Endpoint" {
			s.endpoint = strings.TrimSpace(value)
		}
	}
	if s.endpoint == "" {
		return errors.Join(errors.New("it did not start"), s.wait())
	}
	go func() {
		for lines.Scan() { // or the banner fills the pipe
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+"/-/health/ready", nil)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			s.t.Fatalf("the server is not ready: %v; its log:\n%s", err, s.tail(4<<10))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wait returns how the process ended.
func (s *server) wait() error {
	s.t.Helper()
	defer func() { s.cmd = nil }()
	select {
	case err := <-s.exited:
		return err
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		s.t.Fatalf("the server did not end within %v; its log:\n%s", patience, s.tail(4<<10))
		return nil
	}
}

// kill ends the process without a word.
func (s *server) kill() {
	s.t.Helper()
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.wait()
}

// stop ends the process as an init system does; it must exit with 0.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.wait(); err != nil {
		s.t.Errorf("R2: after SIGTERM the server ended with %v, want exit status 0; its log:\n%s", err, s.tail(4<<10))
	}
}

// command runs another command of the binary and returns its output and exit
// status.
func (s *server) command(args ...string) (out string, status int) {
	s.t.Helper()
	cmd := exec.Command(s.bin, args...)
	cmd.Env = []string{}
	raw, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(raw), exit.ExitCode()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw), 0
}

// fsck checks the data directory of the stopped server, which must be sound.
func (s *server) fsck() {
	s.t.Helper()
	if out, status := s.command("fsck", "--data", s.data, "--deep"); status != 0 {
		s.t.Fatalf("fsck ended with %d:\n%s", status, out)
	}
}
