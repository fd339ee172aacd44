package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

const (
	smallBucket  = 10_000 // objects of the bucket that the large one is compared with
	growthRounds = 8
	growthConc   = 8
)

// measureGrowth compares a server whose bucket has n objects beside so many
// other buckets with one that has few of both. Rounds alternate between the two,
// so that whatever else the machine does falls on both.
func measureGrowth(o *options, n, buckets int) error {
	dir, err := os.MkdirTemp(o.dir, "keyhaven-growth-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	small, err := grow(o, filepath.Join(dir, "small"), smallBucket, 10)
	if err != nil {
		return err
	}
	large, err := grow(o, filepath.Join(dir, "large"), n, buckets)
	if err != nil {
		return err
	}
	fmt.Printf("\n| %d objects against %d | p50 ms | p50 ms of %d | p99 ms | p99 ms of %d | p99 ratio |\n|---|---|---|---|---|---|\n",
		n, smallBucket, smallBucket, smallBucket)
	over := 0
	for _, op := range growthOps() {
		var all [2][]time.Duration
		for range growthRounds {
			for i, g := range []*grown{small, large} {
				lat, err := g.round(op, o.duration/2)
				if err != nil {
					return fmt.Errorf("%s: %w", op.name, err)
				}
				all[i] = append(all[i], lat...)
			}
		}
		slices.Sort(all[0])
		slices.Sort(all[1])
		p99 := [2]time.Duration{quantile(all[0], 0.99), quantile(all[1], 0.99)}
		r := float64(p99[1]) / float64(p99[0])
		if r > 1.3 {
			over++
		}
		fmt.Printf("| %-16s | %7.2f | %7.2f | %7.2f | %7.2f | %.2f |\n", op.name,
			ms(quantile(all[1], 0.5)), ms(quantile(all[0], 0.5)), ms(p99[1]), ms(p99[0]), r)
	}
	fmt.Printf("\nmemory at the end: %.0f MiB with %d objects, %.0f MiB with %d\n",
		float64(rssOf(large.p.pid))/mib, n, float64(rssOf(small.p.pid))/mib, smallBucket)
	if err := small.p.stop(); err != nil {
		return err
	}
	if err := large.p.stop(); err != nil {
		return err
	}
	if over > 0 {
		return fmt.Errorf("%d operations are slower by more than 1.3 at p99", over)
	}
	return nil
}

// fillOnly leaves a large installation in the directory of the options.
func fillOnly(o *options, n, buckets int) error {
	if o.dir == "" {
		return errors.New("-fill needs -dir")
	}
	g, err := grow(o, o.dir, n, buckets)
	if err != nil {
		return err
	}
	return g.p.stop()
}

// grown is a server with objects d%07d/k%02d in one bucket, and other buckets.
type grown struct {
	p       *process
	e       *env
	objects int
	buckets int
	serial  atomic.Int64
}

func growKey(i int) string { return fmt.Sprintf("/%s/d%07d/k%02d", bucketName, i/100, i%100) }

// grow fills a fresh server, and starts it again.
func grow(o *options, dir string, objects, buckets int) (*grown, error) {
	p, err := startKeyhaven(o.binary, dir)
	if err != nil {
		return nil, err
	}
	g := &grown{p: p, e: newEnv(p.target, o), objects: objects, buckets: buckets}
	if err := makeBucket(g.e); err != nil {
		return nil, err
	}
	began := time.Now()
	b := g.e.body(kib)
	err = each(g.e, objects, func(c *client, i int) error { return c.do("PUT", growKey(i), "", b.data, b.hash) })
	if err != nil {
		return nil, err
	}
	filled := time.Since(began)
	err = each(g.e, buckets, func(c *client, i int) error {
		if err := c.do("PUT", otherBucket(i), "", nil, emptyHash); err != nil {
			return err
		}
		return c.do("PUT", otherBucket(i)+"/object", "", b.data, b.hash)
	})
	if err != nil {
		return nil, err
	}
	fmt.Printf("%d objects in %v, %d buckets in %v, %.0f MiB of memory", objects, filled.Round(time.Second),
		buckets, (time.Since(began) - filled).Round(time.Second), float64(rssOf(p.pid))/mib)
	if err := p.stop(); err != nil {
		return nil, err
	}
	if g.p, err = startKeyhaven(o.binary, dir); err != nil {
		return nil, err
	}
	fmt.Printf("; started again: healthy after %v, %.0f MiB\n", g.p.healthy.Round(time.Millisecond), float64(rssOf(g.p.pid))/mib)
	g.e = newEnv(g.p.target, o)
	return g, nil
}

func otherBucket(i int) string { return fmt.Sprintf("/other-bucket-%07d", i) }

// growthOp is one kind of request.
type growthOp struct {
	name string
	do   func(g *grown, c *client, rnd *rand.Rand) error
}

func growthOps() []growthOp {
	put := func(g *grown, c *client, path string) error {
		b := g.e.bodies[kib]
		return c.do("PUT", path, "", b.data, b.hash)
	}
	return []growthOp{
		{"PUT, new", func(g *grown, c *client, rnd *rand.Rand) error {
			return put(g, c, fmt.Sprintf("/%s/d%07d/n%d", bucketName, rnd.IntN(g.objects/100), g.serial.Add(1)))
		}},
		{"PUT, over", func(g *grown, c *client, rnd *rand.Rand) error { return put(g, c, growKey(rnd.IntN(g.objects))) }},
		{"GET", func(g *grown, c *client, rnd *rand.Rand) error {
			return c.do("GET", growKey(rnd.IntN(g.objects)), "", nil, emptyHash)
		}},
		{"HEAD", func(g *grown, c *client, rnd *rand.Rand) error {
			return c.do("HEAD", growKey(rnd.IntN(g.objects)), "", nil, emptyHash)
		}},
		{"LIST, 1000 keys", func(_ *grown, c *client, rnd *rand.Rand) error {
			// Pages begin anywhere in the keys of both.
			return c.do("GET", "/"+bucketName, fmt.Sprintf("list-type=2&max-keys=1000&start-after=d%07d", rnd.IntN(smallBucket/100-15)), nil, emptyHash)
		}},
		{"LIST, delimiter", func(_ *grown, c *client, _ *rand.Rand) error {
			return c.do("GET", "/"+bucketName, "delimiter=%2F&list-type=2&max-keys=100", nil, emptyHash)
		}},
		{"GET, any bucket", func(g *grown, c *client, rnd *rand.Rand) error {
			return c.do("GET", otherBucket(rnd.IntN(g.buckets))+"/object", "", nil, emptyHash)
		}},
		{"PUT, any bucket", func(g *grown, c *client, rnd *rand.Rand) error {
			return put(g, c, otherBucket(rnd.IntN(g.buckets))+"/object")
		}},
	}
}

// round sends requests of one kind for a while and returns how long each took.
func (g *grown) round(op growthOp, d time.Duration) ([]time.Duration, error) {
	w := &workload{name: op.name, conc: growthConc, setup: func(e *env) error { e.body(kib); return nil }}
	w.op = func(_ *env, c *client, rnd *rand.Rand, _ int64) error { return op.do(g, c, rnd) }
	opts := *g.e.opts
	opts.duration = d
	e := *g.e
	e.opts = &opts
	r := measure(&e, w)
	return r.latencies, r.err
}
