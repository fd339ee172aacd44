package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a server that was started here.
type process struct {
	*target
	cmd     *exec.Cmd
	log     *os.File
	healthy time.Duration // from the start to the first answer
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// startCeiling runs this program again as the ceiling server.
func startCeiling() (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &process{target: &target{name: "ceiling", addr: addr, id: "ceiling", secret: "ceiling"}, cmd: exec.Command(self, "-ceiling", addr)}
	return p, p.start("/")
}

// startKeyhaven runs the binary over a fresh directory, or over the one given.
func startKeyhaven(binary, dir string, env ...string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	t := &target{name: "keyhaven", addr: addr, id: "AKIABENCHBENCHBENCH0", secret: "bench-secret-access-key-of-the-benchmark"}
	p := &process{target: t, cmd: exec.Command(binary, "serve", "--data", filepath.Join(dir, "data"),
		"--listen", addr, "--console-listen", "", "--max-buckets", "1000000", "--access-log", "errors")}
	p.cmd.Env = append(os.Environ(), "KEYHAVEN_ROOT_ACCESS_KEY_ID="+t.id, "KEYHAVEN_ROOT_SECRET_ACCESS_KEY="+t.secret)
	p.cmd.Env = append(p.cmd.Env, env...) // KEYHAVEN_PPROF_LISTEN and the like come along
	return p, p.start("/-/health/ready")
}

func (p *process) start(path string) (err error) {
	if p.log, err = os.CreateTemp("", "bench-"+p.name+"-*.log"); err != nil {
		return err
	}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.pid = p.cmd.Process.Pid
	began := time.Now()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodHead, "http://"+p.addr+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			p.healthy = time.Since(began)
			return nil
		}
	}
	return fmt.Errorf("%s did not start: see %s", p.name, p.log.Name())
}

// stop ends the server and reports whether it ended by itself, with what.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	err := p.cmd.Wait()
	p.log.Close()
	if err == nil {
		return os.Remove(p.log.Name())
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok && p.name == "ceiling" {
		return os.Remove(p.log.Name())
	}
	return fmt.Errorf("%s: %w (log in %s)", p.name, err, p.log.Name())
}

// peers are servers that run already.
type peers []*target

func (p *peers) add(spec string) error {
	name, url, ok := strings.Cut(spec, "=")
	if !ok {
		return errors.New("want NAME=URL")
	}
	addr, ok := strings.CutPrefix(strings.TrimSuffix(url, "/"), "http://")
	if !ok {
		return errors.New("plain HTTP only")
	}
	*p = append(*p, &target{name: name, addr: addr, id: os.Getenv("AWS_ACCESS_KEY_ID"), secret: os.Getenv("AWS_SECRET_ACCESS_KEY")})
	return nil
}

func (p *peers) key(key string) error {
	id, secret, ok := strings.Cut(key, ":")
	if !ok || len(*p) == 0 {
		return errors.New("want ID:SECRET, after a -peer")
	}
	last := (*p)[len(*p)-1]
	last.id, last.secret = id, secret
	return nil
}
