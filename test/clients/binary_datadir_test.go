//go:build e2e

package clients

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

// TestDataDirectoryIsRefused covers directories that must not be served, and
// that they are served again, whole, once what was wrong is put right.
func TestDataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	other := startDirect(t)
	other.stop()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, data string) (repair func())
		want  string
	}{
		"newer format": {func(t *testing.T, data string) func() {
			return rewrite(t, filepath.Join(data, "keyhaven.json"), `"format": 1`, `"format": 99`)
		}, "newer"},
		"damaged marker": {func(t *testing.T, data string) func() {
			return rewrite(t, filepath.Join(data, "keyhaven.json"), `{`, ``)
		}, "damaged"},
		"blobs of another": {func(t *testing.T, data string) func() {
			return swap(t, filepath.Join(data, "blobs"), filepath.Join(other.data, "blobs"))
		}, "another installation"},
		"metadata of another": {func(t *testing.T, data string) func() {
			return swap(t, filepath.Join(data, "meta"), filepath.Join(other.data, "meta"))
		}, "another installation"},
		"keyring of another": {func(t *testing.T, data string) func() {
			return swap(t, filepath.Join(data, "keyring.json"), filepath.Join(other.data, "keyring.json"))
		}, "keyring.json"},
		"no metadata":    {remove("meta"), "incomplete"},
		"no blobs":       {remove("blobs"), "incomplete"},
		"no keyring":     {remove("keyring.json"), "incomplete"},
		"empty metadata": {empty("meta"), "metadata is missing"},
		"empty blobs":    {empty("blobs"), "blobs are incomplete"},
		"no marker":      {remove("keyhaven.json"), "not a keyhaven data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startDirect(t)
			key := s.newBucket(t, "still-there")
			s.stop()
			repair := c.spoil(t, s.data)
			got := keyhaven(t).fails(t, "serve", "--data", s.data, "--listen", "127.0.0.1:0", "--console-listen", "")
			wantText(t, "the refusal", got, s.data, c.want)
			repair()
			s.start()
			_, err := s.lightsail(key).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
			wantCode(t, "the key after the repair", err, "AccessDeniedException")
		})
	}
}

// rewrite changes the text of a file.
func rewrite(t *testing.T, path, old, fresh string) (repair func()) {
	raw, err := os.ReadFile(path)
	check(t, err)
	changed := strings.Replace(string(raw), old, fresh, 1)
	if changed == string(raw) {
		t.Fatalf("%s holds no %s", path, old)
	}
	check(t, os.WriteFile(path, []byte(changed), 0o600))
	return func() { check(t, os.WriteFile(path, raw, 0o600)) }
}

// swap puts a copy of something in the place of path.
func swap(t *testing.T, path, with string) (repair func()) {
	outside := filepath.Join(t.TempDir(), "aside")
	check(t, os.Rename(path, outside))
	info, err := os.Stat(with)
	check(t, err)
	if info.IsDir() {
		check(t, os.CopyFS(path, os.DirFS(with)))
	} else {
		raw, err := os.ReadFile(with)
		check(t, err)
		check(t, os.WriteFile(path, raw, 0o600))
	}
	return func() {
		check(t, os.RemoveAll(path))
		check(t, os.Rename(outside, path))
	}
}

// remove takes a part of the directory away, as a disk that is not mounted.
func remove(part string) func(*testing.T, string) func() {
	return func(t *testing.T, data string) func() {
		path, outside := filepath.Join(data, part), filepath.Join(t.TempDir(), "aside")
		check(t, os.Rename(path, outside))
		return func() { check(t, os.Rename(outside, path)) }
	}
}

// empty leaves an empty directory, as the mount point of a disk that is not
// mounted.
func empty(part string) func(*testing.T, string) func() {
	return func(t *testing.T, data string) func() {
		repair := remove(part)(t, data)
		path := filepath.Join(data, part)
		check(t, os.Mkdir(path, 0o700))
		return func() {
			check(t, os.Remove(path))
			repair()
		}
	}
}

// TestDataDirectoryInUse covers a second server, and the root's commands, on the
// directory of a running one.
func TestDataDirectoryInUse(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	kh := keyhaven(t)
	for _, args := range [][]string{
		{"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--console-listen", ""},
		{"root", "create-access-key", "--data", s.data},
		{"root", "list-access-keys", "--data", s.data},
	} {
		wantText(t, strings.Join(args, " "), kh.fails(t, args...), "in use", s.data)
	}
	_, err := s.lightsail(s.root).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	check(t, err)
}

// TestForeignAndEmptyDirectories covers directories that were never Keyhaven's.
func TestForeignAndEmptyDirectories(t *testing.T) {
	t.Parallel()
	kh := keyhaven(t)
	serve := func(data string, more ...string) string {
		return kh.fails(t, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--console-listen", ""}, more...)...)
	}
	foreign := t.TempDir()
	check(t, os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("dear"), 0o600))
	wantText(t, "serve on a foreign directory", serve(foreign), "not empty", "letter.txt")
	if got := names(t, foreign); !slices.Equal(got, []string{"letter.txt"}) {
		t.Errorf("the refusal left %q in a foreign directory", got)
	}
	unmounted := t.TempDir()
	wantText(t, "serve --must-exist", serve(unmounted, "--must-exist"), "empty", "mounted")
	if got := names(t, unmounted); len(got) != 0 {
		t.Errorf("the refusal left %q in an empty directory", got)
	}
	wantText(t, "root create-access-key", kh.fails(t, "root", "create-access-key", "--data", t.TempDir()), "empty")
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// TestFirstStartThatWasCutOff covers a power cut during the very first start:
// nobody had seen a key yet, so the start begins again.
func TestFirstStartThatWasCutOff(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	old := s.root
	s.stop()
	rewrite(t, filepath.Join(s.data, "keyhaven.json"), `"ready"`, `"initializing"`)
	s.start()
	if s.root.id == old.id {
		t.Fatal("the start after the cut printed no new key")
	}
	_, err := s.lightsail(s.root).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	check(t, err)
	_, err = s.lightsail(old).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	wantCode(t, "the key that nobody was told", err, "UnrecognizedClientException")
}

// TestRootKeysOnTheServersMachine covers an operator who has lost every key.
func TestRootKeysOnTheServersMachine(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	s.stop()
	kh := keyhaven(t)
	out := kh.run(t, "root", "create-access-key", "--data", s.data)
	var made accessKey
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case strings.Contains(line, "Access key id"):
			made.id = fields[len(fields)-1]
		case strings.Contains(line, "Secret access key"):
			made.secret = fields[len(fields)-1]
		}
	}
	s.remember(made.secret)
	list := kh.run(t, "root", "list-access-keys", "--data", s.data)
	wantText(t, "root list-access-keys", list, made.id, s.root.id, "Active")
	if strings.Contains(list, made.secret) || strings.Contains(list, s.root.secret) {
		t.Error("root list-access-keys shows a secret")
	}
	wantText(t, "a third key", kh.fails(t, "root", "create-access-key", "--data", s.data), "two access keys already")
	kh.run(t, "root", "delete-access-key", "--data", s.data, s.root.id)
	kh.fails(t, "root", "delete-access-key", "--data", s.data, s.root.id)
	s.start()
	_, err := s.lightsail(made).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	check(t, err)
	_, err = s.lightsail(s.root).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	wantCode(t, "the deleted root key", err, "UnrecognizedClientException")
}
