package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	workers     = 8
	plainKeys   = 10 // of each worker
	smallBody   = 40 << 10
	largeBody   = 160 << 10 // beyond what goes into a record
	minPart     = 5 << 20
	maxVersions = 6
)

// The buckets that all workers share.
const (
	plainBucket     = "crash-plain"
	versionedBucket = "crash-versioned"
)

// workload changes a system and keeps its model.
type workload struct {
	sys   api
	model *model
	races atomic.Int64 // the race that is on
	big   bool         // now and then a part of 5 MiB

	mu     sync.Mutex
	secret map[string]string // of access keys
	gone   []accessKey       // keys that were deleted
	wrong  []error           // what no crash explains
}

func newWorkload(sys api, m *model) *workload {
	return &workload{sys: sys, model: m, secret: map[string]string{}}
}

// on returns the same workload on another system, as after a restart.
func (w *workload) on(sys api, m *model) *workload {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := &workload{sys: sys, model: m, secret: map[string]string{}, gone: slices.Clone(w.gone), big: w.big}
	for id, s := range w.secret {
		next.secret[id] = s
	}
	next.races.Store(w.races.Load() + 1)
	return next
}

func (w *workload) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Errorf(format, args...))
}

func (w *workload) failures() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.wrong...)
}

// prepare makes what all workers share.
func (w *workload) prepare() error {
	return errors.Join(w.sys.createBucket(plainBucket, false), w.sys.createBucket(versionedBucket, true))
}

// run lets the workers work, each until it has done its steps, stop is closed or
// an outcome is unknown.
func (w *workload) run(seed uint64, workers, steps int, stop <-chan struct{}) {
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			p := &worker{workload: w, name: fmt.Sprintf("w%d", i), random: rand.New(rand.NewPCG(seed, uint64(i)))}
			for range steps {
				select {
				case <-stop:
					return
				default:
				}
				err := p.step()
				if errors.Is(err, errTwoWinners) || err != nil && outcome(err) == no {
					w.fail("%s: %w", p.name, err)
				}
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}

// worker works on registers of its own, and in races.
type worker struct {
	*workload
	name   string
	random *rand.Rand
}

func (p *worker) step() error {
	switch n := p.random.IntN(100); {
	case n < 45:
		return p.plain()
	case n < 57:
		return p.versioned()
	case n < 75:
		return p.multipart()
	case n < 90:
		return p.ownBucket()
	}
	return p.race()
}

// body returns bytes that nobody wrote before.
func (p *worker) body() []byte {
	n := p.random.IntN(smallBody)
	if p.random.IntN(3) == 0 {
		n = largeBody + p.random.IntN(smallBody)
	}
	return p.bytes(n)
}

func (p *worker) bytes(n int) []byte {
	b := make([]byte, n)
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(p.random.Uint32())
	}
	rand.NewChaCha8(seed).Read(b)
	return b
}

func (p *worker) plain() error {
	key := fmt.Sprintf("%s/%02d", p.name, p.random.IntN(plainKeys))
	name := "plain " + key
	cur := p.model.current(name)
	switch p.random.IntN(10) {
	case 0, 1:
		return p.model.do(name, state{}, func() error { return p.sys.remove(plainBucket, key, "") })
	case 2: // an existing object must not be overwritten
		body := p.bytes(10)
		err := p.model.do(name, state{sumOf(body)}, func() error { return p.sys.put(plainBucket, key, body, true) })
		switch {
		case err == nil && len(cur) > 0:
			p.fail("R9: If-None-Match: * overwrote %s", key)
		case errors.Is(err, errRefused) && len(cur) > 0:
			return nil
		}
		return err
	case 3:
		from := fmt.Sprintf("%s/%02d", p.name, p.random.IntN(plainKeys))
		src := p.model.current("plain " + from)
		if len(src) == 0 || from == key {
			return nil
		}
		return p.model.do(name, src, func() error { return p.sys.copyObject(plainBucket, from, key) })
	}
	body := p.body()
	return p.model.do(name, state{sumOf(body)}, func() error { return p.sys.put(plainBucket, key, body, false) })
}

func (p *worker) race() error {
	n := p.races.Load()
	key := fmt.Sprintf("race/%06d", n)
	body := p.body()
	err := p.model.race("plain "+key, state{sumOf(body)}, func() error { return p.sys.put(plainBucket, key, body, true) })
	if err == nil || p.random.IntN(4) == 0 {
		p.races.CompareAndSwap(n, n+1)
	}
	if errors.Is(err, errRefused) {
		return nil // another one won
	}
	return err
}

// versioned writes and deletes in a bucket that keeps everything.
func (p *worker) versioned() error {
	key := p.name
	name := "versioned " + key
	cur := p.model.current(name)
	if len(cur.all("version=")) >= maxVersions {
		return p.removeVersion(name, key, cur)
	}
	fresh := cur.without(func(f string) bool { return strings.HasPrefix(f, "latest=") })
	if p.random.IntN(4) == 0 && len(cur) > 0 {
		return p.model.do(name, fresh.with("version=marker", "latest=marker"), func() error {
			return p.sys.remove(versionedBucket, key, "")
		})
	}
	body := p.body()
	sum := sumOf(body)
	return p.model.do(name, fresh.with("version="+sum, "latest="+sum), func() error {
		return p.sys.put(versionedBucket, key, body, false)
	})
}

// removeVersion removes one that is not the latest, for good.
func (p *worker) removeVersion(name, key string, cur state) error {
	seen, err := p.sys.versions(versionedBucket, key)
	if err != nil {
		return err
	}
	v := seen[len(seen)-1-p.random.IntN(2)]
	fact := "version=marker"
	if !v.marker {
		body, err := p.sys.get(versionedBucket, key, v.id)
		if err != nil {
			return err
		}
		fact = "version=" + sumOf(body)
	}
	if !cur.has(fact) {
		p.fail("%s has a version %s that nobody wrote: %v", key, fact, cur)
	}
	next := slices.Clone(cur)
	i := slices.Index(next, fact)
	next = slices.Delete(next, i, i+1)
	return p.model.do(name, next, func() error { return p.sys.remove(versionedBucket, key, v.id) })
}

// multipart takes one upload a step further.
func (p *worker) multipart() error {
	key := p.name + "/multipart"
	name := "multipart " + key
	cur := p.model.current(name)
	id, open := cur.find("upload=")
	if !open {
		return p.model.settle(name, cur.with("upload=?"), func() (state, error) {
			id, err := p.sys.createUpload(plainBucket, key)
			return cur.with("upload=" + id), err
		})
	}
	mine := func(f string) bool { return strings.HasPrefix(f, "upload=") || strings.HasPrefix(f, "part") }
	have := cur.all("part1=")
	switch n := p.random.IntN(10); {
	case n == 0:
		return p.model.do(name, cur.without(mine), func() error { return p.sys.abort(plainBucket, key, id) })
	case len(have) > 0 && n < 6:
		return p.complete(name, key, id, cur, mine)
	}
	number, body := 1, p.body()
	if len(have) > 0 && partSize(have[0]) >= minPart {
		number = 2
	} else if p.big && p.random.IntN(4) == 0 {
		body = p.bytes(minPart)
	}
	prefix := fmt.Sprintf("part%d=", number)
	fact := fmt.Sprintf("%s%s/%d", prefix, sumOf(body), len(body))
	next := cur.without(func(f string) bool { return strings.HasPrefix(f, prefix) }).with(fact)
	return p.model.do(name, next, func() error {
		_, err := p.sys.putPart(plainBucket, key, id, number, body)
		return err
	})
}

func partSize(fact string) (n int) {
	_, size, _ := strings.Cut(fact, "/")
	fmt.Sscan(size, &n)
	return n
}

func (p *worker) complete(name, key, id string, cur state, mine func(string) bool) error {
	var list []part
	sums := ""
	for i, prefix := range []string{"part1=", "part2="} {
		if fact, ok := cur.find(prefix); ok {
			sum, _, _ := strings.Cut(fact, "/")
			list = append(list, part{number: i + 1, etag: sum})
			sums += fact + "+"
		}
	}
	next := cur.without(func(f string) bool { return mine(f) || strings.HasPrefix(f, "object=") }).with("object=" + sums)
	err := p.model.do(name, next, func() error { return p.sys.complete(plainBucket, key, id, list) })
	if err == nil && p.random.IntN(4) == 0 {
		if again := p.sys.complete(plainBucket, key, id, list); outcome(again) == no {
			p.fail("R8: a repeated Complete of %s was refused: %v", key, again)
		}
	}
	return err
}

// ownBucket works on a bucket that only this worker has, and on its keys.
func (p *worker) ownBucket() error {
	bucket := "crash-own-" + p.name
	name := "bucket " + bucket
	cur := p.model.current(name)
	if !cur.has("bucket") {
		return p.model.do(name, state{"bucket"}, func() error { return p.sys.createBucket(bucket, false) })
	}
	keys := cur.all("key=")
	switch n := p.random.IntN(10); {
	case n == 0:
		err := p.model.do(name, state{}, func() error { return p.sys.deleteBucket(bucket) })
		if err == nil {
			p.retire(bucket, keys...)
		}
		return err
	case n < 4 && len(keys) < 2:
		return p.model.settle(name, cur.with("key=?"), func() (state, error) {
			k, err := p.sys.createKey(bucket)
			if err == nil {
				p.mu.Lock()
				p.secret[k.id] = k.secret
				p.mu.Unlock()
			}
			return cur.with("key=" + k.id), err
		})
	case n < 6 && len(keys) > 0:
		id := keys[p.random.IntN(len(keys))]
		err := p.model.do(name, cur.without(func(f string) bool { return f == "key="+id }), func() error {
			return p.sys.deleteKey(bucket, id)
		})
		if err == nil {
			p.retire(bucket, id)
		}
		return err
	}
	key := fmt.Sprintf("k%d", p.random.IntN(3))
	prefix := "object=" + key + "="
	body := p.body()
	next := cur.without(func(f string) bool { return strings.HasPrefix(f, prefix) }).with(prefix + sumOf(body))
	return p.model.do(name, next, func() error { return p.sys.put(bucket, key, body, false) })
}

// retire notes that keys were deleted, and looks whether they are refused.
func (p *worker) retire(bucket string, ids ...string) {
	for _, id := range ids {
		p.mu.Lock()
		k := accessKey{id, p.secret[id]}
		if k.secret != "" {
			p.gone = append(p.gone, k)
		}
		p.mu.Unlock()
		if ok, err := p.sys.accepted(bucket, k); err == nil && ok && k.secret != "" {
			p.fail("S11: key %s is accepted after it was deleted", id)
		}
	}
}
