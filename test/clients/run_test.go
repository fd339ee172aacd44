//go:build e2e

package clients

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// program is a client program and the environment that it runs in: nothing of
// the machine's own configuration reaches it.
type program struct {
	path string
	env  []string
	dir  string
	time time.Duration // that it may take
}

// result is what a program printed and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

// installed returns a program that `make deps` installs.
func installed(t testing.TB, name string) program {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: run make deps", name)
	}
	return program{path: path, env: cleanEnv(t), dir: t.TempDir(), time: 15 * time.Minute}
}

// cleanEnv is an environment without the machine's settings: an empty home and
// the least that programs need.
func cleanEnv(t testing.TB) []string {
	t.Helper()
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "LC_ALL=C.UTF-8",
		"NO_PROXY=*", "no_proxy=*",
	}, proxyEnv()...)
}

// with returns the program with more environment; later entries win.
func (p program) with(env ...string) program {
	p.env = append(p.env[:len(p.env):len(p.env)], env...)
	return p
}

// run runs the program, which must exit with 0, and returns what it printed.
func (p program) run(t testing.TB, args ...string) string {
	t.Helper()
	r := p.try(t, "", args...)
	if r.code != 0 {
		t.Fatalf("%s %s: exit status %d\n%s%s", p.path, strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// fails runs the program, which must exit with another status than 0, and
// returns all that it printed.
func (p program) fails(t testing.TB, args ...string) string {
	t.Helper()
	r := p.try(t, "", args...)
	if r.code == 0 {
		t.Fatalf("%s %s: exit status 0, want a failure\n%s%s", p.path, strings.Join(args, " "), r.stdout, r.stderr)
	}
	return r.stdout + r.stderr
}

// try runs the program with some input, however it ends.
func (p program) try(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), p.time)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env, cmd.Dir = p.env, p.dir
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s %s did not end within %v\n%s%s", p.path, strings.Join(args, " "), p.time, &stdout, &stderr)
	}
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.code = exit.ExitCode()
	} else if err != nil {
		t.Fatalf("%s: %v", p.path, err)
	}
	return r
}

// check fails the test at an error that nothing is being tested about.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantText checks that a program printed something.
func wantText(t testing.TB, what, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s printed\n%s\nwant in it: %s", what, got, w)
		}
	}
}

// eventually waits for a condition outside of this process.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited %v in vain until %s", patience, what)
}

// tail returns the last n lines.
func tail(s string, n int) string {
	all := strings.SplitAfter(s, "\n")
	return strings.Join(all[max(0, len(all)-n):], "")
}
