package blobtest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/blob"
)

// model runs random histories against a map. The same store serves all of them,
// each of which begins by deleting what is there.
func (s suite) model(t *testing.T) {
	dir := t.TempDir()
	store := s.open(t, dir)
	defer func() { closeStore(t, store) }()
	rapid.Check(t, func(rt *rapid.T) {
		empty(rt, store)
		m := &machine{suite: s, store: store, blobs: make(map[blob.Ref][]byte)}
		actions := map[string]func(*rapid.T){
			"":       m.checkList,
			"put":    m.put,
			"abort":  m.abort,
			"delete": m.delete,
			"read":   m.read,
		}
		if s.Persistent {
			actions["reopen"] = func(*rapid.T) {
				closeStore(t, store)
				store = s.open(t, dir)
				m.store = store
			}
		}
		rt.Repeat(actions)
	})
}

// machine is the model: what must be there.
type machine struct {
	suite
	store blob.Store
	blobs map[blob.Ref][]byte
	refs  []blob.Ref // the keys of blobs, in the order of their commits
}

// content draws bytes whose length is often at an edge.
func (m *machine) content(t *rapid.T) []byte {
	near := rapid.SampledFrom([]int{0, m.ChunkSize, 2 * m.ChunkSize, 4 * m.ChunkSize}).Draw(t, "near")
	n := max(0, near+rapid.IntRange(-300, 300).Draw(t, "more"))
	return Bytes(rapid.Uint64().Draw(t, "seed"), n)
}

func (m *machine) write(t *rapid.T) (blob.Writer, []byte) {
	content := m.content(t)
	w := create(t, m.store, rapid.Int64Range(-1, int64(4*m.ChunkSize)).Draw(t, "hint"))
	step := rapid.IntRange(m.ChunkSize/7, 5*m.ChunkSize).Draw(t, "step")
	for part := range slices.Chunk(content, step) {
		write(t, w, part)
	}
	return w, content
}

func (m *machine) put(t *rapid.T) {
	w, content := m.write(t)
	ref := commit(t, w)
	if _, ok := m.blobs[ref]; ok {
		t.Fatalf("Commit gave %s again", ref)
	}
	m.blobs[ref] = content
	m.refs = append(m.refs, ref)
}

func (m *machine) abort(t *rapid.T) {
	w, _ := m.write(t)
	if err := w.Abort(); err != nil {
		t.Fatalf("Abort: %v", err)
	}
}

func (m *machine) pick(t *rapid.T) int {
	if len(m.refs) == 0 {
		t.Skip("no blob")
	}
	return rapid.IntRange(0, len(m.refs)-1).Draw(t, "which")
}

func (m *machine) delete(t *rapid.T) {
	i := m.pick(t)
	ref := m.refs[i]
	if err := m.store.Delete(context.Background(), ref); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	delete(m.blobs, ref)
	m.refs = slices.Delete(m.refs, i, i+1)
	checkAbsent(t, m.store, ref)
}

func (m *machine) read(t *rapid.T) {
	ref := m.refs[m.pick(t)]
	r := openBlob(t, m.store, ref)
	content := m.blobs[ref]
	if got := r.Size(); got != int64(len(content)) {
		t.Fatalf("Size = %d, want %d", got, len(content))
	}
	off := rapid.IntRange(0, len(content)+2).Draw(t, "off")
	checkRange(t, r, content, off, rapid.IntRange(0, len(content)+2).Draw(t, "n"))
	closeReader(t, r)
}

func (m *machine) checkList(t *rapid.T) {
	want := make(map[blob.Ref]int64)
	for ref, content := range m.blobs {
		want[ref] = int64(len(content))
	}
	if diff := cmp.Diff(want, listed(t, m.store)); diff != "" {
		t.Fatalf("List (-want +got):\n%s", diff)
	}
}
