package fileblob

import "sync"

// dirSyncer shares the syncs of one directory. A caller is served by a sync that
// began after its call (F2): one that is running may have missed its change, so
// all who come during it wait for the next, which one of them performs.
type dirSyncer struct {
	mu   sync.Mutex
	last *round // running or finished
	next *round // not begun; whoever comes joins it
}

type round struct {
	done chan struct{} // closed when err is set
	err  error
}

// do returns after a call of sync that began after the call of do.
func (d *dirSyncer) do(sync func() error) error {
	d.mu.Lock()
	if r := d.next; r != nil {
		d.mu.Unlock()
		<-r.done
		return r.err
	}
	r, last := &round{done: make(chan struct{})}, d.last
	d.next = r
	d.mu.Unlock()

	if last != nil {
		<-last.done
	}
	d.mu.Lock()
	d.last, d.next = r, nil
	d.mu.Unlock()

	defer close(r.done)
	r.err = sync()
	return r.err
}
