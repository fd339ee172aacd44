package seal

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fileFormat = 1
	maxFile    = 4 << 20 // bytes; about 30 000 keys
)

// Ring is a set of master keys, one of them active. It is safe for concurrent
// use.
type Ring struct {
	path string

	rotate sync.Mutex // one rotation at a time; seals do not wait for it

	// By id; the last is active. Never changed in place. Package fmt does not
	// follow the pointer, so a struct that holds a ring prints no key either.
	keys atomic.Pointer[[]masterKey]
}

type masterKey struct {
	ID      uint32    `json:"id"`
	Created time.Time `json:"created"`
	Key     []byte    `json:"key"`
}

// Format keeps a key out of everything that prints it, with any verb.
func (masterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// Format shows the fingerprint alone.
func (r *Ring) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "seal.Ring("+r.Fingerprint()+")")
}

type ringFile struct {
	Format int         `json:"format"`
	Keys   []masterKey `json:"keys"`
}

// LoadOrCreate reads the ring at path, or makes one with a fresh key. The file
// must be readable by its owner alone, and its directory must be there. A file
// that was lost looks like a first start: the caller compares Fingerprint with
// what it remembers.
func LoadOrCreate(path string) (*Ring, error) {
	r := &Ring{path: path}
	err := r.load()
	if errors.Is(err, fs.ErrNotExist) {
		err = r.add(create)
		if errors.Is(err, fs.ErrExist) {
			err = r.load() // another process was first
		}
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
	if !info.Mode().IsRegular() {
		return fmt.Errorf("seal: %s is not a regular file", r.path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("seal: %s can be read by others (mode %04o): run chmod 600 on it", r.path, mode)
	}
	var file ringFile
	// The error may quote the file, so it is dropped.
	if err := json.NewDecoder(io.LimitReader(f, maxFile)).Decode(&file); err != nil {
		return fmt.Errorf("seal: %s is not a key ring", r.path)
	}
	if file.Format > fileFormat {
		return fmt.Errorf("seal: %s was written by a newer release (format %d)", r.path, file.Format)
	}
	if err := file.check(); err != nil {
		return fmt.Errorf("seal: %s is damaged: %w", r.path, err)
	}
	r.keys.Store(&file.Keys)
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
// durably before anything is sealed with it. When it fails the ring goes on as
// it was; the file may hold one more key, which does no harm.
func (r *Ring) Rotate() error { return r.add(os.Rename) }

// add adds a key. place puts the new file in the place of the old one.
func (r *Ring) add(place func(from, to string) error) error {
	r.rotate.Lock()
	defer r.rotate.Unlock()
	keys := slices.Clone(r.all())
	k := masterKey{ID: 1, Created: time.Now().UTC(), Key: make([]byte, keySize)}
	rand.Read(k.Key)
	if n := len(keys); n > 0 {
		k.ID = keys[n-1].ID + 1
	}
	keys = append(keys, k)
	if err := save(r.path, ringFile{Format: fileFormat, Keys: keys}, place); err != nil {
		return err
	}
	r.keys.Store(&keys)
	return nil
}

// save writes the file: its bytes are synced, then its name.
func save(path string, file ringFile, place func(from, to string) error) error {
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return errors.New("seal: key ring cannot be encoded")
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".tmp*") // mode 0600
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	defer os.Remove(f.Name()) // after a rename it is not there
	_, err = f.Write(append(raw, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// create never replaces a file that another process has made meanwhile: what that
// one has sealed would be lost. Where links are not possible it can only look.
func create(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (r *Ring) all() []masterKey {
	if keys := r.keys.Load(); keys != nil {
		return *keys
	}
	return nil // not loaded yet
}

func (r *Ring) active() masterKey {
	keys := r.all()
	return keys[len(keys)-1]
}

func (r *Ring) key(id uint32) (masterKey, bool) {
	keys := r.all()
	i, ok := slices.BinarySearchFunc(keys, id, func(k masterKey, id uint32) int { return cmp.Compare(k.ID, id) })
	if !ok {
		return masterKey{}, false
	}
	return keys[i], true
}

// Fingerprint identifies the ring, not its keys: it stays the same when a key is
// added. It tells whether a ring and a store belong together.
func (r *Ring) Fingerprint() string {
	h := sha256.New()
	h.Write([]byte("keyhaven key ring"))
	h.Write(r.all()[0].Key)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
