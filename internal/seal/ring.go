package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const fileFormat = 1

// Ring is a set of master keys, one of them active. It is safe for concurrent
// use.
type Ring struct {
	path string

	mu   sync.RWMutex
	keys []masterKey // by id; the last is active
}

type masterKey struct {
	ID      uint32    `json:"id"`
	Created time.Time `json:"created"`
	Key     []byte    `json:"key"`
}

// String keeps a key out of everything that prints it.
func (masterKey) String() string   { return "REDACTED" }
func (masterKey) GoString() string { return "REDACTED" }

type ringFile struct {
	Format int         `json:"format"`
	Keys   []masterKey `json:"keys"`
}

// LoadOrCreate reads the ring at path, or makes one with a fresh key. The file
// must be readable by its owner alone.
func LoadOrCreate(path string) (*Ring, error) {
	r := &Ring{path: path}
	err := r.load()
	if errors.Is(err, fs.ErrNotExist) {
		return r, r.Rotate()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Ring) load() error {
	f, err := os.Open(r.path)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("seal: %s can be read by others (mode %04o): run chmod 600 on it", r.path, mode)
	}
	var file ringFile
	if err := json.NewDecoder(f).Decode(&file); err != nil {
		return fmt.Errorf("seal: %s is not a key ring", r.path)
	}
	if file.Format > fileFormat {
		return fmt.Errorf("seal: %s was written by a newer release (format %d)", r.path, file.Format)
	}
	if err := file.check(); err != nil {
		return fmt.Errorf("seal: %s is damaged: %w", r.path, err)
	}
	r.keys = file.Keys
	return nil
}

func (f *ringFile) check() error {
	if f.Format < 1 || len(f.Keys) == 0 {
		return errors.New("it holds no keys")
	}
	for i, k := range f.Keys {
		if len(k.Key) != keySize {
			return errors.New("a key has a wrong length")
		}
		if i > 0 && k.ID <= f.Keys[i-1].ID {
			return errors.New("key ids do not ascend")
		}
	}
	return nil
}

// Rotate adds a fresh master key, makes it the active one, and saves the ring
// durably before anything is sealed with it.
func (r *Ring) Rotate() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := masterKey{ID: 1, Created: time.Now().UTC(), Key: make([]byte, keySize)}
	rand.Read(k.Key)
	if n := len(r.keys); n > 0 {
		k.ID = r.keys[n-1].ID + 1
	}
	keys := append(slices.Clone(r.keys), k)
	if err := save(r.path, ringFile{Format: fileFormat, Keys: keys}); err != nil {
		return err
	}
	r.keys = keys
	return nil
}

// save replaces the file: its bytes are synced, then its name.
func save(path string, file ringFile) (err error) {
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return errors.New("seal: key ring cannot be encoded")
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".tmp*") // mode 0600
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(raw, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (r *Ring) active() (uint32, [keySize]byte) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k := r.keys[len(r.keys)-1]
	return k.ID, [keySize]byte(k.Key)
}

func (r *Ring) key(id uint32) (key [keySize]byte, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, k := range r.keys {
		if k.ID == id {
			return [keySize]byte(k.Key), true
		}
	}
	return key, false
}

// Fingerprint identifies the ring, not its keys: it stays the same when a key is
// added. It tells whether a ring and a store belong together.
func (r *Ring) Fingerprint() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	h := sha256.New()
	h.Write([]byte("keyhaven key ring"))
	h.Write(r.keys[0].Key)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
