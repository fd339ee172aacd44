package fileblob

import (
	"context"
	"testing"
)

func TestTooLarge(t *testing.T) {
	s, err := Open(t.TempDir(), Options{ReserveBytes: -1}) // the disk need not have room for it
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if _, err := s.Create(ctx, MaxSize+1); err == nil {
		t.Error("Create of more than MaxSize works")
	}
	w, err := s.create(ctx, MaxSize)
	if err != nil {
		t.Fatalf("Create(MaxSize): %v", err)
	}
	if n := cap(w.table); n > 128<<10 {
		t.Errorf("a hint reserves %d bytes of memory", n)
	}
	s.writers.Add(1) // as Create does
	w.size = MaxSize - 3
	if n, err := w.Write(make([]byte, 2)); n != 2 || err != nil {
		t.Errorf("Write below MaxSize = %d, %v", n, err)
	}
	if n, err := w.Write(make([]byte, 2)); n != 0 || err == nil {
		t.Errorf("Write beyond MaxSize = %d, %v, want an error", n, err)
	}
	if _, err := w.Commit(ctx); err == nil {
		t.Error("Commit of a blob that is too large works")
	}
}

// TestWriterHoldsNoBuffer: between large writes, and when it has ended, a writer
// holds no buffer, so that slow clients do not cost one each.
func TestWriterHoldsNoBuffer(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	b, err := s.Create(ctx, -1)
	if err != nil {
		t.Fatal(err)
	}
	w := b.(*writer)
	for _, n := range []int{bufferSize, bufferSize / 2, bufferSize / 2, 5 * bufferSize} {
		if _, err := w.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	if w.buf != nil {
		t.Error("the writer holds a buffer at the end of a chunk")
	}
	if _, err := w.Write([]byte{1}); err != nil || w.buf == nil {
		t.Errorf("a small Write is not buffered: %v", err)
	}
	if _, err := w.Commit(ctx); err != nil || w.buf != nil {
		t.Errorf("after Commit the writer holds a buffer: %t, %v", w.buf != nil, err)
	}
}
