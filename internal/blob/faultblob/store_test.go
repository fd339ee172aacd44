package faultblob_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/blobtest"
	"github.com/keyhaven/keyhaven/internal/blob/faultblob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
)

func TestContract(t *testing.T) {
	open := func(*testing.T, string) blob.Store { return faultblob.New(memblob.New()) }
	blobtest.Run(t, open, blobtest.Options{NoModel: true})
}

var errTold = errors.New("told to fail")

// life calls each operation once and returns the error of each.
func life(s blob.Store, there blob.Ref) map[faultblob.Op]error {
	ctx := context.Background()
	errs := make(map[faultblob.Op]error)
	w, err := s.Create(ctx, -1)
	errs[faultblob.Create] = err
	if err == nil {
		_, errs[faultblob.Write] = w.Write([]byte("content"))
		_, errs[faultblob.Commit] = w.Commit(ctx)
	}
	r, err := s.Open(ctx, there)
	errs[faultblob.Open] = err
	if err == nil {
		_, errs[faultblob.ReadAt] = r.ReadAt(make([]byte, 1), 0)
		_ = r.Close()
	}
	errs[faultblob.List] = nil
	for _, err := range s.List(ctx) {
		errs[faultblob.List] = err
	}
	errs[faultblob.Delete] = s.Delete(ctx, there)
	return errs
}

func put(t *testing.T, s blob.Store, content string) blob.Ref {
	t.Helper()
	w, err := s.Create(context.Background(), -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	ref, err := w.Commit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func blobs(s blob.Store) int {
	n := 0
	for _, err := range s.List(context.Background()) {
		if err == nil {
			n++
		}
	}
	return n
}

// TestEachCallFails also wants that a call that failed has had no effect.
func TestEachCallFails(t *testing.T) {
	all := []faultblob.Op{faultblob.Create, faultblob.Write, faultblob.Commit, faultblob.Open, faultblob.ReadAt, faultblob.Delete, faultblob.List}
	for _, op := range all {
		inner := memblob.New()
		s := faultblob.New(inner)
		there := put(t, s, "there")
		s.FailAll(op, errTold)
		got := life(s, there)
		for other, err := range got {
			// A blob of which a Write failed cannot be committed.
			want := other == op || op == faultblob.Write && other == faultblob.Commit
			if want != errors.Is(err, errTold) {
				t.Errorf("%s told to fail: %s = %v", op, other, err)
			}
		}
		want := 1 // the new one; the old one is deleted
		switch op {
		case faultblob.Create, faultblob.Write, faultblob.Commit:
			want = 0
		case faultblob.Delete:
			want = 2
		}
		if n := blobs(inner); n != want {
			t.Errorf("%s failed: %d blobs are there, want %d", op, n, want)
		}
		s.Heal()
		for other, err := range life(s, put(t, s, "next")) {
			if err != nil {
				t.Errorf("%s healed: %s = %v", op, other, err)
			}
		}
	}
}

func TestFailNth(t *testing.T) {
	s := faultblob.New(memblob.New())
	put(t, s, "before")
	s.FailNth(faultblob.Create, 2, errTold)
	var got []error
	for range 4 {
		_, err := s.Create(context.Background(), -1)
		got = append(got, err)
	}
	if got[0] != nil || !errors.Is(got[1], errTold) || got[2] != nil || got[3] != nil {
		t.Errorf("Create after FailNth(2) = %v, want only the second to fail", got)
	}
	if n := s.Calls(faultblob.Create); n != 5 {
		t.Errorf("Calls(Create) = %d, want 5", n)
	}
}

func TestFailFuncSeesTheCall(t *testing.T) {
	s := faultblob.New(memblob.New())
	ref := put(t, s, "content")
	var seen []faultblob.Call
	s.FailFunc(func(c faultblob.Call) error {
		seen = append(seen, c)
		if c.Off == 3 {
			return blob.ErrCorrupt
		}
		return nil
	})
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadAt(make([]byte, 2), 1); err != nil {
		t.Errorf("ReadAt(1) = %v", err)
	}
	if _, err := r.ReadAt(make([]byte, 2), 3); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("ReadAt(3) = %v, want ErrCorrupt", err)
	}
	want := []faultblob.Call{
		{Op: faultblob.Open, N: 1, Ref: ref},
		{Op: faultblob.ReadAt, N: 1, Ref: ref, Len: 2, Off: 1},
		{Op: faultblob.ReadAt, N: 2, Ref: ref, Len: 2, Off: 3},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
