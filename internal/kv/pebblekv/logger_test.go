package pebblekv

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestR4_DamageDoesNotFloodTheLog opens a store with a damaged table, which
// Pebble tries to read for its statistics again and again.
func TestR4_DamageDoesNotFloodTheLog(t *testing.T) {
	mem := blobStore(t)
	names, err := mem.List("/kv")
	if err != nil {
		t.Fatalf("List() = %v", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			damageByte(t, mem, "/kv/"+name, -20) // in the footer
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var reads countingFS
		reads.FS = mem
		var log bytes.Buffer
		store, err := Open("/kv", Options{FS: &reads, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatalf("Open() = %v", err)
		}
		time.Sleep(40 * time.Second)
		if err := store.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		if lines := strings.Count(log.String(), "\n"); lines < 1 || lines > 5 {
			t.Errorf("forty seconds of damage gave %d lines of log, want about one a minute:\n%.1000s", lines, log.String())
		}
		if n := reads.opens; n > 10_000 {
			t.Errorf("forty seconds of damage gave %d tries to read the table", n)
		}
	})
}

// countingFS counts how often tables are opened, one at a time.
type countingFS struct {
	vfs.FS
	opens int
}

func (c *countingFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if isTable(name) {
		c.opens++
	}
	return c.FS.Open(name, opts...)
}
