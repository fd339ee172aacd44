package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

// store keeps small objects by number.
type store interface {
	put(i uint64, data []byte) error
	get(i uint64) ([]byte, error)
	close() error
}

type options struct {
	objects, overwrites, size, workers int
	reads                              time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.objects, "objects", 1_000_000, "objects to store")
	flag.IntVar(&o.overwrites, "overwrites", 200_000, "objects to overwrite, at random")
	flag.IntVar(&o.size, "size", 4<<10, "bytes of an object")
	flag.IntVar(&o.workers, "workers", 32, "requests in flight")
	flag.DurationVar(&o.reads, "reads", 10*time.Second, "time of random reads")
	dir := flag.String("dir", "", "directory for the files")
	only := flag.String("way", "", "record or pack: that way alone")
	flag.Parse()
	fmt.Println("| way | step | objects/s | CPU s/1000 | p50 ms | p99 ms | written/stored | on disk/stored | MiB resident |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, way := range []string{"record", "pack"} {
		if *only != "" && way != *only {
			continue
		}
		if err := measure(way, *dir, &o); err != nil {
			fmt.Fprintln(os.Stderr, "packs:", way+":", err)
			os.Exit(1)
		}
	}
}

func measure(way, dir string, o *options) error {
	dir, err := os.MkdirTemp(dir, "keyhaven-packs-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := pebblekv.Open(filepath.Join(dir, "meta"), pebblekv.Options{})
	if err != nil {
		return err
	}
	var s store = &records{db: db}
	if way == "pack" {
		if s, err = newPacks(db, filepath.Join(dir, "packs")); err != nil {
			return err
		}
	}
	size := o.size
	body := func(rnd *rand.Rand) []byte {
		b := make([]byte, size)
		for i := 0; i+8 <= len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], rnd.Uint64())
		}
		return b
	}
	stored := float64(o.objects) * float64(o.size)
	step := func(name string, n int, d time.Duration, logical float64, op func(rnd *rand.Rand, i uint64, b []byte) error) error {
		wrote, cpu, began := written(), processorTime(), time.Now()
		lat, err := run(o.workers, n, d, body, op)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took := time.Since(began)
		amplification := 0.0
		if logical > 0 {
			amplification = float64(written()-wrote) / logical
		}
		fmt.Printf("| %s | %s | %.0f | %.3f | %.2f | %.2f | %.2f | %.2f | %.0f |\n", way, name, float64(len(lat))/took.Seconds(),
			(processorTime()-cpu).Seconds()*1000/float64(len(lat)), ms(lat, 0.5), ms(lat, 0.99), amplification, float64(onDisk(dir))/stored, resident())
		return nil
	}
	put := func(_ *rand.Rand, i uint64, b []byte) error { return s.put(i, b) }
	over := func(rnd *rand.Rand, _ uint64, b []byte) error { return s.put(rnd.Uint64N(uint64(o.objects)), b) }
	get := func(rnd *rand.Rand, _ uint64, _ []byte) error {
		_, err := s.get(rnd.Uint64N(uint64(o.objects)))
		return err
	}
	if err := step("store", o.objects, time.Hour, stored, put); err != nil {
		return err
	}
	if err := step("read", 1<<62, o.reads, 0, get); err != nil {
		return err
	}
	if err := step("overwrite", o.overwrites, time.Hour, float64(o.overwrites)*float64(o.size), over); err != nil {
		return err
	}
	if err := step("read again", 1<<62, o.reads, 0, get); err != nil {
		return err
	}
	return s.close()
}

// run calls op n times, or until d is over, and returns the sorted latencies.
func run(workers, n int, d time.Duration, body func(*rand.Rand) []byte, op func(*rand.Rand, uint64, []byte) error) ([]time.Duration, error) {
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all []time.Duration
	var first error
	end := time.Now().Add(d)
	for w := range workers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), uint64(n)))
			b := body(rnd)
			var lat []time.Duration
			var err error
			for i := next.Add(1) - 1; i < int64(n) && err == nil; i = next.Add(1) - 1 {
				t := time.Now()
				if t.After(end) {
					break
				}
				binary.LittleEndian.PutUint64(b, uint64(i))
				err = op(rnd, uint64(i), b)
				lat = append(lat, time.Since(t))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, lat...)
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	return all, first
}

func ms(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// written returns the bytes that this process has sent to disks.
func written() int64 { return procNumber("/proc/self/io", "write_bytes:") }

func resident() float64 { return float64(procNumber("/proc/self/status", "VmRSS:")) / 1024 }

func procNumber(file, name string) (n int64) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				return 0
			}
		}
	}
	return n
}

func onDisk(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // a file that was removed meanwhile
		}
		if info, err := e.Info(); err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	return n
}
