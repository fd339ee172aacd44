package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	manifestFormat = 1
	maxManifest    = 256 << 20 // bytes
	manifestDir    = "backups/"
	manifestSuffix = ".json"
	sumPrefix      = "sha256 "
)

// Manifest describes one backup. It is written last (A2), as JSON and a last
// line with the checksum of what is before it.
type Manifest struct {
	Format       int       `json:"format"`
	ID           string    `json:"id"`
	Installation string    `json:"installation"`
	Account      string    `json:"account"`
	Created      time.Time `json:"created"`      // not after the moment that the backup shows
	Release      string    `json:"release"`      // of keyhaven, which wrote it
	StoreFormat  int       `json:"store_format"` // of the data directory that was backed up
	KeyRing      string    `json:"key_ring"`     // fingerprint of the ring that sealed its secrets
	Metadata     Records   `json:"metadata"`
	Data         SmallData `json:"data"`
	Blobs        BlobData  `json:"blobs"`
	Added        Added     `json:"added"`
}

// Records is the dump of the records.
type Records struct {
	FileRef
	Records int64 `json:"records"`
}

// SmallData is the bytes of small objects.
type SmallData struct {
	Index    FileRef   `json:"index"`
	Records  int64     `json:"records"`
	Segments []Segment `json:"segments"`
}

// Segment is a file with the bytes of small objects. Not all of them need to be
// in the backup: Live says how many are.
type Segment struct {
	Number  int `json:"number"` // in the index
	FileRef `json:"file"`
	Records int64 `json:"records"`
	Live    int64 `json:"live"`
	Bytes   int64 `json:"bytes"` // before compression
}

// BlobData is the blobs.
type BlobData struct {
	Index FileRef `json:"index"`
	Blobs int64   `json:"blobs"`
	Bytes int64   `json:"bytes"`
}

// Added is what the backup copied that the target did not hold.
type Added struct {
	Records int64 `json:"records"` // of small objects
	Blobs   int64 `json:"blobs"`
	Bytes   int64 `json:"bytes"` // of both
}

var backupID = regexp.MustCompile(`^\d{8}T\d{6}Z-[0-9a-f]{8}$`)

const idTime = "20060102T150405Z"

// newBackupID returns an id that sorts after the id before, whatever the clock
// says.
func newBackupID(before string) string {
	at := time.Now().UTC()
	if len(before) >= len(idTime) {
		if last, err := time.Parse(idTime, before[:len(idTime)]); err == nil && !at.Truncate(time.Second).After(last) {
			at = last.Add(time.Second)
		}
	}
	var random [4]byte
	rand.Read(random[:])
	return at.Format(idTime) + "-" + hex.EncodeToString(random[:])
}

func manifestName(id string) string { return manifestDir + id + manifestSuffix }

// putJSON writes v with the line that checks it.
func putJSON(ctx context.Context, t Target, name string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("backup: write %s: %w", name, err)
	}
	raw = append(raw, '\n')
	sum := sha256.Sum256(raw)
	raw = append(append(raw, sumPrefix...), hex.EncodeToString(sum[:])+"\n"...)
	err = t.Put(ctx, name, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
	if err != nil {
		return fmt.Errorf("backup: write %s: %w", name, err)
	}
	return nil
}

// getJSON reads what putJSON wrote.
func getJSON(ctx context.Context, t Target, name string, v any) error {
	r, size, err := t.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("backup: read %s: %w", name, err)
	}
	defer r.Close()
	if size > maxManifest {
		return damaged(name, "%d bytes are too many", size)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return fmt.Errorf("backup: read %s: %w", name, err)
	}
	at := bytes.LastIndexByte(bytes.TrimSuffix(raw, []byte("\n")), '\n') + 1
	sum := sha256.Sum256(raw[:at])
	if string(raw[at:]) != sumPrefix+hex.EncodeToString(sum[:])+"\n" {
		return damaged(name, "its checksum does not match")
	}
	if err := json.Unmarshal(raw[:at], v); err != nil {
		return damaged(name, "%v", err)
	}
	return nil
}

// load reads the manifest of a backup.
func load(ctx context.Context, t Target, id string) (*Manifest, error) {
	var m Manifest
	name := manifestName(id)
	if err := getJSON(ctx, t, name, &m); err != nil {
		return nil, err
	}
	if m.Format > manifestFormat {
		return nil, fmt.Errorf("backup: %s: its format is %d and this release knows %d at most: it was written by a newer keyhaven", name, m.Format, manifestFormat)
	}
	if m.Format < 1 || m.ID != id {
		return nil, damaged(name, "it is the manifest of another backup")
	}
	return &m, nil
}

// ids returns the ids of all backups, oldest first.
func ids(ctx context.Context, t Target) ([]string, error) {
	var out []string
	for f, err := range t.List(ctx, manifestDir) {
		if err != nil {
			return nil, fmt.Errorf("backup: list %s: %w", t, err)
		}
		id, ok := strings.CutSuffix(strings.TrimPrefix(f.Name, manifestDir), manifestSuffix)
		if ok && backupID.MatchString(id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Listed is one backup of a list. Err says why its manifest cannot be used.
type Listed struct {
	ID       string
	Manifest *Manifest // nil when Err is set
	Err      error
}

// List returns the backups of a target, oldest first, those with a damaged
// manifest included.
func List(ctx context.Context, t Target) ([]Listed, error) {
	if _, err := readOwner(ctx, t); err != nil {
		return nil, err
	}
	all, err := ids(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(all))
	for i, id := range all {
		m, err := load(ctx, t, id)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		out[i] = Listed{ID: id, Manifest: m, Err: err}
	}
	return out, nil
}

// Find returns the backup with this id, or the newest when it is empty. A
// newest one that is damaged is an error: an older one is taken only when it is
// named.
func Find(ctx context.Context, t Target, id string) (*Manifest, error) {
	if _, err := readOwner(ctx, t); err != nil {
		return nil, err
	}
	if id != "" && !backupID.MatchString(id) {
		return nil, fmt.Errorf("backup: %q is not the id of a backup", id)
	}
	if id == "" {
		all, err := ids(ctx, t)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("backup: %s holds no backup", t)
		}
		id = all[len(all)-1]
	}
	m, err := load(ctx, t, id)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("backup: %s holds no backup %s", t, id)
	}
	return m, err
}
