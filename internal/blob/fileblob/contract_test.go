package fileblob_test

import (
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob/crashfs"
)

func TestContract(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, dir string) blob.Store { return openStore(t, dir, fileblob.Options{}) }
	blobtest.Run(t, open, blobtest.Options{Persistent: true, NoModel: true})
}

func TestContractOverCrashFS(t *testing.T) {
	t.Parallel()
	systems := make(map[string]*crashfs.FS)
	open := func(t *testing.T, dir string) blob.Store {
		if systems[dir] == nil {
			systems[dir] = crashfs.New("blobs")
		}
		return openStore(t, "blobs", fileblob.Options{FS: systems[dir]})
	}
	blobtest.Run(t, open, blobtest.Options{Persistent: true})
}

func openStore(t *testing.T, dir string, opts fileblob.Options) *fileblob.Store {
	t.Helper()
	s, err := fileblob.Open(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}
