package sse

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

// Key is a data key.
type Key [KeySize]byte

// Format keeps the key out of everything that prints it.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// NewKey returns a fresh data key.
func NewKey() (k Key) {
	rand.Read(k[:]) // never fails
	return k
}

// Salt is what makes the key of each body its own.
type Salt [16]byte

// NewSalt returns a fresh salt.
func NewSalt() (s Salt) {
	rand.Read(s[:])
	return s
}

// ErrKey is what Unwrap returns for another key than the one that wrapped.
var ErrKey = errors.New("sse: the key does not open this")

const nonceSize = 12

// Wrap encrypts a data key under another key.
func Wrap(under [KeySize]byte, context string, k Key) ([]byte, error) {
	aead, err := gcm(derive(under[:], "keyhaven wrap"))
	if err != nil {
		return nil, err
	}
	out := make([]byte, nonceSize, nonceSize+KeySize+keyhaven.SealTag)
	rand.Read(out)
	return aead.Seal(out, out, k[:], []byte(context)), nil
}

// Unwrap decrypts what Wrap made.
func Unwrap(under [KeySize]byte, context string, wrapped []byte) (k Key, err error) {
	if len(wrapped) != nonceSize+KeySize+keyhaven.SealTag {
		return k, ErrKey
	}
	aead, err := gcm(derive(under[:], "keyhaven wrap"))
	if err != nil {
		return k, err
	}
	plain, err := aead.Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], []byte(context))
	if err != nil {
		return k, ErrKey
	}
	return Key(plain), nil
}

func derive(key []byte, info string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(info))
	return h.Sum(nil)
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sse: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("sse: %w", err)
	}
	return aead, nil
}

// LocalKeys are the named keys that stand for those of a key management service.
type LocalKeys struct{ keys map[string][KeySize]byte }

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)

// LoadKeys reads the keys of a directory: one in each file NAME.key, 32 bytes in
// base64, readable by its owner alone.
func LoadKeys(dir string) (*LocalKeys, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.key"))
	if err != nil {
		return nil, fmt.Errorf("sse: %w", err)
	}
	l := &LocalKeys{keys: map[string][KeySize]byte{}}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".key")
		if !keyName.MatchString(name) {
			return nil, fmt.Errorf("sse: %s: a key's name has letters, digits, - and _ alone", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("sse: %w", err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return nil, fmt.Errorf("sse: %s can be read by others (mode %04o): run chmod 600 on it", path, mode)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("sse: %w", err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
		if err != nil || len(key) != KeySize {
			return nil, fmt.Errorf("sse: %s does not hold 32 bytes in base64", path) // never the content
		}
		l.keys[name] = [KeySize]byte(key)
	}
	return l, nil
}

// Get returns a key; a nil set has none.
func (l *LocalKeys) Get(name string) (key [KeySize]byte, ok bool) {
	if l == nil {
		return key, false
	}
	key, ok = l.keys[name]
	return key, ok
}

// Format shows how many keys there are.
func (l LocalKeys) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "sse.LocalKeys(%d)", len(l.keys)) }

// KeyName takes the name of a local key from what clients write: the name, an
// alias, or the ARN of either.
func KeyName(id string) string {
	if rest, ok := strings.CutPrefix(id, "arn:aws:kms:"); ok {
		id = rest[strings.LastIndexByte(rest, ':')+1:]
		id = strings.TrimPrefix(id, "key/")
	}
	return strings.TrimPrefix(id, "alias/")
}
