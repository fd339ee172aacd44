package dirtarget_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/dirtarget"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
)

func TestContract(t *testing.T) {
	targettest.Run(t, func(t *testing.T) func() backup.Target {
		path := filepath.Join(t.TempDir(), "new", "target")
		return func() backup.Target { return dirtarget.Open(path) }
	})
}

func write(t *testing.T, target backup.Target, name, content string) {
	t.Helper()
	err := target.Put(t.Context(), name, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "target")
	write(t, dirtarget.Open(dir), "sub/f", "x")
	for path, want := range map[string]os.FileMode{dir: 0o700, dir + "/sub": 0o700, dir + "/sub/f": 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %04o, want %04o", path, got, want)
		}
	}
}

// TestLeftOvers wants what a killed backup left in tmp to be removed by the next
// holder of the lock.
func TestLeftOvers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/tmp/half", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := dirtarget.Open(dir).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	if _, err := os.Stat(dir + "/tmp/half"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the left-over is still there: %v", err)
	}
}

func TestGetRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/d", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dirtarget.Open(dir).Get(context.Background(), "d"); err == nil {
		t.Error("Get of a directory is accepted")
	}
}
