package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)} }

func openLog(t testing.TB, dir string, opts Options) *Log {
	t.Helper()
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func add(t testing.TB, l *Log, name string, change ...func(*Event)) {
	t.Helper()
	e := &Event{EventName: name, EventSource: "lightsail.amazonaws.com", AWSRegion: "us-east-1", RecipientAccountID: "111122223333"}
	for _, fn := range change {
		fn(e)
	}
	if err := l.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func names(found []Found) []string {
	var out []string
	for _, f := range found {
		out = append(out, f.Event.EventName)
	}
	return out
}

// whole is the content of all files of a log, in order.
func whole(t testing.TB, dir string) (files []string) {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		raw, err := os.ReadFile(segmentPath(dir, s))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, string(raw))
	}
	return files
}

func verify(t testing.TB, dir string, hashes map[uint64]string) *Report {
	t.Helper()
	rep, err := Verify(dir, hashes)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestChainAcrossRestartsAndDays(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "audit"), newClock()
	hashes := map[uint64]string{}
	for round := range 3 {
		l := openLog(t, dir, Options{Now: c.now})
		for i := range 4 {
			add(t, l, fmt.Sprintf("Event%d", round*4+i))
			n, hash := l.Head()
			hashes[n] = hash
		}
		if round == 1 {
			c.move(24 * time.Hour)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), &Event{}); !errors.Is(err, ErrClosed) {
			t.Errorf("Append after Close = %v, want ErrClosed", err)
		}
	}
	rep := verify(t, dir, hashes)
	if rep.Findings != nil || rep.Files != 2 || rep.Records != 12 || rep.First != 1 || rep.Last != 12 || rep.Hash != hashes[12] {
		t.Errorf("Verify = %+v", rep)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 25 {
				add(t, l, fmt.Sprintf("Event%d-%d", g, i), func(e *Event) { e.ReadOnly = i%2 == 0 })
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if rep := verify(t, dir, nil); rep.Findings != nil || rep.Records != 200 {
		t.Errorf("Verify = %+v, want 200 records and nothing wrong", rep)
	}
}

// TestTampering changes a log in every way that the chain must show (W2).
func TestTampering(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := openLog(t, dir, Options{Now: c.now})
	for i := range 6 {
		if i == 3 {
			c.move(24 * time.Hour)
		}
		add(t, l, fmt.Sprintf("Event%d", i))
	}
	last, hash := l.Head()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	kept := map[uint64]string{last: hash}
	files := whole(t, dir)
	first := strings.SplitAfter(files[0], "\n")
	second := strings.SplitAfter(files[1], "\n")
	for name, change := range map[string][2]string{
		"a changed word":          {strings.Replace(files[0], "Event1", "Event9", 1), files[1]},
		"a changed last word":     {files[0], strings.Replace(files[1], "Event5", "Event9", 1)},
		"a line taken out":        {first[0] + first[2], files[1]},
		"lines exchanged":         {first[0] + first[2] + first[1], files[1]},
		"a line twice":            {first[0] + first[1] + first[1] + first[2], files[1]},
		"the end of a file gone":  {first[0] + first[1], files[1]},
		"the start of a file":     {files[0], second[1] + second[2]},
		"a file emptied":          {files[0], ""},
		"the end of the log gone": {files[0], second[0] + second[1]},
		"no JSON":                 {first[0] + "{\n" + first[2], files[1]},
	} {
		t.Run(name, func(t *testing.T) {
			changed := t.TempDir()
			for i, f := range change {
				segments, _ := listSegments(dir)
				if err := os.WriteFile(segmentPath(changed, segments[i]), []byte(f), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if rep := verify(t, changed, kept); len(rep.Findings) == 0 {
				t.Errorf("Verify finds nothing: %+v", rep)
			}
		})
	}
	if rep := verify(t, dir, kept); rep.Findings != nil {
		t.Errorf("Verify of the log itself = %+v", rep)
	}
}

// TestR1_TornLine cuts the newest file at every byte of its last record, as a
// crash may: the log opens, loses nothing else, and goes on (W4).
func TestR1_TornLine(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, Options{})
	add(t, l, "First")
	add(t, l, "Second")
	l.Close()
	raw := whole(t, dir)[0]
	begin := strings.Index(raw, "\n") + 1
	for at := begin; at < len(raw); at += 17 {
		cut := t.TempDir()
		if err := os.WriteFile(segmentPath(cut, 1), []byte(raw[:at]), 0o600); err != nil {
			t.Fatal(err)
		}
		l := openLog(t, cut, Options{})
		add(t, l, "Third")
		l.Close()
		rep := verify(t, cut, nil)
		if rep.Findings != nil || rep.Records != 2 {
			t.Fatalf("cut at byte %d: %+v", at, rep)
		}
		torn, _ := filepath.Glob(filepath.Join(cut, "torn-*"))
		if (len(torn) == 1) != (at > begin) {
			t.Fatalf("cut at byte %d: set aside %v", at, torn)
		}
	}
}

func TestEmptyNewestFile(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, Options{})
	add(t, l, "First")
	l.Close()
	if err := os.WriteFile(segmentPath(dir, 2), nil, 0o600); err != nil { // the crash came between the file and its record
		t.Fatal(err)
	}
	l = openLog(t, dir, Options{})
	add(t, l, "Second")
	l.Close()
	if rep := verify(t, dir, nil); rep.Findings != nil || rep.Records != 2 {
		t.Errorf("Verify = %+v", rep)
	}
}

func TestPrune(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := openLog(t, dir, Options{Now: c.now, Retention: 48 * time.Hour})
	for i := range 5 {
		add(t, l, fmt.Sprintf("Event%d", i))
		c.move(24 * time.Hour)
	}
	if err := l.Prune(); err != nil {
		t.Fatal(err)
	}
	found, _, err := l.Lookup(Query{Account: "111122223333", Max: MaxPage})
	if err != nil || !slices.Equal(names(found), []string{"Event4", "Event3", "Event2"}) {
		t.Errorf("left after pruning: %v, %v", names(found), err)
	}
	if rep := verify(t, dir, nil); rep.Findings != nil || rep.First != 3 {
		t.Errorf("Verify = %+v, want a log that begins with record 3", rep)
	}
}

func TestSEC_03_SecretsAreMasked(t *testing.T) {
	const leak = "wJalrXUtnFEMI"
	for _, text := range []string{
		`{"accessKey":{"accessKeyId":"AKIA","secretAccessKey":"` + leak + `"}}`,
		`{"instanceNames":["web-1"],"userData":"` + leak + `"}`,
		`{"Credentials":{"SessionToken":"` + leak + `","SecretAccessKey":"` + leak + `"}}`,
		`{"rootPassword":"` + leak + `","invitation":{"signInLink":"https://c/start#` + leak + `"}}`,
		`{"NewPassword":"` + leak + `","OldPassword":"` + leak + `","Password":"` + leak + `"}`,
		`[{"WebIdentityToken":"` + leak + `"},{"clientSecret":"` + leak + `"}]`,
	} {
		got := string(Mask([]byte(text)))
		if strings.Contains(got, leak) || !strings.Contains(got, masked) {
			t.Errorf("Mask(%s) = %s", text, got)
		}
	}
	const plain = `{"bucketName":"b","nextPageToken":"x","password":null,"tags":[{"key":"k","value":"v"}]}`
	var got, want any
	if err := errors.Join(json.Unmarshal(Mask([]byte(plain)), &got), json.Unmarshal([]byte(plain), &want)); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Mask(%s) = %v, %v", plain, got, err)
	}
	if got := Mask([]byte("no JSON")); got != nil {
		t.Errorf("Mask of no JSON = %s, want nothing", got)
	}
	if got := Mask(bytes.Repeat([]byte(" "), maxElements+1)); !json.Valid(got) {
		t.Errorf("Mask of a long text = %s", got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"a":[{"password":"p"},1e400,{"token":{"secret":"s"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := Mask(text); got != nil && !json.Valid(got) {
			t.Errorf("Mask(%q) = %q, which is no JSON", text, got)
		}
	})
}
