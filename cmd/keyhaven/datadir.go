package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

// The data directory (docs/formats.md):
//
//	keyhaven.json        what this directory is; written first and last
//	lock                 held by the process that uses the directory
//	control.sock         the operator's door to that process
//	keyring.json         the master keys that seal secrets
//	meta/                the metadata engine
//	blobs/               the bytes of larger objects
//	blobs/INSTALLATION   whose blobs they are
//	audit/               the audit log
const (
	markerFile  = "keyhaven.json"
	lockFile    = "lock"
	keyRingFile = "keyring.json"
	metaDir     = "meta"
	blobDir     = "blobs"
	ownerFile   = "INSTALLATION"
	auditDir    = "audit"

	controlSocket = "control.sock"

	// formatVersion is the newest form of the directory that this release knows.
	formatVersion = 1
)

// marker is the content of keyhaven.json.
type marker struct {
	Format       int       `json:"format"`
	Installation string    `json:"installation"`
	State        string    `json:"state"`
	Created      time.Time `json:"created"`
	Backup       string    `json:"backup,omitempty"` // that is being restored
}

// The states of a directory.
const (
	initializing = "initializing" // the first start has not finished
	restoring    = "restoring"    // a restore has not finished
	keyless      = "keyless"      // restored without keys: the next start makes one for the root
	ready        = "ready"
)

// dataDir is an open data directory.
type dataDir struct {
	path    string
	lock    *os.File
	ring    *seal.Ring
	kv      kv.Store
	meta    *meta.Store
	blobs   blob.Store
	pins    *blob.Pins
	account keyhaven.AccountID
	fresh   bool // made by this opening
	keyless bool // restored without keys
}

// openDataDir opens the directory, or makes it when it is empty. It refuses one
// that is in use, newer than this release, incomplete or another
// installation's, and says why.
func openDataDir(ctx context.Context, path string, o settings, opts pebblekv.Options) (d *dataDir, err error) {
	d = &dataDir{path: path, pins: &blob.Pins{}}
	defer func() {
		if err != nil {
			d.Close()
			err = fmt.Errorf("data directory %s: %w%s", path, err, permissionAdvice(path, err))
		}
	}()
	// A directory that is refused is left as it was, without a lock file in it.
	if m, err := readMarker(path); err != nil {
		return d, err
	} else if m == nil && o.MustExist {
		return d, errors.New("it is empty, and must not be: is its disk mounted?")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return d, err
	}
	if d.lock, err = lockDir(path); err != nil {
		return d, err
	}
	m, err := readMarker(path)
	switch {
	case err != nil:
		return d, err
	case m == nil:
		d.fresh = true
		m = &marker{Format: formatVersion, Installation: uuid.NewString(), State: initializing, Created: time.Now().UTC()}
	case m.State == restoring:
		return d, errors.New("a restore into it has not finished: run keyhaven restore again, or delete it")
	case m.State == initializing: // the first start was cut off; nothing was answered yet
		d.fresh = true
	}
	if d.fresh {
		return d, d.initialize(ctx, m, opts)
	}
	return d, d.open(ctx, m, opts)
}

// permissionAdvice says what to do about a directory of another user, which is
// what most often keeps a container from starting.
func permissionAdvice(path string, err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return fmt.Sprintf("\nThe server runs as user %[1]d, who may not use it. Give it to that user: chown -R %[1]d:%[2]d %[3]s"+
		"\nFor a volume of a container: docker run --rm -v VOLUME:%[3]s busybox chown -R %[1]d:%[2]d %[3]s"+
		"\nor run the container as the owner: docker run --user \"$(id -u):$(id -g)\" …", os.Getuid(), os.Getgid(), path)
}

func lockDir(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.New("it is in use by another keyhaven process")
		}
		return nil, err
	}
	return f, nil
}

// readMarker returns the marker, or nil for an empty directory.
func readMarker(path string) (*marker, error) {
	raw, err := os.ReadFile(filepath.Join(path, markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, checkEmpty(path)
	}
	if err != nil {
		return nil, err
	}
	var m marker
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", markerFile, err)
	}
	if m.Format > formatVersion {
		return nil, fmt.Errorf("its format is %d and this release knows %d at most: it was written by a newer keyhaven", m.Format, formatVersion)
	}
	if m.Format < 1 || m.Installation == "" || !slices.Contains([]string{initializing, restoring, keyless, ready}, m.State) {
		return nil, fmt.Errorf("%s is damaged", markerFile)
	}
	return &m, nil
}

func checkEmpty(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != controlSocket && e.Name() != "lost+found" {
			return fmt.Errorf("it is not empty and not a keyhaven data directory (it holds %q and no %s)", e.Name(), markerFile)
		}
	}
	return nil
}

// initialize makes a new installation. The marker says "initializing" until all
// of it is on disk, so that a first start that was cut off begins again.
func (d *dataDir) initialize(ctx context.Context, m *marker, opts pebblekv.Options) error {
	if err := writeMarker(d.path, m); err != nil {
		return err
	}
	for _, name := range []string{metaDir, blobDir, keyRingFile} {
		if err := os.RemoveAll(filepath.Join(d.path, name)); err != nil {
			return err
		}
	}
	for _, name := range []string{metaDir, blobDir} {
		if err := os.Mkdir(filepath.Join(d.path, name), 0o700); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(d.path, blobDir, ownerFile), []byte(m.Installation+"\n")); err != nil {
		return err
	}
	if err := d.openStores(opts); err != nil {
		return err
	}
	account, err := identity.New(d.meta, d.ring, identity.Options{}).NewAccount("")
	if err != nil {
		return err
	}
	d.account = account.ID
	err = d.meta.Update(ctx, func(tx *meta.Txn) error {
		if err := tx.PutAccount(account); err != nil {
			return err
		}
		return tx.PutInstallation(meta.Installation{ID: m.Installation, Account: account.ID, KeyRing: d.ring.Fingerprint()})
	})
	return err
}

// needsKey reports whether nobody has been shown a key of the root yet.
func (d *dataDir) needsKey() bool { return d.fresh || d.keyless }

// finish marks a new installation as ready.
func (d *dataDir) finish() error {
	m, err := readMarker(d.path)
	if err != nil {
		return err
	}
	m.State = ready
	return writeMarker(d.path, m)
}

// open opens an installation whose parts must all be there and belong together.
func (d *dataDir) open(ctx context.Context, m *marker, opts pebblekv.Options) error {
	for _, name := range []string{keyRingFile, metaDir, blobDir} {
		if _, err := os.Stat(filepath.Join(d.path, name)); err != nil {
			return fmt.Errorf("it is incomplete, as when a disk is not mounted: %w", err)
		}
	}
	owner, err := os.ReadFile(filepath.Join(d.path, blobDir, ownerFile))
	if err != nil {
		return fmt.Errorf("its blobs are incomplete, as when a disk is not mounted: %w", err)
	}
	if strings.TrimSpace(string(owner)) != m.Installation {
		return errors.New("its blobs belong to another installation")
	}
	if empty, err := isEmptyDir(filepath.Join(d.path, metaDir)); err != nil || empty {
		return errors.Join(errors.New("its metadata is missing, as when a disk is not mounted"), err)
	}
	if err := d.openStores(opts); err != nil {
		return err
	}
	var in *meta.Installation
	err = d.meta.View(ctx, func(r *meta.Reader) (err error) {
		in, err = r.Installation()
		return err
	})
	switch {
	case err != nil:
		return err
	case in == nil || in.ID != m.Installation:
		return errors.New("its metadata belongs to another installation")
	case in.KeyRing != d.ring.Fingerprint():
		return fmt.Errorf("%s is not the key ring that sealed its secrets", keyRingFile)
	}
	d.account = in.Account
	if m.State == keyless {
		d.keyless = true
		return d.dropRootKeys(ctx)
	}
	return nil
}

// dropRootKeys deletes keys of the root that a start has made which was cut off
// before it could show them.
func (d *dataDir) dropRootKeys(ctx context.Context) error {
	return d.meta.Update(ctx, func(tx *meta.Txn) error {
		keys, err := tx.RootKeys(d.account)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := tx.DeleteAccessKey(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func isEmptyDir(path string) (bool, error) {
	entries, err := os.ReadDir(path)
	return len(entries) == 0, err
}

func (d *dataDir) openStores(opts pebblekv.Options) error {
	var err error
	if d.ring, err = seal.LoadOrCreate(filepath.Join(d.path, keyRingFile)); err != nil {
		return err
	}
	// Through variables of their own: an interface with a nil pointer is not nil.
	engine, err := pebblekv.Open(filepath.Join(d.path, metaDir), opts)
	if err != nil {
		return err
	}
	d.kv, d.meta = engine, meta.New(engine)
	blobs, err := fileblob.Open(filepath.Join(d.path, blobDir), fileblob.Options{})
	if err != nil {
		return err
	}
	d.blobs = blobs
	return nil
}

// Close closes what is open and lets go of the directory.
func (d *dataDir) Close() error {
	var errs []error
	if d.kv != nil {
		errs = append(errs, d.kv.Close())
	}
	if d.blobs != nil {
		errs = append(errs, d.blobs.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

func writeMarker(path string, m *marker) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(path, markerFile), append(raw, '\n'))
}

// writeFile replaces a file durably: the bytes, then the name.
func writeFile(path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
