package targettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/keyhaven/keyhaven/internal/backup"
)

// Memory is a target in memory whose files a test can look at and change.
type Memory struct {
	mu     sync.Mutex
	files  map[string][]byte
	locked bool
}

var _ backup.Target = (*Memory)(nil)

// NewMemory returns an empty target.
func NewMemory() *Memory { return &Memory{files: map[string][]byte{}} }

// Names returns the names of all files, in order.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files))
}

// File returns the content of a file, or nil.
func (m *Memory) File(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.files[name])
}

// SetFile replaces the content of a file; nil removes it.
func (m *Memory) SetFile(name string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if content == nil {
		delete(m.files, name)
		return
	}
	m.files[name] = bytes.Clone(content)
}

// Clone returns another target with the same files.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{files: maps.Clone(m.files)}
}

// String implements backup.Target.
func (m *Memory) String() string { return "memory" }

func check(name string) error {
	if !fs.ValidPath(name) || name == "." || name == "lock" {
		return fmt.Errorf("memory: %q is not the name of a file", name)
	}
	return nil
}

// Put implements backup.Target.
func (m *Memory) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := check(name); err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := errors.Join(write(&buf), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = buf.Bytes()
	return nil
}

// Get implements backup.Target.
func (m *Memory) Get(_ context.Context, name string) (io.ReadCloser, int64, error) {
	if err := check(name); err != nil {
		return nil, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[name]
	if !ok {
		return nil, 0, fmt.Errorf("memory: %s: %w", name, backup.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

// List implements backup.Target.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[backup.File, error] {
	return func(yield func(backup.File, error) bool) {
		for _, name := range m.Names() {
			if err := ctx.Err(); err != nil {
				yield(backup.File{}, err)
				return
			}
			content := m.File(name)
			if content == nil || !strings.HasPrefix(name, prefix) {
				continue
			}
			if !yield(backup.File{Name: name, Size: int64(len(content))}, nil) {
				return
			}
		}
	}
}

// Delete implements backup.Target.
func (m *Memory) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := errors.Join(check(name), ctx.Err()); err != nil {
			return err
		}
		m.SetFile(name, nil)
	}
	return nil
}

// Lock implements backup.Target.
func (m *Memory) Lock(context.Context) (backup.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked {
		return nil, backup.ErrLocked
	}
	m.locked = true
	return &memoryLock{m: m}, nil
}

type memoryLock struct {
	m    *Memory
	once sync.Once
}

func (l *memoryLock) Check(context.Context) error { return nil }

func (l *memoryLock) Release() error {
	l.once.Do(func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		l.m.locked = false
	})
	return nil
}
