package md5lanes

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
)

func random(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// sumOf hashes b in pieces of random size.
func sumOf(p *Pool, rnd *rand.Rand, b []byte) []byte {
	d := p.New()
	for len(b) > 0 {
		n := min(len(b), 1+rnd.IntN(1<<rnd.IntN(18)))
		d.Start(b[:n])
		b = b[n:]
	}
	return d.Sum(nil)
}

func TestSums(t *testing.T) {
	p, rnd := NewPool(), rand.New(rand.NewPCG(1, 1))
	for n := range 300 {
		b := random(rnd, n)
		if got, want := sumOf(p, rnd, b), md5.Sum(b); !bytes.Equal(got, want[:]) {
			t.Fatalf("the sum of %d bytes is %x, want %x", n, got, want)
		}
	}
}

// TestTogether hashes many bodies at once, so that they come and go in all lanes.
func TestTogether(t *testing.T) {
	p := NewPool()
	for _, goroutines := range []int{1, 2, 3, 7, 8, 9, 40} {
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(g), 2))
				for range 20 {
					b := random(rnd, rnd.IntN(200<<10))
					if got, want := sumOf(p, rnd, b), md5.Sum(b); !bytes.Equal(got, want[:]) {
						t.Errorf("the sum of %d bytes is %x, want %x", len(b), got, want)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active != 0 || len(p.queue) != 0 || p.waiting.Load() != 0 {
		t.Errorf("%d jobs are active and %d wait after all have ended", p.active, len(p.queue))
	}
}

// TestPoolsAreApart hashes in a bubble of synctest while others hash outside it:
// nothing of one pool is done by the goroutines of another.
func TestPoolsAreApart(t *testing.T) {
	hash := func(p *Pool) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				body := make([]byte, 64<<10)
				for range 100 {
					d := p.New()
					d.Start(body)
					d.Wait()
				}
			})
		}
		wg.Wait()
	}
	var outside sync.WaitGroup
	outside.Go(func() { hash(NewPool()) })
	synctest.Test(t, func(*testing.T) { hash(NewPool()) })
	outside.Wait()
}

// testKernel compares a kernel with crypto/md5, lane by lane.
func testKernel(t *testing.T, k kernel) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for n := 1; n <= lanes; n++ {
		p := &Pool{wide: k, active: n}
		var b batch
		var bodies [lanes][]byte
		var states [lanes][4]uint32
		for i := range n {
			bodies[i] = random(rnd, blockSize*(1+rnd.IntN(200)))
			states[i] = p.New().state
			b.add(&job{state: &states[i], rest: bodies[i], done: make(chan struct{}, 1)})
		}
		for b.n > 0 {
			b.step(k)
			p.retire(&b)
		}
		for i := range n {
			d := p.New()
			hashAlone(&d.state, bodies[i])
			if states[i] != d.state {
				t.Fatalf("lane %d of %d has %x, want %x", i, n, states[i], d.state)
			}
		}
	}
}

func TestSumKeepsTheDigest(t *testing.T) {
	d := NewPool().New()
	d.Start([]byte("a"))
	d.Sum(nil)
	d.Start([]byte("bc"))
	if got, want := d.Sum([]byte{7}), md5.Sum([]byte("abc")); !bytes.Equal(got[1:], want[:]) || got[0] != 7 {
		t.Errorf("Sum = %x, want 07%x", got, want)
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("abc"), uint8(3))
	p := NewPool()
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		var wg sync.WaitGroup
		for g := range 3 {
			wg.Go(func() {
				d := p.New()
				for rest := b; len(rest) > 0; {
					n := min(len(rest), 1+int(step)*(g+1))
					d.Start(rest[:n])
					rest = rest[n:]
				}
				if got, want := d.Sum(nil), md5.Sum(b); !bytes.Equal(got, want[:]) {
					t.Errorf("the sum of %d bytes is %x, want %x", len(b), got, want)
				}
			})
		}
		wg.Wait()
	})
}

func BenchmarkBodies(b *testing.B) {
	const size = 1 << 20
	for _, n := range []int{1, 2, 4, 8, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, body := NewPool(), make([]byte, 128<<10)
			b.SetBytes(int64(n) * size)
			for b.Loop() {
				var wg sync.WaitGroup
				for range n {
					wg.Go(func() {
						d := p.New()
						for range size / len(body) {
							d.Start(body)
						}
						d.Sum(nil)
					})
				}
				wg.Wait()
			}
		})
	}
	b.Run("crypto", func(b *testing.B) {
		body := make([]byte, size)
		b.SetBytes(size)
		for b.Loop() {
			md5.Sum(body)
		}
	})
}
