package fileblob

import (
	"sync"
	"sync/atomic"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// fanOut is the number of directories; one byte of the ref chooses.
const fanOut = 256

// directory is one of the fan-out directories.
type directory struct {
	path string
	sync dirSyncer

	mu     sync.Mutex
	hidden map[blob.Ref]struct{} // F3

	// loose says that a temporary file was removed or renamed since the last sync,
	// so that the loss of power may bring it back (F5).
	loose atomic.Bool
}

func (d *directory) name(ref blob.Ref) string { return d.path + "/" + ref.String() }

func (d *directory) temporary(ref blob.Ref) string { return d.name(ref) + suffix }

func (d *directory) hide(ref blob.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hidden == nil {
		d.hidden = make(map[blob.Ref]struct{})
	}
	d.hidden[ref] = struct{}{}
}

func (d *directory) show(ref blob.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.hidden, ref)
}

func (d *directory) hides(ref blob.Ref) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.hidden[ref]
	return ok
}

func (d *directory) makeDurable(fs FS) error {
	return d.sync.do(func() error {
		d.loose.Store(false)
		err := fs.SyncDir(d.path)
		if err != nil {
			d.loose.Store(true) // a rename of those who waited may be undone
		}
		return err
	})
}

// removeTemporary removes a temporary file and remembers that this is not durable.
func (d *directory) removeTemporary(fs FS, name string) error {
	err := fs.Remove(name)
	d.loose.Store(true)
	return err
}
