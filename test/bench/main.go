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
	peers    peers
	list     int
	ceiling  string
	keys     int
	full     bool
	client   string
}

func main() {
	var o options
	flag.BoolVar(&o.full, "full", false, "the whole table: every size and concurrency, -list 1000000, -keys 100000")
	flag.DurationVar(&o.duration, "time", 2*time.Second, "time of each workload on each server")
	flag.StringVar(&o.run, "run", "", "regular expression of the workloads to run, out of the whole table")
	flag.StringVar(&o.binary, "binary", "bin/keyhaven", "the server")
	flag.StringVar(&o.dir, "dir", "", "directory for the server's data; a temporary one when empty")
	flag.Func("peer", "another S3 server to measure: NAME=URL; again for more", o.peers.add)
	flag.Func("peer-key", "the key of the -peer before it: ID:SECRET (default: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)", o.peers.key)
	flag.IntVar(&o.list, "list", 10_000, "objects of the large listing")
	flag.IntVar(&o.keys, "keys", 2_000, "bucket keys of the key-checking workload")
	flag.StringVar(&o.client, "client", "raw", "raw: as little work as can be; sdk: single objects by the AWS SDK for Go")
	flag.StringVar(&o.ceiling, "ceiling", "", "serve as the ceiling at this address, and do nothing else")
	growth := flag.Int("growth", 0, "compare a bucket of so many objects, and -buckets buckets, with a small one; nothing else")
	buckets := flag.Int("buckets", 100_000, "buckets of -growth and -fill")
	fill := flag.Int("fill", 0, "fill -dir, which must be empty, with a bucket of so many objects beside -buckets others, and leave it")
	flag.Parse()
	if o.full {
		o.list, o.keys = 1_000_000, 100_000
	}
	var err error
	switch {
	case o.ceiling != "":
		err = serveCeiling(o.ceiling)
	case *fill > 0:
		err = fillOnly(&o, *fill, *buckets)
	case *growth > 0:
		err = measureGrowth(&o, *growth, *buckets)
	default:
		err = bench(&o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func workloads(o *options) []*workload {
	var ws []*workload
	for _, size := range []int{kib, 4 * kib, 64 * kib, mib} {
		for _, conc := range []int{1, 32, 128} {
			w := []*workload{put(size, conc), read("GET", size, conc), read("HEAD", size, conc)}
			for _, w := range w {
				w.quick = size == 4*kib && conc == 32 || size == 64*kib && conc == 32 && w.name[:4] != "stat"
			}
			ws = append(ws, w...)
		}
	}
	for _, size := range []int{8 * mib, 64 * mib} {
		for _, conc := range []int{1, 8} {
			p, g := put(size, conc), read("GET", size, conc)
			p.quick = size == 8*mib && conc == 8
			g.quick = p.quick
			ws = append(ws, p, g)
		}
	}
	ws = append(ws, multipart(), mixed(1), mixed(32).inQuick(), mixed(128))
	for _, n := range slices.Compact([]int{10_000, o.list}) {
		ws = append(ws, list(n, false).inQuick(), list(n, true).inQuick())
	}
	ws = append(ws, deleteOne(1, 2000), deleteOne(32, 20_000).inQuick(), deleteOne(128, 20_000), deleteMany(40).inQuick())
	return append(ws, checkKeys(o.keys).inQuick(), createKeys().inQuick())
}

func (w *workload) inQuick() *workload {
	w.quick = true
	return w
}

func bench(o *options) error {
	only, err := regexp.Compile(o.run)
	if err != nil {
		return err
	}
	if o.client != "raw" && o.client != "sdk" {
		return fmt.Errorf("-client %q: raw or sdk", o.client)
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
	defer func() { _ = top.stop() }()
	ours, err := startKeyhaven(o.binary, o.dir)
	if err != nil {
		return err
	}
	fmt.Printf("healthy after %v, idle memory %.1f MiB, client %s\n\n", ours.healthy.Round(time.Millisecond), float64(rssOf(ours.pid))/mib, o.client)
	envs := []*env{newEnv(top.target, o), newEnv(ours.target, o)}
	for _, p := range o.peers {
		envs = append(envs, newEnv(p, o))
	}
	for _, e := range envs {
		if err := makeBucket(e); err != nil {
			return fmt.Errorf("%s: %w", e.t.name, err)
		}
	}
	failed := runAll(o, only, envs)
	peak := rssOf(ours.pid)
	time.Sleep(atRest)
	fmt.Printf("\nmemory at the end %.1f MiB, %v later %.1f MiB\n", float64(peak)/mib, atRest, float64(rssOf(ours.pid))/mib)
	if err := ours.stop(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed", failed)
	}
	return nil
}

// atRest is the time after which a server has given back what it needed for a
// burst alone.
const atRest = 15 * time.Second

// runAll measures every workload that is wanted on every server, and returns how
// many measurements failed.
func runAll(o *options, only *regexp.Regexp, envs []*env) (failed int) {
	tbl := newTable(os.Stdout, envs)
	for _, w := range workloads(o) {
		if !only.MatchString(w.name) || o.run == "" && !o.full && !w.quick {
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
	return failed
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
