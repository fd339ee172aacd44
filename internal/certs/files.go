package certs

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Files is a certificate and its key in two files. What renews them need not
// tell: the files are looked at when clients connect.
type Files struct {
	cert, key string
	log       *slog.Logger

	current atomic.Pointer[tls.Certificate]
	looked  atomic.Int64 // when, in nanoseconds

	mu   sync.Mutex
	seen [2]stamp // of what was read last, or failed to be
}

// stamp tells one state of a file from another.
type stamp struct {
	size int64
	mod  time.Time
}

// NewFiles reads the certificate. It fails when there is none that works.
func NewFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	f.seen = f.stamps()
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Files) stamps() (s [2]stamp) {
	for i, path := range [...]string{f.cert, f.key} {
		if info, err := os.Stat(path); err == nil {
			s[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	return s
}

func (f *Files) load() error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	f.current.Store(&pair)
	return nil
}

// Config returns the configuration of a listener.
func (f *Files) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}
}

func (f *Files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := time.Now().UnixNano()
	if last := f.looked.Load(); now-last >= int64(lookEvery) && f.looked.CompareAndSwap(last, now) {
		f.look()
	}
	return f.current.Load(), nil
}

// look reads the files again when they have changed. While they do not fit
// together, as between the writing of one and the other, the old pair stays.
func (f *Files) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.stamps()
	if now == f.seen {
		return
	}
	f.seen = now
	if err := f.load(); err != nil {
		f.log.Warn("the changed certificate is not used", "err", err)
		return
	}
	f.log.Info("certificate read again", "not_after", f.current.Load().Leaf.NotAfter)
}
