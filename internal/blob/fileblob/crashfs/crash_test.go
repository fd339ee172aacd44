package crashfs

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
)

const crashes = 400 // enough that each outcome is seen

func create(t *testing.T, f *FS, name string, writes ...string) fileblob.File {
	t.Helper()
	file, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range writes {
		if _, err := file.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content returns a file's bytes, or "-" when it is not there.
func content(f *FS, name string) string {
	file, err := f.Open(name)
	if err != nil {
		return "-"
	}
	size, _ := file.Size()
	p := make([]byte, size)
	_, _ = file.ReadAt(p, 0)
	return string(p)
}

// outcomes counts what crashes leave.
func outcomes(f *FS, look func(*FS) string) map[string]int {
	seen := make(map[string]int)
	for seed := range uint64(crashes) {
		seen[look(f.Crash(seed))]++
	}
	return seen
}

func TestC1_WritesAreLostOneByOne(t *testing.T) {
	f := New("d")
	file := create(t, f, "d/f", "aa")
	must(t, file.Sync())
	must(t, f.SyncDir("d"))
	for _, p := range []string{"bb", "cc"} {
		_, err := file.Write([]byte(p))
		must(t, err)
	}
	seen := outcomes(f, func(f *FS) string { return content(f, "d/f") })
	for _, want := range []string{"aa", "aabb", "aabbcc", "aab", "aa\x00\x00cc"} {
		if seen[want] == 0 {
			t.Errorf("%q never comes, only %v", want, seen)
		}
	}
	for got := range seen {
		if !strings.HasPrefix(got, "aa") {
			t.Errorf("%q comes, which lacks what was synced", got)
		}
	}
}

func TestC1_SectorsAreTorn(t *testing.T) {
	f := New("d")
	create(t, f, "d/f", strings.Repeat("x", 3*sector))
	must(t, f.SyncDir("d"))
	hole := strings.Repeat("x", sector) + strings.Repeat("\x00", sector) + strings.Repeat("x", sector)
	seen := outcomes(f, func(f *FS) string { return content(f, "d/f") })
	if seen[hole] == 0 {
		t.Error("a later sector is never kept without the one before")
	}
}

func TestC2_NamesAreLostOneByOne(t *testing.T) {
	f := New("d")
	must(t, create(t, f, "d/old", "x").Sync())
	must(t, f.SyncDir("d"))
	must(t, f.Rename("d/old", "d/new"))
	seen := outcomes(f, func(f *FS) string { return strings.Join(f.Files(), " ") })
	for _, want := range []string{"d/old", "d/new", "d/new d/old", ""} {
		if seen[want] == 0 {
			t.Errorf("%q never comes, only %v", want, seen)
		}
	}
	must(t, f.SyncDir("d"))
	seen = outcomes(f, func(f *FS) string { return strings.Join(f.Files(), " ") + content(f, "d/new") })
	if seen["d/newx"] != crashes {
		t.Errorf("after the sync of the directory: %v", seen)
	}
}

func TestC3_SyncsAreApart(t *testing.T) {
	f := New("d")
	must(t, create(t, f, "d/file", "x").Sync())
	create(t, f, "d/other", "y")
	seen := outcomes(f, func(f *FS) string { return content(f, "d/file") })
	if seen["-"] == 0 || seen["x"] == 0 || len(seen) != 2 {
		t.Errorf("a synced file without a synced name: %v", seen)
	}
	must(t, f.SyncDir("d"))
	seen = outcomes(f, func(f *FS) string { return content(f, "d/other") })
	if seen[""] == 0 || seen["y"] == 0 || seen["-"] != 0 {
		t.Errorf("a synced name without a synced file: %v", seen)
	}
	must(t, f.Mkdir("d/sub"))
	must(t, create(t, f, "d/sub/f", "z").Sync())
	must(t, f.SyncDir("d/sub"))
	seen = outcomes(f, func(f *FS) string { return content(f, "d/sub/f") })
	if seen["-"] == 0 || seen["z"] == 0 {
		t.Errorf("a file in a directory whose own name is not synced: %v", seen)
	}
}

func TestC4_FailedSyncDropsWrites(t *testing.T) {
	f := New("d")
	file := create(t, f, "d/f", "a")
	fail := true
	f.SetHook(func(op Op) error {
		if fail && (op.Kind == Sync || op.Kind == SyncDir) {
			return syscall.EIO
		}
		return nil
	})
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v, want EIO", err)
	}
	if err := f.SyncDir("d"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("SyncDir = %v, want EIO", err)
	}
	fail = false
	_, err := file.Write([]byte("b"))
	must(t, err)
	must(t, file.Sync())
	must(t, f.SyncDir("d"))
	if got := content(f, "d/f"); got != "ab" {
		t.Errorf("without a crash the file has %q, want all", got)
	}
	seen := outcomes(f, func(f *FS) string { return content(f, "d/f") })
	if seen["\x00b"] == 0 || seen["ab"] == 0 || seen["-"] != 0 {
		t.Errorf("after a failed sync and a good one: %v", seen)
	}
}

func TestCrashIsRepeatable(t *testing.T) {
	f := New("d")
	for _, name := range []string{"d/a", "d/b", "d/c"} {
		create(t, f, name, "one", "two", "three")
	}
	look := func(f *FS) string {
		return strings.Join(f.Files(), " ") + content(f, "d/a") + content(f, "d/b") + content(f, "d/c")
	}
	for seed := range uint64(50) {
		if a, b := look(f.Crash(seed)), look(f.Crash(seed)); a != b {
			t.Errorf("seed %d leaves %q and %q", seed, a, b)
		}
	}
	left := f.Crash(3)
	for seed := range uint64(20) {
		if a, b := look(left), look(left.Crash(seed)); a != b {
			t.Errorf("what a crash left is not durable: %q, then %q", a, b)
		}
	}
}

func TestShortWrite(t *testing.T) {
	f := New("d")
	file := create(t, f, "d/f")
	f.SetHook(func(op Op) error {
		if op.Kind == Write {
			return &Short{N: 2, Err: syscall.ENOSPC}
		}
		return nil
	})
	if n, err := file.Write([]byte("abc")); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write = %d, %v, want 2, ENOSPC", n, err)
	}
	if got := content(f, "d/f"); got != "ab" {
		t.Errorf("the file has %q", got)
	}
}
