package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSealOpen(t *testing.T) {
	r := newRing(t)
	for _, context := range []string{"", "AKIAIOSFODNN7EXAMPLE", "é\x00\xff", strings.Repeat("c", 5000)} {
		for _, n := range []int{0, 1, 40, MaxPlaintext} {
			secret := strings.Repeat("s", n)
			sealed := mustSeal(t, r, secret, context)
			if len(sealed) != n+overhead {
				t.Errorf("%d bytes are sealed to %d, want %d more", n, len(sealed), overhead)
			}
			checkOpens(t, r, sealed, context, secret)
			if n >= 40 && bytes.Contains(sealed, []byte("ssss")) {
				t.Error("the sealed form holds the secret")
			}
		}
	}
	if _, err := r.Seal(make([]byte, MaxPlaintext+1), ""); !errors.Is(err, ErrTooLong) {
		t.Errorf("Seal of too much: %v, want ErrTooLong", err)
	}
}

// TestSealIsFresh: sealing one secret twice shares nothing but the head.
func TestSealIsFresh(t *testing.T) {
	r := newRing(t)
	a, b := mustSeal(t, r, "secret", "AKIA1"), mustSeal(t, r, "secret", "AKIA1")
	for _, part := range [][2]int{{wrappedAt, wrappedAt + nonceSize}, {wrappedAt + nonceSize, secretAt}, {secretAt, secretAt + nonceSize}, {secretAt + nonceSize, len(a)}} {
		if bytes.Equal(a[part[0]:part[1]], b[part[0]:part[1]]) {
			t.Errorf("bytes %d to %d come twice: %x", part[0], part[1], a[part[0]:part[1]])
		}
	}
}

func checkRefused(t *testing.T, r *Ring, sealed []byte, context, what string) {
	t.Helper()
	if got, err := r.Open(sealed, context); got != nil || !errors.Is(err, ErrOpen) {
		t.Errorf("%s: Open = %q, %v, want ErrOpen", what, got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	r := newRing(t)
	const context = "AKIA1"
	sealed := mustSeal(t, r, "the secret", context)
	for _, other := range []string{"", "AKIA2", "AKIA", "AKIA11", "akia1", "AKIA1\x00"} {
		checkRefused(t, r, sealed, other, "context "+other)
	}
	for i := range sealed {
		checkRefused(t, r, sealed[:i], context, "cut")
		for bit := range 8 {
			flipped := slices.Clone(sealed)
			flipped[i] ^= 1 << bit
			checkRefused(t, r, flipped, context, "flipped")
		}
	}
	checkRefused(t, r, append(slices.Clone(sealed), 0), context, "longer")
	checkRefused(t, r, nil, context, "nothing")
	checkRefused(t, r, make([]byte, overhead), context, "zeros")

	// Parts of two sealed secrets do not go together.
	second := mustSeal(t, r, "the secret", context)
	checkRefused(t, r, slices.Concat(sealed[:secretAt], second[secretAt:]), context, "mixed")

	// Nor does a context continue the head: what was sealed for "1" + context by
	// one key is not what another key sealed for context.
	if err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	moved := slices.Clone(sealed)
	moved[4] = 2
	checkRefused(t, r, moved, context, "other key id")
	checkOpens(t, r, sealed, context, "the secret")
}

// TestFormatVersion1 opens what version 1 wrote. The files never change.
func TestFormatVersion1(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "v1", "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(filepath.Join("testdata", "v1", "sealed"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keyring.json")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	r := load(t, path)
	checkOpens(t, r, sealed, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	if got, want := r.Fingerprint(), "c5cf3b0c6ecd560458add3a71bcfd831"; got != want {
		t.Errorf("Fingerprint = %s, want %s", got, want)
	}
}

// TestConcurrency seals, opens and rotates at once.
func TestConcurrency(t *testing.T) {
	r := newRing(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				sealed, err := r.Seal([]byte("secret"), "AKIA1")
				if err != nil {
					t.Errorf("Seal: %v", err)
					return
				}
				checkOpens(t, r, sealed, "AKIA1", "secret")
			}
		})
		wg.Go(func() {
			if err := r.Rotate(); err != nil {
				t.Errorf("Rotate: %v", err)
			}
		})
	}
	wg.Wait()
	again := load(t, r.path)
	if len(again.all()) != 9 || len(r.all()) != 9 {
		t.Errorf("after 8 rotations the file has %d keys and the ring %d, want 9", len(again.all()), len(r.all()))
	}
}

func FuzzOpen(f *testing.F) {
	r := newRing(f)
	sealed := mustSeal(f, r, "secret", "AKIA1")
	f.Add([]byte(nil), "")
	f.Add(sealed, "AKIA1")
	f.Add(sealed[:overhead], "AKIA1")
	f.Add(make([]byte, overhead+5), "")
	f.Fuzz(func(t *testing.T, b []byte, context string) {
		got, err := r.Open(b, context)
		// Nothing opens but what was sealed here.
		if known := bytes.Equal(b, sealed) && context == "AKIA1"; known != (err == nil) {
			t.Errorf("Open(%x, %q) = %q, %v", b, context, got, err)
		}
		if err != nil && (got != nil || !errors.Is(err, ErrOpen)) {
			t.Errorf("Open(%x, %q) = %q, %v, want only ErrOpen", b, context, got, err)
		}
	})
}
