package backup

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// oneFile is a target with room for one file. The suite's own target cannot be
// used here: it imports this package.
type oneFile struct {
	Target
	content []byte
}

func (f *oneFile) Put(_ context.Context, _ string, write func(io.Writer) error) error {
	var buf bytes.Buffer
	err := write(&buf)
	f.content = buf.Bytes()
	return err
}

func (f *oneFile) Get(context.Context, string) (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(f.content)), int64(len(f.content)), nil
}

func (f *oneFile) List(context.Context, string) iter.Seq2[File, error] {
	return func(func(File, error) bool) {}
}

func mustCodec(t testing.TB) *codec {
	t.Helper()
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIndexRoundTrip(t *testing.T) {
	c := mustCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		var want []entry
		for range rapid.IntRange(0, 9000).Draw(t, "entries") { // more than a frame has room for
			var e entry
			binary.BigEndian.PutUint64(e.id[:], uint64(len(want)*3+1))
			e.n = uint64(len(want)) << (len(want) % 40)
			want = append(want, e)
		}
		f := &oneFile{}
		ref, err := putFile(context.Background(), f, "x", func(w io.Writer) error {
			index := newIndexWriter(w, c)
			for _, e := range want {
				if err := index.add(e); err != nil {
					return err
				}
			}
			return index.finish()
		})
		if err != nil {
			t.Fatal(err)
		}
		if ref.Size != int64(len(f.content)) {
			t.Fatalf("the file has %d bytes, and its ref says %d", len(f.content), ref.Size)
		}
		index, err := openIndex(context.Background(), f, ref, c)
		if err != nil {
			t.Fatal(err)
		}
		var got []entry
		for {
			e, ok, err := index.next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, e)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d entries were read of %d, or others", len(got), len(want))
		}
	})
}

// TestCursor compares find with a map.
func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := func(name string) []byte {
			return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOf(rapid.Byte()).Draw(t, name))))
		}
		s, err := newSpool("")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		have := map[byte]bool{}
		for _, b := range ids("have") {
			have[b] = true
			if err := s.add(entry{id: [16]byte{b}, n: uint64(b) + 7}); err != nil {
				t.Fatal(err)
			}
		}
		from, err := s.entries()
		if err != nil {
			t.Fatal(err)
		}
		c := &cursor{from: from}
		for _, b := range ids("asked") {
			n, found, err := c.find([16]byte{b})
			if err != nil || found != have[b] || found && n != uint64(b)+7 {
				t.Fatalf("find(%d) = %d, %v, %v, want found %v", b, n, found, err, have[b])
			}
		}
	})
}

func TestSpoolLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s, err := newSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("the spool shows in its directory: %v, %v", names, err)
	}
}

func TestWorthKeeping(t *testing.T) {
	const full = 1000
	var all []Segment
	add := func(n int, records, live, bytes int64) {
		for range n {
			all = append(all, Segment{Number: len(all), Records: records, Live: live, Bytes: bytes})
		}
	}
	numbers := func() (out []int) {
		for _, s := range worthKeeping(all, full) {
			out = append(out, s.Number)
		}
		return out
	}
	add(1, 100, 25, full) // a quarter is needed
	add(1, 100, 24, full) // less
	add(manySmall, 1, 1, full/smallShare-1)
	want := []int{0}
	for i := range manySmall {
		want = append(want, i+2)
	}
	if d := cmp.Diff(want, numbers()); d != "" {
		t.Errorf("few small segments (-want +got):\n%s", d)
	}
	add(1, 1, 1, 1)
	add(1, 1, 1, full/smallShare)
	if d := cmp.Diff([]int{0, len(all) - 1}, numbers()); d != "" {
		t.Errorf("many small segments (-want +got):\n%s", d)
	}
}

// TestBackupIDs wants ids to ascend under a clock that jumps back.
func TestBackupIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := newBackupID("")
		for range 5 { // within one second
			next := newBackupID(last)
			if next <= last || !backupID.MatchString(next) {
				t.Errorf("after %s comes %s", last, next)
			}
			last = next
		}
		future := "20990101T000000Z-00000000"
		if next := newBackupID(future); next <= future {
			t.Errorf("after %s comes %s", future, next)
		}
	})
}

func TestReporter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Progress
		r := newReporter(func(p Progress) { got = append(got, p) })
		r.step("one")
		for range 25 {
			time.Sleep(100 * time.Millisecond)
			r.add(1, 10)
		}
		r.step("two")
		r.note("careful")
		r.step("")
		want := []Progress{
			{Step: "one", Items: 10, Bytes: 100},
			{Step: "one", Items: 20, Bytes: 200},
			{Step: "one", Items: 25, Bytes: 250, Done: true},
			{Step: "two", Note: "careful"},
			{Step: "two", Done: true},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("reports (-want +got):\n%s", d)
		}
	})
}

// echoStore draws randomness as fileblob does.
type echoStore struct {
	blob.Store
	session blob.Session
	random  io.Reader
	open    *int
}

func (s *echoStore) Session() blob.Session { return s.session }
func (s *echoStore) Close() error          { *s.open--; return nil }

func (s *echoStore) Create(context.Context, int64) (blob.Writer, error) {
	var ref blob.Ref
	copy(ref[:], s.session[:])
	_, err := io.ReadFull(s.random, ref[blob.SessionSize:])
	return refWriter(ref), err
}

type refWriter blob.Ref

func (w refWriter) Write(p []byte) (int, error)              { return len(p), nil }
func (w refWriter) Commit(context.Context) (blob.Ref, error) { return blob.Ref(w), nil }
func (w refWriter) Abort() error                             { return nil }

// TestNamedBlobs has many writers want refs of one session at the same time.
func TestNamedBlobs(t *testing.T) {
	open := 0
	n := NewNamedBlobs(func(random io.Reader) (blob.Store, error) {
		open++
		s := &echoStore{random: random, open: &open}
		_, err := io.ReadFull(random, s.session[:])
		return s, err
	})
	for session := range byte(3) {
		if err := n.begin(t.Context(), blob.Session{session}); err != nil {
			t.Fatal(err)
		}
		var g sync.WaitGroup
		for i := range byte(100) {
			g.Go(func() {
				want := blob.Ref{session, 0, 0, 0, 0, 0, i, ^i}
				w, err := n.create(t.Context(), want, 0)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := w.Commit(t.Context()); got != want || err != nil {
					t.Errorf("Commit = %v, %v, want %v", got, err, want)
				}
			})
		}
		g.Wait()
		if open != 1 {
			t.Errorf("%d stores are open", open)
		}
	}
	if err := errors.Join(n.Close(), n.Close()); err != nil || open != 0 {
		t.Errorf("Close = %v, and %d stores are open", err, open)
	}
	greedy := NewNamedBlobs(func(random io.Reader) (blob.Store, error) {
		_, err := io.ReadFull(random, make([]byte, 100))
		return nil, err
	})
	if err := greedy.begin(t.Context(), blob.Session{}); !errors.Is(err, errDice) {
		t.Errorf("a store that draws more than a ref: %v, want errDice", err)
	}
}

// FuzzBody gives readers a file with a sound trailer and any content.
func FuzzBody(f *testing.F) {
	c := mustCodec(f)
	for _, write := range []func(*frameWriter){
		func(*frameWriter) {},
		func(w *frameWriter) { w.buf = append(w.buf, "some text that is no record at all"...) },
		func(w *frameWriter) {
			w.buf = append(append(w.buf, make([]byte, 16)...), 3, 'a', 'b', 'c')
			w.buf = append(append(w.buf, bytes.Repeat([]byte{1}, 16)...), 0)
		},
		func(w *frameWriter) { w.buf = append(w.buf, 1, 'k', 2, 'v', 'v') },
	} {
		var buf bytes.Buffer
		w := newFrameWriter(&buf, c, 10)
		write(w)
		if err := w.finish(); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file := &oneFile{}
		ref, err := putFile(t.Context(), file, "x", func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, file, ref, c)
	})
}

// FuzzFrame gives readers a sound frame with any content.
func FuzzFrame(f *testing.F) {
	c := mustCodec(f)
	f.Add([]byte{1, 'k', 2, 'v', 'v'})
	f.Add(append(make([]byte, 16), 3, 'a', 'b', 'c'))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := &oneFile{}
		ref, err := putFile(t.Context(), file, "x", func(w io.Writer) error {
			frames := newFrameWriter(w, c, indexFrame)
			frames.buf = raw
			return frames.finish()
		})
		if err != nil {
			t.Skip(err)
		}
		readAll(t, file, ref, c)
	})
}

// readAll reads a file as everything that it could be. Whatever it is, it must
// end, and not with a panic.
func readAll(t *testing.T, file *oneFile, ref FileRef, c *codec) {
	t.Helper()
	if index, err := openIndex(t.Context(), file, ref, c); err == nil {
		var last entry
		for first := true; ; first = false {
			e, ok, err := index.next()
			if err != nil || !ok {
				break
			}
			if !first && !last.less(e) {
				t.Error("an index out of order is accepted")
			}
			last = e
		}
	}
	records, err := readSegment(t.Context(), file, Segment{FileRef: ref, Records: 2}, c)
	if err == nil && len(records) != 2 {
		t.Errorf("a segment of 2 records has %d", len(records))
	}
	r := &reading{t: file, m: &Manifest{}, codec: c, report: newReporter(nil)}
	r.m.Metadata.FileRef, r.m.Data.Index, r.m.Blobs.Index = ref, ref, ref
	_ = r.pairs(t.Context(), func(k, v []byte) error {
		if len(k) > maxKey || len(v) > maxValue {
			t.Errorf("a key of %d bytes and a value of %d are accepted", len(k), len(v))
		}
		return nil
	})
	if err := r.small(t.Context(), func(meta.ID, []byte) error { return nil }); err == nil {
		if index, err := openIndex(t.Context(), file, ref, c); err == nil {
			if _, ok, _ := index.next(); ok {
				t.Error("small objects in no segment are accepted")
			}
		}
	}
}

// FuzzManifest reads any bytes as a manifest.
func FuzzManifest(f *testing.F) {
	file := &oneFile{}
	if err := putJSON(f.Context(), file, "x", Manifest{Format: 1, ID: "a"}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.content)
	f.Add([]byte("{}\nsha256 x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := load(t.Context(), &oneFile{content: raw}, "a")
		if err == nil && m.ID != "a" {
			t.Error("the manifest of another backup is accepted")
		}
	})
}

func TestNewerFormats(t *testing.T) {
	file := &oneFile{}
	if err := putJSON(t.Context(), file, "x", Manifest{Format: manifestFormat + 1, ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t.Context(), file, "a"); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("the manifest of a newer release: %v, want a refusal that does not call it damaged", err)
	}
	if err := putJSON(t.Context(), file, "x", owner{Format: ownerFormat + 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := readOwner(t.Context(), file2{file}); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("the target of a newer release: %v, want a refusal that does not call it damaged", err)
	}
}

// file2 has a name for errors.
type file2 struct{ *oneFile }

func (file2) String() string { return "target" }
