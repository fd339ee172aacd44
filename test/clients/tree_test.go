//go:build e2e

package clients

import (
	"bytes"
	"crypto/rand"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goSource returns the Go distribution's src tree: over 10 000 real files.
func goSource(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	check(t, err)
	root, err := filepath.EvalSymlinks(filepath.Join(strings.TrimSpace(string(out)), "src"))
	check(t, err)
	return root
}

// files returns the paths of the regular files under root, relative to it, with
// their sizes.
func files(t testing.TB, root string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		found[filepath.ToSlash(rel)] = info.Size()
		return err
	})
	check(t, err)
	return found
}

// wantSameTree compares two trees byte for byte.
func wantSameTree(t testing.TB, got, want string) {
	t.Helper()
	gotFiles, wantFiles := files(t, got), files(t, want)
	for name := range gotFiles {
		if _, ok := wantFiles[name]; !ok {
			t.Errorf("%s came back and was never there", name)
		}
	}
	for name := range wantFiles {
		if _, ok := gotFiles[name]; !ok {
			t.Errorf("%s did not come back", name)
			continue
		}
		a, err := os.ReadFile(filepath.Join(got, filepath.FromSlash(name)))
		check(t, err)
		b, err := os.ReadFile(filepath.Join(want, filepath.FromSlash(name)))
		check(t, err)
		if !bytes.Equal(a, b) {
			t.Errorf("%s came back with other bytes", name)
		}
	}
}

// smallTree makes a directory that real tools are given: nested, with empty
// files, names that need escaping, and one file of several parts.
func smallTree(t testing.TB, large int64) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"readme.txt": "hello", "empty": "", "a/b/c/deep.txt": "deep", "a/b/sibling": strings.Repeat("x", 70_000),
		"a b/with space & more.txt": "space", "ünï/日本語.txt": "unicode", "plus+sign=100%.txt": "plus",
		"quotes/it's (1).txt": "quote",
	} {
		path := filepath.Join(root, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(content), 0o644))
	}
	if large > 0 {
		randomFile(t, filepath.Join(root, "large.bin"), large)
	}
	return root
}

// randomFile makes a file that nothing can compress or guess.
func randomFile(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	check(t, err)
	defer f.Close()
	_, err = io.CopyN(f, rand.Reader, size)
	check(t, err)
}

// wantSameFile compares two files without holding them in memory.
func wantSameFile(t testing.TB, got, want string) {
	t.Helper()
	if out, err := exec.Command("cmp", got, want).CombinedOutput(); err != nil {
		t.Errorf("cmp %s %s: %v\n%s", got, want, err, out)
	}
}
