package md5lanes

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	lanes = 8
	// slice is how many bytes of each lane are hashed between two looks at who
	// has come.
	slice = 4 << 10
	// enough is how many lanes make the others not worth waiting for.
	enough = 4
)

// job is whole blocks that wait to be hashed.
type job struct {
	state *[4]uint32
	rest  []byte
	done  chan struct{} // of one place
}

// Pool shares the lanes among the bodies of a process: it should have one. A leader is a goroutine that hashes what
// waits until nothing does; another one begins only when the lanes of all are
// taken, because full lanes cost no more than empty ones.
type Pool struct {
	wide    kernel // nil where the processor has no lanes
	waiting atomic.Int32

	mu      sync.Mutex
	queue   []*job
	active  int // jobs in lanes
	leaders int
}

// NewPool returns a pool without work. It needs no end: its goroutines live no
// longer than the bodies that are being hashed.
func NewPool() *Pool {
	return &Pool{wide: bestKernel()}
}

func (p *Pool) submit(j *job) {
	p.mu.Lock()
	p.queue = append(p.queue, j)
	p.waiting.Add(1)
	begin := p.active+len(p.queue) > p.leaders*p.width() && p.leaders < runtime.GOMAXPROCS(0)
	if begin {
		p.leaders++
	}
	p.mu.Unlock()
	if begin {
		go p.lead()
	}
}

func (p *Pool) width() int {
	if p.wide == nil {
		return 1
	}
	return lanes
}

// lead hashes until nothing waits.
func (p *Pool) lead() {
	b := &batch{}
	for p.fill(b) {
		if b.n < enough && p.wide != nil {
			// Whoever can run may bring another body into an empty lane.
			runtime.Gosched()
			if p.waiting.Load() > 0 {
				continue
			}
		}
		b.step(p.wide)
		p.retire(b)
	}
}

// fill takes jobs into the free lanes. It reports whether there is work; when
// there is none, the leader has ended.
func (p *Pool) fill(b *batch) bool {
	if b.n > 0 && (b.n == p.width() || p.waiting.Load() == 0) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(p.queue), p.width()-b.n)
	for _, j := range p.queue[:n] {
		b.add(j)
	}
	left := copy(p.queue, p.queue[n:])
	clear(p.queue[left:])
	p.queue = p.queue[:left]
	p.waiting.Add(-int32(n))
	p.active += n
	if b.n == 0 {
		p.leaders--
		return false
	}
	return true
}

// retire ends the jobs that are done.
func (p *Pool) retire(b *batch) {
	for i := 0; i < b.n; {
		j := b.jobs[i]
		if len(j.rest) > 0 {
			i++
			continue
		}
		b.remove(i)
		p.mu.Lock()
		p.active--
		p.mu.Unlock()
		j.done <- struct{}{}
	}
}

// batch is the jobs in the lanes of one leader, the first n of them.
type batch struct {
	n     int
	jobs  [lanes]*job
	state [4][lanes]uint32
	data  [lanes]*byte
}

func (b *batch) add(j *job) {
	for w, v := range j.state {
		b.state[w][b.n] = v
	}
	b.jobs[b.n] = j
	b.n++
}

// remove gives lane i its last state and its place to the last lane.
func (b *batch) remove(i int) {
	b.n--
	for w := range b.state {
		b.jobs[i].state[w] = b.state[w][i]
		b.state[w][i] = b.state[w][b.n]
	}
	b.jobs[i], b.jobs[b.n] = b.jobs[b.n], nil
}

// step hashes the same number of bytes of every lane.
func (b *batch) step(wide kernel) {
	if b.n == 1 {
		b.stepAlone()
		return
	}
	size := slice
	for _, j := range b.jobs[:b.n] {
		size = min(size, len(j.rest))
	}
	for i := range b.data {
		// An empty lane reads what the first one reads; nobody takes its state.
		b.data[i] = &b.jobs[0].rest[0]
		if i < b.n {
			b.data[i] = &b.jobs[i].rest[0]
		}
	}
	wide(&b.state, &b.data, size/blockSize, &sines)
	for _, j := range b.jobs[:b.n] {
		j.rest = j.rest[size:]
	}
	clear(b.data[:])
}

func (b *batch) stepAlone() {
	j := b.jobs[0]
	n := min(4*slice, len(j.rest))
	var state [4]uint32
	for w := range state {
		state[w] = b.state[w][0]
	}
	hashAlone(&state, j.rest[:n])
	for w := range state {
		b.state[w][0] = state[w]
	}
	j.rest = j.rest[n:]
}

// kernel hashes blocks of 64 bytes of every lane into its state.
type kernel func(state *[4][lanes]uint32, data *[lanes]*byte, blocks int, k *[64][lanes]uint32)
