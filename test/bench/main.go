package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"
)

type options struct {
	duration time.Duration
	run      string
	binary   string
	dir      string
	peerSpec string
	peerKey  string
	list     int
	ceiling  string
	keys     int
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "time", 5*time.Second, "time of each workload on each server")
	flag.StringVar(&o.run, "run", "", "regular expression of the workloads to run")
	flag.StringVar(&o.binary, "binary", "bin/keyhaven", "the server")
	flag.StringVar(&o.dir, "dir", "", "directory for the server's data; a temporary one when empty")
	flag.StringVar(&o.peerSpec, "peer", "", "another S3 server to measure: NAME=URL")
	flag.StringVar(&o.peerKey, "peer-key", "", "its key: ID:SECRET")
	flag.IntVar(&o.list, "list", 10_000, "objects of the large listing (1000000 for the full table)")
	flag.IntVar(&o.keys, "keys", 10_000, "bucket keys of the key-checking workload (100000 for the full table)")
	flag.StringVar(&o.ceiling, "ceiling", "", "serve as the ceiling at this address, and do nothing else")
	flag.Parse()
	if o.ceiling != "" {
		fmt.Fprintln(os.Stderr, serveCeiling(o.ceiling))
		os.Exit(1)
	}
	if err := bench(&o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func workloads(o *options) []*workload {
	var ws []*workload
	for _, size := range []int{kib, 4 * kib, 64 * kib, mib} {
		for _, conc := range []int{1, 32, 128} {
			if size != 4*kib && conc != 32 {
				continue
			}
			ws = append(ws, put(size, conc), read("GET", size, conc), read("HEAD", size, conc))
		}
	}
	for _, size := range []int{8 * mib, 64 * mib} {
		ws = append(ws, put(size, 8), read("GET", size, 8))
	}
	ws = append(ws, multipart(), mixed(32), mixed(128))
	for _, n := range slices.Compact([]int{10_000, o.list}) {
		ws = append(ws, list(n, false), list(n, true))
	}
	return append(ws, deleteOne(32, 20_000), deleteMany(40), checkKeys(o.keys), createKeys())
}

func bench(o *options) error {
	only, err := regexp.Compile(o.run)
	if err != nil {
		return err
	}
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "keyhaven-bench-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.dir = dir
	}
	top, err := startCeiling()
	if err != nil {
		return err
	}
	defer top.stop()
	began := time.Now()
	ours, err := startKeyhaven(o.binary, o.dir)
	if err != nil {
		return err
	}
	fmt.Printf("healthy after %v, idle memory %.1f MiB\n\n", time.Since(began).Round(time.Millisecond), float64(rssOf(ours.pid))/mib)
	envs := []*env{newEnv(top.target, o), newEnv(ours.target, o)}
	if o.peerSpec != "" {
		p, err := peer(o.peerSpec, o.peerKey)
		if err != nil {
			return err
		}
		envs = append(envs, newEnv(p, o))
	}
	for _, e := range envs {
		if err := makeBucket(e); err != nil {
			return fmt.Errorf("%s: %w", e.t.name, err)
		}
	}
	tbl := newTable(os.Stdout, envs)
	failed := 0
	for _, w := range workloads(o) {
		if !only.MatchString(w.name) {
			continue
		}
		var results []*result
		for _, e := range envs {
			r := &result{took: time.Second}
			if !w.ours || e.t.name == "keyhaven" {
				r = measure(e, w)
			}
			if r.err != nil {
				failed++
			}
			results = append(results, r)
		}
		tbl.row(w, results)
	}
	if err := ours.stop(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed", failed)
	}
	return nil
}

func newEnv(t *target, o *options) *env {
	return &env{t: t, opts: o, bodies: map[int]body{}, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func makeBucket(e *env) error {
	c, err := dial(e.t)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	if err := c.do("PUT", "/"+bucketName, "", nil, emptyHash); err != nil && c.status != 409 {
		return err
	}
	return nil
}
