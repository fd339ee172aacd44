package targettest

import (
	"context"
	"io"
	"iter"
	"sync"

	"github.com/keyhaven/keyhaven/internal/backup"
)

// Call is a call of a target that is about to happen.
type Call struct {
	Op   string // Put, Write, Get, List, Delete, Lock or Check
	Name string // of the file, or the prefix of List
	N    int    // the how many-th call of any kind, from 1
}

// Faulty is a target that fails as it is told. It keeps the contract also then:
// a call that fails has not happened.
type Faulty struct {
	backup.Target

	mu    sync.Mutex
	calls int
	fail  func(Call) error
}

// NewFaulty wraps a target. fail is asked before each call, and its error is the
// call's; it may be called by several goroutines at once.
func NewFaulty(t backup.Target, fail func(Call) error) *Faulty {
	return &Faulty{Target: t, fail: fail}
}

// Calls returns how many calls there were.
func (f *Faulty) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *Faulty) fault(op, name string) error {
	f.mu.Lock()
	f.calls++
	c := Call{Op: op, Name: name, N: f.calls}
	f.mu.Unlock()
	return f.fail(c)
}

// Put implements backup.Target; every Write is a call of its own.
func (f *Faulty) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := f.fault("Put", name); err != nil {
		return err
	}
	return f.Target.Put(ctx, name, func(w io.Writer) error {
		return write(faultyWriter{f, name, w})
	})
}

type faultyWriter struct {
	f    *Faulty
	name string
	w    io.Writer
}

func (w faultyWriter) Write(p []byte) (int, error) {
	if err := w.f.fault("Write", w.name); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

// Get implements backup.Target.
func (f *Faulty) Get(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	if err := f.fault("Get", name); err != nil {
		return nil, 0, err
	}
	return f.Target.Get(ctx, name)
}

// List implements backup.Target.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[backup.File, error] {
	return func(yield func(backup.File, error) bool) {
		if err := f.fault("List", prefix); err != nil {
			yield(backup.File{}, err)
			return
		}
		f.Target.List(ctx, prefix)(yield)
	}
}

// Delete implements backup.Target.
func (f *Faulty) Delete(ctx context.Context, names ...string) error {
	if err := f.fault("Delete", ""); err != nil {
		return err
	}
	return f.Target.Delete(ctx, names...)
}

// Lock implements backup.Target.
func (f *Faulty) Lock(ctx context.Context) (backup.Lock, error) {
	if err := f.fault("Lock", ""); err != nil {
		return nil, err
	}
	l, err := f.Target.Lock(ctx)
	return faultyLock{l, f}, err
}

type faultyLock struct {
	backup.Lock
	f *Faulty
}

func (l faultyLock) Check(ctx context.Context) error {
	if err := l.f.fault("Check", ""); err != nil {
		return err
	}
	return l.Lock.Check(ctx)
}
