package check_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/check"
)

// without is a blob store that has lost a blob.
type without struct {
	blob.Store
	ref blob.Ref
}

func (w *without) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	if ref == w.ref {
		return nil, fmt.Errorf("test: %w", blob.ErrNotFound)
	}
	return w.Store.Open(ctx, ref)
}

// rotten is a blob store in which every blob goes bad at an offset. opened is
// called before a blob is opened.
type rotten struct {
	blob.Store
	at     int64
	opened func(blob.Ref)
}

func (r *rotten) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	if r.opened != nil {
		r.opened(ref)
	}
	b, err := r.Store.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &rottenReader{b, r.at}, nil
}

type rottenReader struct {
	blob.Reader
	at int64
}

func (r *rottenReader) ReadAt(p []byte, off int64) (int, error) {
	if off <= r.at && r.at < off+int64(len(p)) {
		return 0, fmt.Errorf("test: %w", blob.ErrCorrupt)
	}
	return r.Reader.ReadAt(p, off)
}

func scrub(t *testing.T, r *rig, blobs blob.Store) (subjects []string, sum check.Summary) {
	t.Helper()
	sum, err := check.Scrub(t.Context(), r.meta, blobs, check.ScrubOptions{Finding: func(f check.Finding) error {
		subjects = append(subjects, f.Bucket+"/"+f.Key)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(subjects)
	return slices.Compact(subjects), sum
}

// TestR4_ScrubNamesEveryDamagedObject lets all blobs go bad at their last byte
// but one, which a check that is not deep does not read.
func TestR4_ScrubNamesEveryDamagedObject(t *testing.T) {
	r := newRig(t)
	r.fill()
	got, sum := scrub(t, r, r.blobs)
	if len(got) > 0 || sum.Objects < 15 || sum.Bytes == 0 {
		t.Fatalf("a sound store: %q, %+v", got, sum)
	}
	rot := &rotten{Store: r.blobs, at: large - 1}
	got, _ = scrub(t, r, rot)
	want := []string{
		"kept/multipart-copy", "kept/shared", "kept/versions", "plain/large", "plain/multipart",
		"plain/unfinished", "plain/unused part",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("damaged objects (-want +got):\n%s", diff)
	}
	r.blobs = rot
	if lines, _ := r.run(check.Options{}); len(lines) > 0 {
		t.Errorf("a check that is not deep found %q", lines)
	}
	if lines, _ := r.run(check.Options{Deep: true}); len(lines) < len(want) {
		t.Errorf("a deep check found %q", lines)
	}
}

func TestR4_ScrubFindsDamagedDataRecords(t *testing.T) {
	r := newRig(t)
	r.fill()
	for _, p := range r.pairs() {
		if p.key[0] == 'd' {
			r.set(p.key, flip(p.value, len(p.value)/2))
		}
	}
	got, _ := scrub(t, r, r.blobs)
	for _, want := range []string{"plain/small", "plain/small-copy", "kept/versions", "kept/deleted", "plain/multipart", "plain/unfinished"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among the damaged objects %q", want, got)
		}
	}
	if slices.Contains(got, "plain/large") || slices.Contains(got, "plain/empty") {
		t.Errorf("objects without damage are among %q", got)
	}
}

// TestScrubDoesNotReportWhatIsReplaced deletes each object just before its blob
// is opened.
func TestScrubDoesNotReportWhatIsReplaced(t *testing.T) {
	r := newRig(t)
	b := r.bucket("busy", false)
	for i := range 20 {
		r.put(b, fmt.Sprintf("key-%02d", i), large+i)
	}
	i := 0
	rot := &rotten{Store: r.blobs, opened: func(blob.Ref) {
		r.delete(b, fmt.Sprintf("key-%02d", i))
		r.must(r.sweep.Once(context.Background()))
		i++
	}}
	if got, sum := scrub(t, r, rot); len(got) > 0 || sum.Objects != 20 {
		t.Errorf("scrub found %q, %+v", got, sum)
	}
}

func TestScrubKeepsTheRate(t *testing.T) {
	r := newRig(t)
	b := r.bucket("paced", false)
	for i := range 8 {
		r.put(b, fmt.Sprintf("key-%d", i), 1<<20)
	}
	synctest.Test(t, func(t *testing.T) {
		const rate = 1 << 20
		began := time.Now()
		var last check.Progress
		sum, err := check.Scrub(t.Context(), r.meta, r.blobs, check.ScrubOptions{
			Rate:     rate,
			Progress: func(p check.Progress) error { last = p; return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 7*time.Second || took > 9*time.Second {
			t.Errorf("8 MiB at 1 MiB/s took %v", took)
		}
		if last.Bytes != 8<<20 || last.Total != 8<<20 || sum.Bytes != 8<<20 || last.Objects != 8 {
			t.Errorf("last progress %+v, summary %+v", last, sum)
		}
	})
}

// TestScrubGivesWay has reading take a second a step, in the time of the test.
func TestScrubGivesWay(t *testing.T) {
	r := newRig(t)
	b := r.bucket("busy", false)
	r.put(b, "key", 1<<20)
	synctest.Test(t, func(t *testing.T) {
		took := func(busy bool) time.Duration {
			began := time.Now()
			_, err := check.Scrub(t.Context(), r.meta, &slow{Store: r.blobs}, check.ScrubOptions{Busy: func() bool { return busy }})
			if err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		idle, busy := took(false), took(true)
		if idle != 4*time.Second || busy < 15*time.Second || busy > 20*time.Second {
			t.Errorf("four steps of a second took %v when idle and %v when busy", idle, busy)
		}
	})
}

type slow struct{ blob.Store }

func (s *slow) Open(ctx context.Context, ref blob.Ref) (blob.Reader, error) {
	b, err := s.Store.Open(ctx, ref)
	return &slowReader{b}, err
}

type slowReader struct{ blob.Reader }

func (r *slowReader) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(time.Second)
	n, err := r.Reader.ReadAt(p, off)
	if errors.Is(err, io.EOF) && n == len(p) {
		err = nil
	}
	return n, err
}

func TestScrubEndsWithItsContext(t *testing.T) {
	r := newRig(t)
	r.fill()
	ctx, cancel := context.WithCancel(t.Context())
	rot := &rotten{Store: r.blobs, at: -1, opened: func(blob.Ref) { cancel() }}
	_, err := check.Scrub(ctx, r.meta, rot, check.ScrubOptions{Finding: func(f check.Finding) error {
		return errors.New("a finding after the end: " + f.String())
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Scrub = %v, want canceled", err)
	}
}

// TestFindingIsOneLine has a key that would forge lines.
func TestFindingIsOneLine(t *testing.T) {
	r := newRig(t)
	b := r.bucket("lines", false)
	r.put(b, "a\nbucket lines: all is well\r\n", large)
	lines, _ := (&rig{t: t, meta: r.meta, blobs: &without{Store: r.blobs, ref: only(t, r)}, ring: r.ring}).run(check.Options{})
	if len(lines) != 1 || strings.ContainsAny(lines[0], "\r\n") {
		t.Errorf("findings = %q", lines)
	}
}

func only(t *testing.T, r *rig) blob.Ref {
	t.Helper()
	for info, err := range r.blobs.List(t.Context()) {
		r.must(err)
		return info.Ref
	}
	t.Fatal("no blob")
	return blob.Ref{}
}
