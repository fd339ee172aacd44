package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

type restoreCmd struct {
	fromFlag
	ID          string `help:"Which backup; the newest when none is named." placeholder:"ID"`
	Data        string `help:"Directory that is made; it must be empty." default:"data" placeholder:"DIR" type:"path"`
	KeyRing     string `help:"File of the key ring; by default the one in the target, if it was put there." placeholder:"FILE" type:"existingfile" xor:"ring"`
	WithoutKeys bool   `help:"Restore without access keys; the first start then makes a key for the root." xor:"ring"`
}

// Run makes the directory. Until it is whole its marker says "restoring", and no
// server starts on it; the same command again goes on with it.
func (c *restoreCmd) Run(sys *system) error {
	from, err := sys.open(c.From)
	if err != nil {
		return err
	}
	m, err := backup.Find(sys.ctx, from, c.ID)
	if err != nil {
		return err
	}
	if m.StoreFormat > formatVersion {
		return fmt.Errorf("backup %s has data of format %d and this release knows %d at most: it was written by a newer keyhaven", m.ID, m.StoreFormat, formatVersion)
	}
	if err := c.restore(sys, from, m); err != nil {
		return fmt.Errorf("data directory %s: %w", c.Data, err)
	}
	_, err = fmt.Fprintf(sys.stdout, "backup %s of %s is restored to %s\n", m.ID, m.Created.Format(time.RFC3339), c.Data)
	if err == nil && c.WithoutKeys {
		_, err = fmt.Fprintln(sys.stdout, "It has no access keys: the first start makes one for the root.")
	}
	return err
}

func (c *restoreCmd) restore(sys *system, from backup.Target, m *backup.Manifest) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	lock, err := lockDir(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	now, err := c.begin(m)
	if err != nil {
		return err
	}
	ring, err := c.ring(sys.ctx, from)
	if err != nil {
		return err
	}
	account, err := c.load(sys, from, m, ring)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.Data, blobDir, ownerFile), []byte(m.Installation+"\n")); err != nil {
		return err
	}
	if err := c.record(sys, m, account); err != nil {
		return err
	}
	now.State, now.Backup = ready, ""
	if c.WithoutKeys {
		now.State = keyless
	}
	return writeMarker(c.Data, now)
}

// begin marks an empty directory, or one of a restore that was cut off, of which
// it keeps the blobs when they are of the same backup.
func (c *restoreCmd) begin(m *backup.Manifest) (*marker, error) {
	old, err := readMarker(c.Data)
	if err != nil {
		return nil, err
	}
	if old != nil && old.State != restoring {
		return nil, errors.New("it is a keyhaven data directory already, and a restore needs an empty one")
	}
	drop := []string{metaDir, keyRingFile}
	if old == nil || old.Backup != m.ID {
		drop = append(drop, blobDir)
	}
	now := &marker{Format: formatVersion, Installation: m.Installation, State: restoring, Created: time.Now().UTC(), Backup: m.ID}
	if old == nil {
		if err := writeMarker(c.Data, now); err != nil {
			return nil, err
		}
	}
	for _, name := range drop {
		if err := os.RemoveAll(filepath.Join(c.Data, name)); err != nil {
			return nil, err
		}
	}
	if err := writeMarker(c.Data, now); err != nil {
		return nil, err
	}
	for _, name := range []string{metaDir, blobDir} {
		if err := os.MkdirAll(filepath.Join(c.Data, name), 0o700); err != nil {
			return nil, err
		}
	}
	return now, nil
}

// ring puts the key ring in its place: the one that was named, the one that is
// in the target, or without keys a new one.
func (c *restoreCmd) ring(ctx context.Context, from backup.Target) (*seal.Ring, error) {
	path := filepath.Join(c.Data, keyRingFile)
	if c.WithoutKeys {
		return seal.LoadOrCreate(path)
	}
	var raw []byte
	var err error
	if c.KeyRing != "" {
		raw, err = os.ReadFile(c.KeyRing)
	} else {
		raw, err = targetRing(ctx, from)
	}
	if err != nil {
		return nil, err
	}
	if err := writeFile(path, raw); err != nil {
		return nil, err
	}
	return seal.LoadOrCreate(path)
}

// maxRing bounds the file of a key ring, in bytes.
const maxRing = 4 << 20

func targetRing(ctx context.Context, from backup.Target) ([]byte, error) {
	r, size, err := from.Get(ctx, backup.KeyRingName)
	if errors.Is(err, backup.ErrNotFound) {
		return nil, errors.New("the key ring is not in the target: name its file with --key-ring, or leave the access keys behind with --without-keys")
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size > maxRing {
		return nil, fmt.Errorf("%s of the target is too large to be a key ring", backup.KeyRingName)
	}
	return io.ReadAll(io.LimitReader(r, maxRing))
}

// record begins the audit log, which is in no backup, with what made the directory. A
// restore that is cut off after it and run again records itself again.
func (c *restoreCmd) record(sys *system, m *backup.Manifest, account keyhaven.AccountID) error {
	done := deed{event: "RestoreBackup", account: account, parameters: map[string]string{
		"backup": m.ID, "created": m.Created.UTC().Format(time.RFC3339), "from": c.From, "withoutKeys": strconv.FormatBool(c.WithoutKeys),
	}}
	return recorded(c.Data, func(trail *audit.Log) error { return done.record(sys.ctx, trail, nil) })
}

// load writes what is in the backup, and returns the first account.
func (c *restoreCmd) load(sys *system, from backup.Target, m *backup.Manifest, ring *seal.Ring) (account keyhaven.AccountID, err error) {
	engine, err := pebblekv.Open(filepath.Join(c.Data, metaDir), pebblekv.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	blobs := backup.NewNamedBlobs(func(random io.Reader) (blob.Store, error) {
		return fileblob.Open(filepath.Join(c.Data, blobDir), fileblob.Options{Random: random})
	})
	defer func() { err = errors.Join(err, blobs.Close()) }()
	store := meta.New(engine)
	err = backup.Restore(sys.ctx, backup.RestoreInput{
		From: from, Manifest: m, Meta: store, Blobs: blobs, Ring: ring,
		WithoutKeys: c.WithoutKeys, Report: told(newProgress(sys.stderr)),
	})
	if err != nil {
		return "", err
	}
	err = store.View(sys.ctx, func(r *meta.Reader) error {
		in, err := r.Installation()
		if err == nil && in != nil {
			account = in.Account
		}
		return err
	})
	return account, err
}
