package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// workload is one row of the table.
type workload struct {
	name  string
	conc  int
	unit  string // what a count is: requests, keys or MiB
	per   float64
	ours  bool // the ceiling has nothing to compare it with
	setup func(*env) error
	op    func(*env, *client, *rand.Rand, int64) error // int64: a number that is never given twice
	limit int64                                        // most operations, 0 for as many as fit the time
	quick bool                                         // part of the short table
}

// env is a server and what the workloads keep about it.
type env struct {
	t      *target
	opts   *options
	bodies map[int]body
	keys   []bucketKey // of the key-checking workload
	http   *http.Client
}

type body struct {
	data []byte
	hash string
}

func (e *env) body(size int) body {
	b, ok := e.bodies[size]
	if !ok {
		b.data = make([]byte, size)
		for i := range b.data {
			b.data[i] = byte(rand.Uint32())
		}
		b.hash = hashOf(b.data)
		e.bodies[size] = b
	}
	return b
}

// result is what one workload measured on one server.
type result struct {
	count     int64
	took      time.Duration
	latencies []time.Duration // a sample
	serverCPU time.Duration
	clientCPU time.Duration
	rss       int64
	err       error
}

func (r *result) rate(w *workload) float64 { return float64(r.count) * w.per / r.took.Seconds() }

// measure runs one workload on one server.
func measure(e *env, w *workload) *result {
	r := &result{}
	if w.setup != nil {
		if r.err = w.setup(e); r.err != nil {
			r.err = fmt.Errorf("setup: %w", r.err)
			return r
		}
	}
	clients := make([]*client, w.conc)
	for i := range clients {
		c, err := dial(e.t)
		if err != nil {
			r.err = err
			return r
		}
		defer c.conn.Close()
		if e.opts.client == "sdk" {
			c.useSDK()
		}
		clients[i] = c
	}
	cpu0, self0 := cpuOf(e.t.pid), cpuOfSelf()
	begin := time.Now()
	end := begin.Add(e.opts.duration)
	var serial, done atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			var lat []time.Duration
			for time.Now().Before(end) {
				n := serial.Add(1) - 1
				if w.limit > 0 && n >= w.limit {
					break
				}
				t := time.Now()
				if err := w.op(e, c, rnd, n); err != nil {
					mu.Lock()
					r.err = err
					mu.Unlock()
					return
				}
				lat = append(lat, time.Since(t))
				done.Add(1)
			}
			mu.Lock()
			r.latencies = append(r.latencies, lat...)
			mu.Unlock()
		})
	}
	wg.Wait()
	r.took = time.Since(begin)
	r.count = done.Load()
	r.serverCPU, r.clientCPU = cpuOf(e.t.pid)-cpu0, cpuOfSelf()-self0
	r.rss = rssOf(e.t.pid)
	return r
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

func sizeName(n int) string {
	if n >= mib {
		return fmt.Sprint(n/mib, "MiB")
	}
	return fmt.Sprint(n/kib, "KiB")
}

const bucketName = "bench-bucket"

// preload puts keys prefix/0 … prefix/n-1 of a size, unless they are there.
func preload(e *env, prefix string, n, size int) error {
	c, err := dial(e.t)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	name := func(i int) string { return fmt.Sprintf("/%s/%s/%d", bucketName, prefix, i) }
	if c.do("HEAD", name(n-1), "", nil, emptyHash) == nil && c.length == int64(size) {
		return nil
	}
	b := e.body(size)
	return each(e, n, func(c *client, i int) error {
		if err := c.do("PUT", name(i), "", b.data, b.hash); err != nil || size < mib {
			return err
		}
		// Large objects are read once, so that what is measured is not the
		// growth of the page cache.
		return c.do("GET", name(i), "", nil, emptyHash)
	})
}

// each calls fn for 0 … n-1 over 32 connections; the last comes last.
func each(e *env, n int, fn func(c *client, i int) error) error {
	var next atomic.Int64
	errs := make(chan error, 32)
	for range cap(errs) {
		go func() {
			c, err := dial(e.t)
			if err != nil {
				errs <- err
				return
			}
			defer c.conn.Close()
			for {
				i := next.Add(1) - 1
				if i >= int64(n-1) {
					errs <- nil
					return
				}
				if err := fn(c, int(i)); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var first error
	for range cap(errs) {
		if err := <-errs; first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	c, err := dial(e.t)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	return fn(c, n-1)
}

const preloaded = 2000

func put(size, conc int) *workload {
	w := &workload{name: fmt.Sprintf("put/%s/c%d", sizeName(size), conc), conc: conc, unit: "obj", per: 1}
	if size >= mib {
		w.unit, w.per = "MiB", float64(size)/mib
	}
	w.op = func(e *env, c *client, _ *rand.Rand, n int64) error {
		b := e.bodies[size]
		if size >= mib {
			n %= max(16, 512*mib/int64(size)) // do not fill the disk
		}
		return c.do("PUT", fmt.Sprintf("/%s/put%d-%d/%d", bucketName, size, conc, n), "", b.data, b.hash)
	}
	w.setup = func(e *env) error { e.body(size); return nil }
	return w
}

func read(method string, size, conc int) *workload {
	name := map[string]string{"GET": "get", "HEAD": "stat"}[method]
	w := &workload{name: fmt.Sprintf("%s/%s/c%d", name, sizeName(size), conc), conc: conc, unit: "obj", per: 1}
	n := preloaded
	if size >= mib {
		n = max(8, 256*mib/size)
		if method == "GET" {
			w.unit, w.per = "MiB", float64(size)/mib
		}
	}
	prefix := fmt.Sprint("get", size)
	w.setup = func(e *env) error { return preload(e, prefix, n, size) }
	w.op = func(_ *env, c *client, rnd *rand.Rand, _ int64) error {
		if err := c.do(method, fmt.Sprintf("/%s/%s/%d", bucketName, prefix, rnd.IntN(n)), "", nil, emptyHash); err != nil {
			return err
		}
		if c.length != int64(size) {
			return fmt.Errorf("%s gave %d bytes, want %d", method, c.length, size)
		}
		return nil
	}
	return w
}

// mixed is 45 % GET, 30 % STAT, 15 % PUT and 10 % DELETE of 16 KiB.
func mixed(conc int) *workload {
	const size = 16 * kib
	return &workload{
		name: fmt.Sprintf("mixed/16KiB/c%d", conc), conc: conc, unit: "ops", per: 1,
		setup: func(e *env) error { return preload(e, "get16384", preloaded, size) },
		op: func(e *env, c *client, rnd *rand.Rand, n int64) error {
			fresh := fmt.Sprintf("/%s/mix/%d", bucketName, n)
			old := fmt.Sprintf("/%s/get%d/%d", bucketName, size, rnd.IntN(preloaded))
			switch p := rnd.IntN(100); {
			case p < 45:
				return c.do("GET", old, "", nil, emptyHash)
			case p < 75:
				return c.do("HEAD", old, "", nil, emptyHash)
			case p < 90:
				b := e.bodies[size]
				return c.do("PUT", fresh, "", b.data, b.hash)
			default:
				return c.do("DELETE", fmt.Sprintf("/%s/mix/%d", bucketName, rnd.Int64N(n+1)), "", nil, emptyHash)
			}
		},
	}
}

// multipart uploads 256 MiB in parts of 16 MiB.
func multipart() *workload {
	const parts, size = 16, 16 * mib
	return &workload{
		name: "multipart/256MiB/c1", conc: 1, unit: "MiB", per: 256, limit: 4,
		setup: func(e *env) error { e.body(size); return nil },
		op: func(e *env, c *client, _ *rand.Rand, n int64) error {
			path := fmt.Sprintf("/%s/multi/%d", bucketName, n%2)
			c.keep = true
			defer func() { c.keep = false }()
			if err := c.do("POST", path, "uploads=", nil, emptyHash); err != nil {
				return err
			}
			id := between(c.body, "<UploadId>", "</UploadId>")
			var list bytes.Buffer
			list.WriteString("<CompleteMultipartUpload>")
			b := e.bodies[size]
			for i := 1; i <= parts; i++ {
				if err := c.do("PUT", path, fmt.Sprintf("partNumber=%d&uploadId=%s", i, id), b.data, b.hash); err != nil {
					return err
				}
				fmt.Fprintf(&list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i, c.etag)
			}
			list.WriteString("</CompleteMultipartUpload>")
			return c.do("POST", path, "uploadId="+id, list.Bytes(), hashOf(list.Bytes()))
		},
	}
}

func between(b []byte, from, to string) string {
	_, rest, _ := bytes.Cut(b, []byte(from))
	v, _, _ := bytes.Cut(rest, []byte(to))
	return string(v)
}

// list reads pages of a thousand keys of n; with a delimiter the keys are in
// folders of a hundred.
func list(n int, delimiter bool) *workload {
	w := &workload{name: fmt.Sprintf("list/%dk/flat", n/1000), conc: 4, unit: "keys", per: 1000}
	query := "list-type=2&prefix=list%d%%2F&start-after=list%d%%2Fd%05d%%2F"
	if delimiter {
		w.name = fmt.Sprintf("list/%dk/delimiter", n/1000)
		w.per = float64(min(1000, n/100))
		w.ours = true // the ceiling has no such page
		query = "delimiter=%%2F&list-type=2&prefix=list%d%%2F"
	}
	w.setup = func(e *env) error {
		return preloadList(e, n)
	}
	w.op = func(_ *env, c *client, rnd *rand.Rand, _ int64) error {
		if delimiter {
			return c.do("GET", "/"+bucketName, fmt.Sprintf(query, n), nil, emptyHash)
		}
		return c.do("GET", "/"+bucketName, fmt.Sprintf(query, n, n, rnd.IntN(max(1, n/100-10))), nil, emptyHash)
	}
	return w
}

func preloadList(e *env, n int) error {
	b := e.body(kib)
	c, err := dial(e.t)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	name := func(i int) string { return fmt.Sprintf("/%s/list%d/d%05d/k%02d", bucketName, n, i/100, i%100) }
	if e.t.name == "ceiling" || c.do("HEAD", name(n-1), "", nil, emptyHash) == nil {
		return nil
	}
	return each(e, n, func(c *client, i int) error { return c.do("PUT", name(i), "", b.data, b.hash) })
}

// deleteOne deletes keys one by one; what it deletes is put first.
func deleteOne(conc, n int) *workload {
	return &workload{
		name: fmt.Sprintf("delete/c%d", conc), conc: conc, unit: "obj", per: 1, limit: int64(n),
		setup: func(e *env) error {
			b := e.body(kib)
			return each(e, n, func(c *client, i int) error {
				return c.do("PUT", fmt.Sprintf("/%s/del/%d", bucketName, i), "", b.data, b.hash)
			})
		},
		op: func(_ *env, c *client, _ *rand.Rand, n int64) error {
			return c.do("DELETE", fmt.Sprintf("/%s/del/%d", bucketName, n), "", nil, emptyHash)
		},
	}
}

// deleteMany deletes a thousand keys in a request.
func deleteMany(requests int) *workload {
	const perRequest = 1000
	return &workload{
		name: "delete/1000/c4", conc: 4, unit: "keys", per: perRequest, limit: int64(requests),
		setup: func(e *env) error {
			b := e.body(kib)
			return each(e, requests*perRequest, func(c *client, i int) error {
				return c.do("PUT", fmt.Sprintf("/%s/many/%d/%d", bucketName, i/perRequest, i%perRequest), "", b.data, b.hash)
			})
		},
		op: func(_ *env, c *client, _ *rand.Rand, n int64) error {
			var doc bytes.Buffer
			doc.WriteString("<Delete><Quiet>true</Quiet>")
			for i := range perRequest {
				fmt.Fprintf(&doc, "<Object><Key>many/%d/%d</Key></Object>", n, i)
			}
			doc.WriteString("</Delete>")
			return c.do("POST", "/"+bucketName, "delete=", doc.Bytes(), hashOf(doc.Bytes()))
		},
	}
}
