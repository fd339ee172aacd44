package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
)

func body(t testing.TB) *Body {
	b, err := NewBody(NewKey(), NewSalt())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func plaintext(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

var edges = []int{0, 1, plainUnit - 1, plainUnit, plainUnit + 1, keyhaven.SealUnit, 2*plainUnit - 1, 2 * plainUnit, 2*plainUnit + 1, 200_000}

// TestR11_EveryBoundary reads every range whose ends are beside a boundary.
func TestR11_EveryBoundary(t *testing.T) {
	for _, size := range edges {
		b, plain := body(t), plaintext(size)
		sealed := b.Seal(plain)
		if int64(len(sealed)) != keyhaven.SealedSize(int64(size)) {
			t.Fatalf("%d bytes take %d, want %d", size, len(sealed), keyhaven.SealedSize(int64(size)))
		}
		var out bytes.Buffer
		w := b.Writer(&out)
		for p := plain; len(p) > 0; { // in pieces of odd sizes
			n := min(len(p), 7777)
			if _, err := w.Write(p[:n]); err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		if err := w.Close(); err != nil || !bytes.Equal(out.Bytes(), sealed) {
			t.Fatalf("%d bytes: written %d bytes otherwise than Seal, %v", size, out.Len(), err)
		}
		for _, from := range edges {
			for _, to := range edges {
				if from > to || to > size {
					continue
				}
				got, err := io.ReadAll(b.Reader(bytes.NewReader(sealed), int64(size), int64(from), int64(to-from)))
				if err != nil || !bytes.Equal(got, plain[from:to]) {
					t.Errorf("%d-%d of %d: %d bytes, %v", from, to, size, len(got), err)
				}
				var all bytes.Buffer
				if _, err := b.Reader(bytes.NewReader(sealed), int64(size), int64(from), int64(to-from)).WriteTo(&all); err != nil || !bytes.Equal(all.Bytes(), plain[from:to]) {
					t.Errorf("WriteTo %d-%d of %d: %v", from, to, size, err)
				}
			}
		}
	}
}

// TestR11_Damage: a changed byte, units in another order, a lost end, an end
// made of what was a middle, another salt or key: never a wrong byte.
func TestR11_Damage(t *testing.T) {
	const size = 2*plainUnit + 10
	key, salt := NewKey(), NewSalt()
	b, err := NewBody(key, salt)
	if err != nil {
		t.Fatal(err)
	}
	plain := plaintext(size)
	sealed := b.Seal(plain)
	flip := bytes.Clone(sealed)
	flip[keyhaven.SealUnit+5] ^= 1
	swapped := append(append(bytes.Clone(sealed[keyhaven.SealUnit:2*keyhaven.SealUnit]), sealed[:keyhaven.SealUnit]...), sealed[2*keyhaven.SealUnit:]...)
	otherSalt, err := NewBody(key, NewSalt())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b      *Body
		sealed []byte
		size   int64
	}{
		"flipped": {b, flip, size}, "swapped": {b, swapped, size}, "short": {b, sealed[:len(sealed)-1], size},
		"cut at a unit": {b, sealed[:2*keyhaven.SealUnit], 2 * plainUnit}, "another salt": {otherSalt, sealed, size}, "another key": {body(t), sealed, size},
	} {
		got, err := io.ReadAll(c.b.Reader(bytes.NewReader(c.sealed), c.size, 0, c.size))
		if !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestWrap(t *testing.T) {
	k, under := NewKey(), [32]byte(NewKey())
	wrapped, err := Wrap(under, "a", k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Unwrap(under, "a", wrapped); err != nil || got != k {
		t.Errorf("Unwrap() = %v", err)
	}
	for name, fn := range map[string]func() (Key, error){
		"another key":     func() (Key, error) { return Unwrap([32]byte(NewKey()), "a", wrapped) },
		"another context": func() (Key, error) { return Unwrap(under, "b", wrapped) },
		"cut":             func() (Key, error) { return Unwrap(under, "a", wrapped[:len(wrapped)-1]) },
	} {
		if _, err := fn(); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v, want ErrKey", name, err)
		}
	}
	if text := fmt.Sprintf("%v %x %+v", k, k, keyhaven.CustomerKey(under)); strings.Trim(text, "REDACT ") != "" {
		t.Errorf("printed as %q", text)
	}
}

func TestLoadKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("main.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0o600)
	write("README", "x", 0o644)
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{
		"main": true, "alias/main": true, "arn:aws:kms:us-east-1:111122223333:key/main": true,
		"arn:aws:kms:us-east-1:111122223333:alias/main": true, "other": false, "": false, "../main": false,
	} {
		if _, ok := keys.Get(KeyName(id)); ok != want {
			t.Errorf("key %q = %v, want %v", id, ok, want)
		}
	}
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{"open": {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 0o644}, "short": {"AAEC", 0o600}, "bad name": {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 0o600}} {
		write(name+".key", c.content, c.mode)
		if _, err := LoadKeys(dir); err == nil || strings.Contains(err.Error(), c.content) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(filepath.Join(dir, name+".key")); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	c, plain := body(b), plaintext(1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		c.Seal(plain)
	}
}
