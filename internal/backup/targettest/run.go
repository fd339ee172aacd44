package targettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/backup"
)

// Run runs the contract. open returns another opening of one and the same
// target, which is empty at first, for each subtest a new one.
func Run(t *testing.T, open func(t *testing.T) (again func() backup.Target)) {
	for name, test := range map[string]func(*testing.T, func() backup.Target){
		"PutAndGet":          testPutAndGet,
		"LargeFile":          testLargeFile,
		"Replace":            testReplace,
		"FailedWrite":        testFailedWrite,
		"MissingFile":        testMissing,
		"List":               testList,
		"Delete":             testDelete,
		"Lock":               testLock,
		"NamesThatLeave":     testNames,
		"EndOfContext":       testContext,
		"NothingBesideFiles": testHidden,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// put writes a file in pieces of a size that fits nothing.
func put(ctx context.Context, to backup.Target, name string, content []byte) error {
	return to.Put(ctx, name, func(w io.Writer) error {
		for p := content; len(p) > 0; {
			n := min(len(p), 77_777)
			if _, err := w.Write(p[:n]); err != nil {
				return err
			}
			p = p[n:]
		}
		return nil
	})
}

func mustPut(t *testing.T, to backup.Target, name string, content []byte) {
	t.Helper()
	if err := put(t.Context(), to, name, content); err != nil {
		t.Fatalf("Put(%s) = %v", name, err)
	}
}

func get(ctx context.Context, from backup.Target, name string) ([]byte, error) {
	r, size, err := from.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err == nil && int64(len(content)) != size {
		err = fmt.Errorf("%d bytes are there and %d were announced", len(content), size)
	}
	return content, err
}

func wantContent(t *testing.T, from backup.Target, name string, want []byte) {
	t.Helper()
	got, err := get(t.Context(), from, name)
	if err != nil {
		t.Fatalf("Get(%s) = %v", name, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Get(%s) = %d bytes that are not the %d that were put", name, len(got), len(want))
	}
}

func lockIt(t *testing.T, target backup.Target) backup.Lock {
	t.Helper()
	l, err := target.Lock(t.Context())
	if err != nil {
		t.Fatalf("Lock = %v", err)
	}
	t.Cleanup(func() { _ = l.Release() })
	return l
}

func testPutAndGet(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	for _, name := range []string{"a", "dir/b", "dir/deeper/c"} {
		mustPut(t, target, name, []byte("content of "+name))
	}
	for _, name := range []string{"a", "dir/b", "dir/deeper/c"} {
		wantContent(t, again(), name, []byte("content of "+name))
	}
}

func testLargeFile(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	content := make([]byte, 12<<20+1)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	mustPut(t, target, "large", content)
	wantContent(t, again(), "large", content)
}

func testReplace(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	mustPut(t, target, "f", []byte("before, and longer"))
	mustPut(t, target, "f", []byte("after"))
	wantContent(t, target, "f", []byte("after"))
}

var errTold = errors.New("told to fail")

func testFailedWrite(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	mustPut(t, target, "old", []byte("old"))
	for _, name := range []string{"old", "new"} {
		for _, size := range []int{1, 7 << 20} {
			err := target.Put(t.Context(), name, func(w io.Writer) error {
				if _, err := w.Write(make([]byte, size)); err != nil {
					return err
				}
				return errTold
			})
			if !errors.Is(err, errTold) {
				t.Errorf("Put(%s) whose write fails after %d bytes = %v, want its error", name, size, err)
			}
		}
	}
	wantContent(t, target, "old", []byte("old"))
	if _, _, err := target.Get(t.Context(), "new"); !errors.Is(err, backup.ErrNotFound) {
		t.Errorf("Get of a file whose write failed = %v, want ErrNotFound", err)
	}
	wantList(t, target, "", "old")
}

func testMissing(t *testing.T, again func() backup.Target) {
	for _, name := range []string{"missing", "no/such/dir"} {
		if _, _, err := again().Get(t.Context(), name); !errors.Is(err, backup.ErrNotFound) {
			t.Errorf("Get(%s) = %v, want ErrNotFound", name, err)
		}
	}
	wantList(t, again(), "")
}

func list(t *testing.T, target backup.Target, prefix string) (names []string) {
	t.Helper()
	for f, err := range target.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		names = append(names, f.Name)
		if want := int64(len(f.Name)); f.Size != want && f.Name != "old" {
			t.Errorf("List shows %s with %d bytes, want %d", f.Name, f.Size, want)
		}
	}
	return names
}

func wantList(t *testing.T, target backup.Target, prefix string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, list(t, target, prefix)); d != "" {
		t.Errorf("List(%q) (-want +got):\n%s", prefix, d)
	}
}

// testList has names in which a slash sorts differently from a directory's end.
func testList(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	names := []string{"a.txt", "a/x", "a/y", "a0", "b/1/2", "b/1/3", "b/2/1", "c-1", "c-2"}
	for i := range names {
		name := names[(i*5)%len(names)]
		mustPut(t, target, name, []byte(name))
	}
	wantList(t, target, "", names...)
	wantList(t, again(), "a/", "a/x", "a/y")
	wantList(t, target, "b/1/", "b/1/2", "b/1/3")
	wantList(t, target, "b/1", "b/1/2", "b/1/3")
	wantList(t, target, "c-", "c-1", "c-2")
	wantList(t, target, "none/")
	for f, err := range target.List(t.Context(), "") {
		if err != nil || f.Name != "a.txt" {
			t.Errorf("the first of the list is %v, %v", f, err)
		}
		break
	}
}

func testDelete(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	for _, name := range []string{"a", "b/1", "b/2"} {
		mustPut(t, target, name, []byte(name))
	}
	if err := target.Delete(t.Context(), "a", "b/1", "not/there", "neither"); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	wantList(t, again(), "", "b/2")
	if err := target.Delete(t.Context()); err != nil {
		t.Errorf("Delete of nothing = %v", err)
	}
}

func testLock(t *testing.T, again func() backup.Target) {
	first := lockIt(t, again())
	if err := first.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
	if _, err := again().Lock(t.Context()); !errors.Is(err, backup.ErrLocked) {
		t.Errorf("a second Lock = %v, want ErrLocked", err)
	}
	if err := first.Release(); err != nil {
		t.Fatalf("Release = %v", err)
	}
	second := lockIt(t, again())
	if err := second.Release(); err != nil {
		t.Errorf("Release = %v", err)
	}
}

func testNames(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	for _, name := range []string{"", ".", "..", "../out", "a/../../out", "/abs", "a//b", "a/", "lock"} {
		if err := put(t.Context(), target, name, []byte("x")); err == nil {
			t.Errorf("Put(%q) is accepted", name)
		}
		if r, _, err := target.Get(t.Context(), name); err == nil {
			r.Close()
			t.Errorf("Get(%q) is accepted", name)
		}
		if err := target.Delete(t.Context(), name); err == nil {
			t.Errorf("Delete(%q) is accepted", name)
		}
	}
}

func testContext(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	mustPut(t, target, "old", []byte("old"))
	ctx, cancel := context.WithCancel(t.Context())
	err := target.Put(ctx, "new", func(w io.Writer) error {
		cancel()
		_, err := w.Write(make([]byte, 7<<20))
		return err
	})
	if err == nil {
		t.Error("Put after the end of its context = nil")
	}
	for _, err := range target.List(ctx, "") {
		if err == nil {
			t.Error("List after the end of its context shows a file")
		}
	}
	if err := target.Delete(ctx, "old"); err == nil {
		t.Error("Delete after the end of its context = nil")
	}
	wantList(t, target, "", "old")
}

// testHidden wants the list to show nothing of the engine's own, not even while
// a file is being written.
func testHidden(t *testing.T, again func() backup.Target) {
	target := again()
	lockIt(t, target)
	err := target.Put(t.Context(), "f", func(w io.Writer) error {
		wantList(t, target, "")
		_, err := w.Write([]byte("f"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, target, "", "f")
}
