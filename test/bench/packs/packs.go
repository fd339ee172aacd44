package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/keyhaven/keyhaven/internal/kv"
)

const (
	packSize   = 64 << 20
	headerSize = 16 // object number, length, checksum
	placeSize  = 20 // pack, offset, length, checksum
)

// packs keeps the bytes in shared files and their places in records.
type packs struct {
	db  kv.Store
	dir string

	mu      sync.Mutex
	cond    sync.Cond
	pending *group // not yet being written
	closing bool
	files   map[uint32]*pack
	current *pack
	bg      sync.WaitGroup
	failed  error
}

type pack struct {
	n    uint32
	file *os.File
	size int64
	dead int64 // bytes that no record names; guarded by packs.mu
}

// group is what one write and one sync make durable.
type group struct {
	buf  []byte
	pack *pack // set with done
	base int64
	done chan struct{}
	err  error
}

type place struct {
	pack, off, length, sum uint32
	from                   uint32 // unused bytes keep the size of the record
}

func newPacks(db kv.Store, dir string) (*packs, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s := &packs{db: db, dir: dir, files: map[uint32]*pack{}}
	s.cond.L = &s.mu
	if err := s.next(); err != nil {
		return nil, err
	}
	s.bg.Go(s.writer)
	s.bg.Go(s.compactor)
	return s, nil
}

// next begins a pack, whose name is durable.
func (s *packs) next() error {
	n := uint32(1)
	if s.current != nil {
		n = s.current.n + 1
	}
	f, err := os.OpenFile(filepath.Join(s.dir, fmt.Sprintf("%08x", n)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return err
	}
	p := &pack{n: n, file: f}
	s.mu.Lock()
	s.files[n], s.current = p, p
	s.mu.Unlock()
	return nil
}

// append adds bytes to a pack and returns when they are synced.
func (s *packs) append(i uint64, data []byte) (place, error) {
	sum := crc32.Checksum(data, castagnoli)
	s.mu.Lock()
	g := s.pending
	if g == nil {
		g = &group{done: make(chan struct{})}
		s.pending = g
		s.cond.Broadcast() // the compactor waits for the same
	}
	off := int64(len(g.buf))
	g.buf = binary.BigEndian.AppendUint64(g.buf, i)
	g.buf = binary.BigEndian.AppendUint32(g.buf, uint32(len(data)))
	g.buf = binary.BigEndian.AppendUint32(g.buf, sum)
	g.buf = append(g.buf, data...)
	s.mu.Unlock()
	<-g.done
	if g.err != nil {
		return place{}, g.err
	}
	return place{pack: g.pack.n, off: uint32(g.base + off), length: uint32(len(data)), sum: sum}, nil
}

// writer writes and syncs the groups, one at a time: whoever comes meanwhile
// makes the next.
func (s *packs) writer() {
	for {
		s.mu.Lock()
		for s.pending == nil && !s.closing {
			s.cond.Wait()
		}
		g := s.pending
		s.pending = nil
		s.mu.Unlock()
		if g == nil {
			return
		}
		if s.current.size > packSize {
			g.err = s.next()
		}
		p := s.current
		g.pack, g.base = p, p.size
		if g.err == nil {
			_, g.err = p.file.WriteAt(g.buf, p.size)
		}
		if g.err == nil {
			g.err = syscall.Fdatasync(int(p.file.Fd()))
		}
		s.mu.Lock()
		p.size += int64(len(g.buf))
		s.mu.Unlock()
		close(g.done)
	}
}

func (p place) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, p.pack)
	b = binary.BigEndian.AppendUint32(b, p.off)
	b = binary.BigEndian.AppendUint32(b, p.length)
	b = binary.BigEndian.AppendUint32(b, p.sum)
	return binary.BigEndian.AppendUint32(b, p.from)
}

func decodePlace(b []byte) place {
	return place{
		pack: binary.BigEndian.Uint32(b), off: binary.BigEndian.Uint32(b[4:]),
		length: binary.BigEndian.Uint32(b[8:]), sum: binary.BigEndian.Uint32(b[12:]),
	}
}

func (s *packs) put(i uint64, data []byte) error {
	at, err := s.append(i, data)
	if err != nil {
		return err
	}
	var before *place
	err = s.db.Update(context.Background(), func(t kv.Txn) error {
		key := recordKey(i)
		old, err := t.Get(key)
		before = nil
		switch {
		case err == nil:
			p := decodePlace(old)
			before = &p
		case !errors.Is(err, kv.ErrNotFound):
			return err
		}
		if err := t.Set(key, append(at.encode(), make([]byte, recordSize+12-placeSize)...)); err != nil {
			return err
		}
		return t.Add([]byte("u/bytes"), int64(len(data)))
	})
	if err == nil && before != nil {
		s.bury(*before)
	}
	return err
}

// bury counts the bytes at a place as dead.
func (s *packs) bury(p place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[p.pack]; f != nil {
		f.dead += int64(p.length) + headerSize
		s.cond.Broadcast()
	}
}

func (s *packs) get(i uint64) (data []byte, err error) {
	for range 3 { // a compaction may take the pack away
		var at place
		err = s.db.View(context.Background(), func(r kv.Reader) error {
			rec, err := r.Get(recordKey(i))
			if err == nil {
				at = decodePlace(rec)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if data, err = s.read(at); !errors.Is(err, fs.ErrClosed) {
			return data, err
		}
	}
	return nil, err
}

func (s *packs) read(at place) ([]byte, error) {
	s.mu.Lock()
	f := s.files[at.pack]
	s.mu.Unlock()
	if f == nil {
		return nil, fs.ErrClosed
	}
	data := make([]byte, at.length)
	if _, err := f.file.ReadAt(data, int64(at.off)+headerSize); err != nil {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != at.sum {
		return nil, errDamaged
	}
	return data, nil
}

// compactor rewrites packs of which a quarter is dead, as the engine does with
// its files of values.
func (s *packs) compactor() {
	for {
		s.mu.Lock()
		var victim *pack
		for {
			for _, p := range s.files {
				if p != s.current && p.dead*4 > p.size {
					victim = p
				}
			}
			if victim != nil || s.closing {
				break
			}
			s.cond.Wait()
		}
		closing := s.closing
		s.mu.Unlock()
		if closing {
			return
		}
		if err := s.compact(victim); err != nil {
			s.mu.Lock()
			s.failed = err
			s.mu.Unlock()
			return
		}
	}
}

// compact moves what lives in a pack to the current one.
func (s *packs) compact(p *pack) error {
	raw := make([]byte, p.size)
	if _, err := p.file.ReadAt(raw, 0); err != nil {
		return err
	}
	errs := make(chan error, 64)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 32)
	for off := int64(0); off < p.size; {
		i := binary.BigEndian.Uint64(raw[off:])
		n := int64(binary.BigEndian.Uint32(raw[off+8:]))
		from, data := place{pack: p.n, off: uint32(off)}, raw[off+headerSize:off+headerSize+n]
		off += headerSize + n
		slots <- struct{}{}
		wg.Go(func() {
			if err := s.move(i, from, data); err != nil {
				select {
				case errs <- err:
				default:
				}
			}
			<-slots
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	s.mu.Lock()
	delete(s.files, p.n)
	s.mu.Unlock()
	return errors.Join(os.Remove(p.file.Name()), p.file.Close())
}

// move gives an object that is still at a place another one.
func (s *packs) move(i uint64, from place, data []byte) error {
	lives := func(rec []byte) bool {
		p := decodePlace(rec)
		return p.pack == from.pack && p.off == from.off
	}
	alive := false
	err := s.db.View(context.Background(), func(r kv.Reader) error {
		rec, err := r.Get(recordKey(i))
		alive = err == nil && lives(rec)
		return err
	})
	if err != nil || !alive {
		return err
	}
	at, err := s.append(i, data)
	if err != nil {
		return err
	}
	moved := false
	err = s.db.Update(context.Background(), func(t kv.Txn) error {
		rec, err := t.Get(recordKey(i))
		if err != nil {
			return err
		}
		if moved = lives(rec); !moved {
			return nil
		}
		return t.Set(recordKey(i), append(at.encode(), rec[placeSize:]...))
	})
	if err == nil && !moved {
		s.bury(at)
	}
	return err
}

func (s *packs) close() error {
	s.mu.Lock()
	s.closing = true
	s.cond.Broadcast()
	s.mu.Unlock()
	s.bg.Wait()
	err := errors.Join(s.failed, s.db.Close())
	for _, p := range s.files {
		err = errors.Join(err, p.file.Close())
	}
	return err
}
