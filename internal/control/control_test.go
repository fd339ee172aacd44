package control

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serveOn starts a server and returns the path of its socket.
func serveOn(t *testing.T, commands map[string]Command) string {
	t.Helper()
	return serveAt(t, filepath.Join(t.TempDir(), "s"), commands)
}

func serveAt(t *testing.T, path string, commands map[string]Command) string {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(commands)
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return path
}

func TestCall(t *testing.T) {
	path := serveOn(t, map[string]Command{
		"count": func(_ context.Context, args json.RawMessage, report func(any) error) error {
			var in struct{ N int }
			if err := json.Unmarshal(args, &in); err != nil {
				return err
			}
			for i := range in.N {
				if err := report(map[string]int{"i": i}); err != nil {
					return err
				}
			}
			return nil
		},
		"fail":  func(context.Context, json.RawMessage, func(any) error) error { return errors.New("no such thing") },
		"abort": func(context.Context, json.RawMessage, func(any) error) error { panic("boom") },
	})
	var got []string
	err := Call(t.Context(), path, "count", map[string]int{"N": 3}, func(m json.RawMessage) error {
		got = append(got, string(m))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"i":0}`, `{"i":1}`, `{"i":2}`}, got); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"fail": "no such thing", "unknown": "404", "abort": ""} {
		err := Call(t.Context(), path, name, nil, func(json.RawMessage) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Call(%s) = %v, want an error with %q", name, err, want)
		}
	}
}

func TestShutdownEndsCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := New(map[string]Command{"wait": func(ctx context.Context, _ json.RawMessage, _ func(any) error) error {
		close(started)
		<-ctx.Done()
		return errors.New("the server stops")
	}})
	go s.Serve(l)
	answer := make(chan error)
	go func() { answer <- Call(t.Context(), path, "wait", nil, nil) }()
	<-started
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if err := <-answer; err == nil || err.Error() != "the server stops" {
		t.Errorf("Call = %v, want the command's error", err)
	}
}

func TestCallWithoutServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := Call(t.Context(), path, "x", nil, nil); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Call without a socket = %v, want ErrNotRunning", err)
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := serveAt(t, filepath.Join(dir, "control.sock"), map[string]Command{
		"ok": func(context.Context, json.RawMessage, func(any) error) error { return nil },
	})
	if err := Call(t.Context(), path, "ok", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestSocketIsPrivate(t *testing.T) {
	path := serveOn(t, nil)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("socket mode = %04o, want 0600", mode)
	}
}

func TestListenReplacesLeftover(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
