package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/fileblob"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// sink is a response writer that keeps only the status.
type sink struct {
	h      http.Header
	status int
	n      int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

type house struct {
	handler http.Handler
	signer  sigv4test.Signer
}

// build puts the house together over the real engines.
func build(b *testing.B) *house {
	b.Helper()
	dir := b.TempDir()
	kv, err := pebblekv.Open(filepath.Join(dir, "meta"), pebblekv.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "blobs"), 0o700); err != nil {
		b.Fatal(err)
	}
	blobs, err := fileblob.Open(filepath.Join(dir, "blobs"), fileblob.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ring, err := seal.LoadOrCreate(filepath.Join(dir, "keyring.json"))
	if err != nil {
		b.Fatal(err)
	}
	m := meta.New(kv)
	account := keyhaven.Account{ID: "123456789012", CanonicalID: "c"}
	if err := m.Update(b.Context(), func(tx *meta.Txn) error { return tx.PutAccount(account) }); err != nil {
		b.Fatal(err)
	}
	keys := access.New(m, ring, access.Options{})
	key, err := keys.CreateRootKey(b.Context(), account.ID)
	if err != nil {
		b.Fatal(err)
	}
	buckets := bucket.New(m, bucket.Options{})
	if _, _, err := buckets.Create(b.Context(), bucket.CreateInput{Account: account.ID, Region: "us-east-1", Name: "bench"}); err != nil {
		b.Fatal(err)
	}
	objects := object.New(m, blobs, &blob.Pins{}, object.Options{})
	door := s3.New(keys, buckets, objects, s3.Options{Region: "us-east-1"})
	b.Cleanup(func() {
		keys.Close()
		kv.Close()
		blobs.Close()
	})
	return &house{
		handler: edge.New(edge.Options{S3: door, Log: slog.New(slog.DiscardHandler)}),
		signer:  sigv4test.Signer{AccessKeyID: key.ID, Secret: key.Secret, Region: "us-east-1", Service: "s3", Now: time.Now},
	}
}

func (h *house) request(b *testing.B, method, path string, body []byte) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:9000"+path, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Host = "127.0.0.1:9000"
	h.signer.SignHeader(r, body)
	return r
}

func (h *house) serve(b *testing.B, r *http.Request) *sink {
	w := &sink{h: make(http.Header, 8)}
	h.handler.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		b.Fatalf("%s %s = %d", r.Method, r.URL, w.status)
	}
	return w
}

func benchmarkRead(b *testing.B, method string, size int) {
	h := build(b)
	h.serve(b, h.request(b, "PUT", "/bench/key", make([]byte, size)))
	r := h.request(b, method, "/bench/key", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.serve(b, r.Clone(r.Context()))
	}
}

func BenchmarkGet4KiB(b *testing.B) { benchmarkRead(b, "GET", 4<<10) }
func BenchmarkGet1MiB(b *testing.B) { benchmarkRead(b, "GET", 1<<20) }
func BenchmarkHead(b *testing.B)    { benchmarkRead(b, "HEAD", 4<<10) }

func benchmarkPut(b *testing.B, size int) {
	h := build(b)
	body := make([]byte, size)
	const distinct = 1000
	var requests [distinct]*http.Request
	for i := range requests {
		requests[i] = h.request(b, "PUT", fmt.Sprintf("/bench/key/%d", i), body)
	}
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(16) // commits share their sync
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := requests[n.Add(1)%distinct]
			c := r.Clone(r.Context())
			c.Body = io.NopCloser(bytes.NewReader(body))
			h.serve(b, c)
		}
	})
}

func BenchmarkPut4KiB(b *testing.B) { benchmarkPut(b, 4<<10) }
func BenchmarkPut1MiB(b *testing.B) { benchmarkPut(b, 1<<20) }

// BenchmarkClone is what the others pay for a fresh request.
func BenchmarkClone(b *testing.B) {
	h := build(b)
	r := h.request(b, "GET", "/bench/key", nil)
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Clone(r.Context())
	}
}
