package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxArgs bounds the arguments of a command, in bytes; maxLine a line of the
// answer.
const (
	maxArgs = 1 << 20
	maxLine = 1 << 20
)

// Command runs one command. Each report is one line of the answer.
type Command func(ctx context.Context, args json.RawMessage, report func(v any) error) error

// ErrNotRunning is what Call returns when no server listens on the socket.
var ErrNotRunning = errors.New("control: no server is running on this data directory")

type end struct {
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

// Listen makes the socket, mode 0600. The caller holds the lock of the
// directory, so one that is there already is a left-over.
func Listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control: %w", err)
	}
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	l.SetUnlinkOnClose(false) // it would unlink the short path
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control: %w", err)
	}
	return l, nil
}

// maxSocketPath is what a socket address holds on every system, in bytes.
const maxSocketPath = 100

// shorten returns a path that fits a socket address: where path does not, one
// through an open descriptor of its directory, which Linux offers. done closes
// the descriptor.
func shorten(path string) (short string, done func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, fmt.Errorf("control: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { dir.Close() }, nil
}

// New returns the server of the socket. Shutdown and Close end running commands:
// a long one must not hold up the end of the process.
func New(commands map[string]Command) *http.Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cmd := commands[strings.TrimPrefix(r.URL.Path, "/")]
			if cmd == nil || r.Method != http.MethodPost {
				http.NotFound(w, r)
				return
			}
			serve(w, r, cmd)
		}),
	}
	s.RegisterOnShutdown(cancel)
	return s
}

func serve(w http.ResponseWriter, r *http.Request, cmd Command) {
	args, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArgs))
	if err != nil {
		http.Error(w, "arguments cannot be read", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	ctl := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	report := func(v any) error {
		if err := enc.Encode(v); err != nil {
			return err
		}
		return ctl.Flush()
	}
	last := end{Done: true}
	if err := cmd(r.Context(), args, report); err != nil {
		last = end{Error: err.Error()}
	}
	_ = report(last) // the operator is gone: the command has ended all the same
}

// Call runs a command of the server that listens at path and calls each for
// every report. Ending ctx ends the command.
func Call(ctx context.Context, path, name string, args any, each func(json.RawMessage) error) error {
	body, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			short, done, err := shorten(path)
			if err != nil {
				return nil, err
			}
			defer done()
			return new(net.Dialer).DialContext(ctx, "unix", short)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://keyhaven/"+name, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	resp, err := client.Do(req)
	_, refused := errors.AsType[*net.OpError](err)
	if (refused || errors.Is(err, fs.ErrNotExist)) && ctx.Err() == nil {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("control: %s: the server answered %s", name, resp.Status)
	}
	return read(resp.Body, name, each)
}

func read(body io.Reader, name string, each func(json.RawMessage) error) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e end
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("control: %s: %w", name, err)
		}
		switch {
		case e.Error != "":
			return errors.New(e.Error)
		case e.Done:
			return nil
		}
		if err := each(bytes.Clone(lines.Bytes())); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("control: %s: %w", name, err)
	}
	return fmt.Errorf("control: %s: the server went away before it was done", name)
}
