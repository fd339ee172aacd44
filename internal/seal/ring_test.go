package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func newRing(t testing.TB) *Ring {
	t.Helper()
	return load(t, filepath.Join(t.TempDir(), "keyring.json"))
}

func load(t testing.TB, path string) *Ring {
	t.Helper()
	r, err := LoadOrCreate(path)
	if err != nil {
		t.Fatalf("LoadOrCreate: %v", err)
	}
	return r
}

func mustSeal(t testing.TB, r *Ring, plaintext, context string) []byte {
	t.Helper()
	sealed, err := r.Seal([]byte(plaintext), context)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return sealed
}

func checkOpens(t testing.TB, r *Ring, sealed []byte, context, want string) {
	t.Helper()
	got, err := r.Open(sealed, context)
	if string(got) != want || err != nil {
		t.Errorf("Open = %q, %v, want %q", got, err, want)
	}
}

func TestLoadOrCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keyring.json")
	first := load(t, path)
	sealed := mustSeal(t, first, "secret", "AKIA1")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode(); mode != 0o600 {
		t.Errorf("mode = %v, want 0600", mode)
	}
	second := load(t, path)
	checkOpens(t, second, sealed, "AKIA1", "secret")
	if a, b := first.Fingerprint(), second.Fingerprint(); a != b {
		t.Errorf("fingerprints of one file: %s and %s", a, b)
	}
	other := newRing(t)
	if first.Fingerprint() == other.Fingerprint() {
		t.Error("two rings have one fingerprint")
	}
	if _, err := other.Open(sealed, "AKIA1"); !errors.Is(err, ErrOpen) {
		t.Errorf("another ring opens: %v", err)
	}
	checkOnly(t, dir, "keyring.json")
}

// checkOnly wants no file but these.
func checkOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("files = %q, want %q", got, want)
	}
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keyring.json")
	r := load(t, path)
	fingerprint := r.Fingerprint()
	var sealed [][]byte
	for i := range 4 {
		sealed = append(sealed, mustSeal(t, r, fmt.Sprint("secret ", i), "AKIA1"))
		if got := sealed[i][1:5]; !bytes.Equal(got, []byte{0, 0, 0, byte(i + 1)}) {
			t.Errorf("after %d rotations the key id is %x", i, got)
		}
		if err := r.Rotate(); err != nil {
			t.Fatalf("Rotate: %v", err)
		}
	}
	for _, ring := range []*Ring{r, load(t, path)} {
		for i, s := range sealed {
			checkOpens(t, ring, s, "AKIA1", fmt.Sprint("secret ", i))
		}
		if got := ring.Fingerprint(); got != fingerprint {
			t.Errorf("Fingerprint after rotations = %s, want %s", got, fingerprint)
		}
		if got := mustSeal(t, ring, "", "")[4]; got != 5 {
			t.Errorf("the active key is %d, want 5", got)
		}
	}
	checkOnly(t, dir, "keyring.json")
}

// TestRotateThatFails: what is not on disk does not seal.
func TestRotateThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := load(t, filepath.Join(dir, "keyring.json"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.Rotate(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Rotate without a directory: %v, want fs.ErrNotExist", err)
	}
	if got := mustSeal(t, r, "", "")[4]; got != 1 {
		t.Errorf("after a failed Rotate the active key is %d, want 1", got)
	}
	if _, err := LoadOrCreate(filepath.Join(dir, "keyring.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadOrCreate without a directory: %v, want fs.ErrNotExist", err)
	}
}

// TestCreatedOnce: of many who start at once, all get the ring that is on disk.
func TestCreatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	rings := make([]*Ring, 16)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			r, err := LoadOrCreate(path)
			if err != nil {
				t.Errorf("LoadOrCreate: %v", err)
				return
			}
			rings[i] = r
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	want := load(t, path).Fingerprint()
	for _, r := range rings {
		if got := r.Fingerprint(); got != want {
			t.Errorf("a ring with fingerprint %s is not that of the file, %s", got, want)
		}
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, name := range []string{from, to} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := create(from, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a file: %v, want fs.ErrExist", err)
	}
	if got, err := os.ReadFile(to); string(got) != to || err != nil {
		t.Errorf("the file is now %q, %v", got, err)
	}
}

func TestRefusesOpenPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	load(t, path)
	for mode, ok := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true,
		0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o610: false, 0o644: false, 0o666: false,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreate(path)
		switch {
		case ok && err != nil:
			t.Errorf("mode %04o: %v", mode, err)
		case !ok && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("mode %04o", mode)) || !strings.Contains(err.Error(), "chmod 600")):
			t.Errorf("mode %04o: %v, want an error that says what to do", mode, err)
		}
	}
}

func TestRefusesDamagedFile(t *testing.T) {
	const canary = "c2VjcmV0IGtleSBtYXRlcmlhbA==" // stands where a key would
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	load(t, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, keySize))
	files := map[string]string{
		"empty":        "",
		"no object":    `"` + canary + `"`,
		"cut":          string(good[:len(good)/2]),
		"no keys":      `{"format": 1, "keys": []}`,
		"no format":    `{"keys": [{"id": 1, "key": "` + key + `"}]}`,
		"newer":        `{"format": 2, "keys": [{"id": 1, "key": "` + key + `"}]}`,
		"short key":    `{"format": 1, "keys": [{"id": 1, "key": "` + canary + `"}]}`,
		"no base64":    `{"format": 1, "keys": [{"id": 1, "key": "!` + canary + `"}]}`,
		"key a number": `{"format": 1, "keys": [{"id": "` + canary + `", "key": 12345}]}`,
		"same id":      `{"format": 1, "keys": [{"id": 1, "key": "` + key + `"}, {"id": 1, "key": "` + key + `"}]}`,
		"falling ids":  `{"format": 1, "keys": [{"id": 2, "key": "` + key + `"}, {"id": 1, "key": "` + key + `"}]}`,
		"too long":     `{"format": 1, "pad": "` + strings.Repeat("x", maxFile) + `", "keys": [{"id": 1, "key": "` + key + `"}]}`,
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreate(path)
		if err == nil {
			t.Errorf("%s: loads", name)
			continue
		}
		if !strings.HasPrefix(err.Error(), "seal: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		}
		if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "12345") {
			t.Errorf("%s: the error quotes the file: %v", name, err)
		}
		if got, err := os.ReadFile(path); string(got) != content || err != nil {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := LoadOrCreate(dir); err == nil {
		t.Error("a directory loads")
	}
}

// TestPrintsNoKey prints a ring in every way there is.
func TestPrintsNoKey(t *testing.T) {
	r := newRing(t)
	keys := r.all()
	key := keys[0].Key
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%08d", "% x"} {
		fmt.Fprintf(&out, verb+"\n", r)
		fmt.Fprintf(&out, verb+"\n", keys)
		fmt.Fprintf(&out, verb+"\n", keys[0])
		fmt.Fprintf(&out, verb+"\n", &keys[0])
		fmt.Fprintf(&out, verb+"\n", struct{ Ring *Ring }{r})
		fmt.Fprintf(&out, verb+"\n", struct{ ring *Ring }{r})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("ring", "ring", r)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("ring", "ring", r)
	b, err := json.Marshal(map[string]any{"ring": r})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	decimal := strings.Trim(fmt.Sprintf("%d", key[:6]), "[]")
	for _, form := range []string{
		string(key[:6]), hex.EncodeToString(key[:6]), strings.ToUpper(hex.EncodeToString(key[:6])),
		base64.StdEncoding.EncodeToString(key[:6]), decimal, fmt.Sprintf("% x", key[:6]), strings.Trim(fmt.Sprintf("%#v", key[:6]), "[]byte{}"),
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the key is printed, as %q:\n%s", form, out.String())
			break
		}
	}
	if !strings.Contains(out.String(), "seal.Ring("+r.Fingerprint()+")") {
		t.Errorf("the fingerprint is not printed:\n%s", out.String())
	}
}
