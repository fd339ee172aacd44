package memblob_test

import (
	"testing"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
)

func TestContract(t *testing.T) {
	stores := make(map[string]*memblob.Store) // by dir, so that it can be opened again
	open := func(_ *testing.T, dir string) blob.Store {
		if s, ok := stores[dir]; ok {
			stores[dir] = s.Reopen()
		} else {
			stores[dir] = memblob.New()
		}
		return stores[dir]
	}
	blobtest.Run(t, open, blobtest.Options{Persistent: true})
}
