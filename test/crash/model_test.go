package crash

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// What an operation can end with but success. With any other error its outcome
// is unknown.
var (
	errAbsent  = errors.New("what is asked for is not there")
	errRefused = errors.New("refused")
)

var errTwoWinners = errors.New("R9: two writers were told that theirs is the one")

// happened says what is known of an operation.
type happened uint8

const (
	yes happened = iota
	no
	perhaps
)

func outcome(err error) happened {
	switch {
	case err == nil:
		return yes
	case errors.Is(err, errAbsent), errors.Is(err, errRefused):
		return no
	}
	return perhaps
}

// state is what one register holds: facts, each a word. An id that nobody knows,
// because the answer never came, is written as "?".
type state []string

func (s state) String() string { return "{" + strings.Join(s, " ") + "}" }

func (s state) with(facts ...string) state {
	out := append(slices.Clone(s), facts...)
	slices.Sort(out)
	return out
}

func (s state) without(drop func(fact string) bool) state {
	return slices.DeleteFunc(slices.Clone(s), drop)
}

func (s state) has(fact string) bool { return slices.Contains(s, fact) }

// find returns the rest of the first fact that begins with prefix.
func (s state) find(prefix string) (string, bool) {
	for _, f := range s {
		if rest, ok := strings.CutPrefix(f, prefix); ok {
			return rest, true
		}
	}
	return "", false
}

func (s state) all(prefix string) (rests []string) {
	for _, f := range s {
		if rest, ok := strings.CutPrefix(f, prefix); ok {
			rests = append(rests, rest)
		}
	}
	return rests
}

// matches reports whether what was seen is s, where "?" in s stands for one id.
func (s state) matches(seen state) bool {
	left := slices.Clone(seen)
	var open []string
	for _, f := range s {
		if i := slices.Index(left, f); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else if strings.Contains(f, "?") {
			open = append(open, f)
		} else {
			return false
		}
	}
	for _, f := range open {
		prefix, _, _ := strings.Cut(f, "?")
		i := slices.IndexFunc(left, func(l string) bool { return strings.HasPrefix(l, prefix) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return len(left) == 0
}

// register is one thing that the workload changes, in operations one after
// another, but for races.
type register struct {
	possible []state
	raced    bool // somebody has won the race for it
}

// model is what is known of all registers.
type model struct {
	mu   sync.Mutex
	regs map[string]*register
}

func newModel() *model { return &model{regs: map[string]*register{}} }

// String says how much is known, for a line of progress.
func (m *model) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("all of %d things are as they were acknowledged", len(m.regs))
}

func (m *model) clone() *model {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newModel()
	for name, r := range m.regs {
		c.regs[name] = &register{possible: slices.Clone(r.possible), raced: r.raced}
	}
	return c
}

func (m *model) get(name string) *register {
	r := m.regs[name]
	if r == nil {
		r = &register{possible: []state{{}}}
		m.regs[name] = r
	}
	return r
}

// current returns the state of a register of which all is known.
func (m *model) current(name string) state {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.get(name)
	if len(r.possible) != 1 {
		panic(fmt.Sprintf("register %s may be in %v", name, r.possible))
	}
	return r.possible[0]
}

// do runs an operation that would take the register to next.
func (m *model) do(name string, next state, op func() error) error {
	m.mu.Lock()
	r := m.get(name)
	before := r.possible
	r.possible = append(slices.Clone(before), next)
	m.mu.Unlock()
	err := op()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch outcome(err) {
	case yes:
		r.possible = []state{next}
	case no:
		r.possible = before
	case perhaps:
	}
	return err
}

// settle is do for an operation whose answer says what the state is.
func (m *model) settle(name string, next state, op func() (state, error)) error {
	var known state
	err := m.do(name, next, func() (err error) {
		known, err = op()
		return err
	})
	if err == nil {
		m.set(name, known)
	}
	return err
}

func (m *model) set(name string, s state) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.get(name).possible = []state{s}
}

// race runs an operation of many that each would take an empty register to a
// state of their own, and of which one may succeed.
func (m *model) race(name string, mine state, op func() error) error {
	m.mu.Lock()
	r := m.get(name)
	if !r.raced {
		r.possible = append(slices.Clone(r.possible), mine)
	}
	m.mu.Unlock()
	err := op()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch outcome(err) {
	case yes:
		if r.raced {
			return fmt.Errorf("%s: %w", name, errTwoWinners)
		}
		r.raced, r.possible = true, []state{mine}
	case no:
		r.possible = slices.DeleteFunc(slices.Clone(r.possible), func(s state) bool { return slices.Equal(s, mine) })
	case perhaps:
	}
	return err
}

// names returns the registers, sorted.
func (m *model) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.regs))
}

// observe holds what was seen against what may be, and takes it as the state.
func (m *model) observe(name string, seen state) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.get(name)
	slices.Sort(seen)
	for _, s := range r.possible {
		if s.matches(seen) {
			r.possible = []state{seen}
			r.raced = r.raced || len(seen) > 0
			return nil
		}
	}
	return fmt.Errorf("%s is %v and should be one of %v", name, seen, r.possible)
}

func sumOf(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}
