package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLookup(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := openLog(t, dir, Options{Now: c.now})
	start := c.now()
	for i := range 120 {
		if i == 60 {
			c.move(24 * time.Hour)
		}
		add(t, l, fmt.Sprintf("Event%03d", i), func(e *Event) {
			e.UserAgent = strings.Repeat("x", maxText)
			if i%3 == 0 {
				e.RecipientAccountID = "444455556666"
			}
		})
		c.move(time.Second)
	}
	var want []string
	for i := 119; i >= 0; i-- {
		if i%3 != 0 {
			want = append(want, fmt.Sprintf("Event%03d", i))
		}
	}
	var got []string
	q := Query{Account: "111122223333", Max: 7}
	for pages := 0; ; pages++ {
		found, next, err := l.Lookup(q)
		if err != nil || len(found) > q.Max || pages > 20 {
			t.Fatalf("page %d has %d events: %v", pages, len(found), err)
		}
		got = append(got, names(found)...)
		if next == 0 {
			break
		}
		q.Before = next
	}
	if !slices.Equal(got, want) {
		t.Errorf("all pages = %v\nwant %v", got, want)
	}

	some, next, err := l.Lookup(Query{
		Account: "111122223333", Start: start.Add(10 * time.Second), End: start.Add(20 * time.Second), Max: MaxPage,
		Match: func(e *Event) bool { return e.EventName != "Event011" },
	})
	if want := []string{"Event020", "Event019", "Event017", "Event016", "Event014", "Event013", "Event010"}; err != nil || next != 0 || !slices.Equal(names(some), want) {
		t.Errorf("between = %v, %d, %v, want %v", names(some), next, err, want)
	}
}

// TestLookupOfLongLines reads lines that cross the steps in which a file is read.
func TestLookupOfLongLines(t *testing.T) {
	l := openLog(t, t.TempDir(), Options{})
	long := json.RawMessage(`"` + strings.Repeat("y", 50_000) + `"`)
	var want []string
	for i := range 60 {
		name := fmt.Sprintf("Event%d", i)
		add(t, l, name, func(e *Event) { e.RequestParameters, e.ReadOnly = long, true })
		want = append([]string{name}, want...)
	}
	found, _, err := l.Lookup(Query{Account: "111122223333", Max: 60})
	if err != nil || !slices.Equal(names(found), want) {
		t.Errorf("Lookup = %v, %v", names(found), err)
	}
	for _, f := range found {
		if !json.Valid(f.Line) {
			t.Errorf("the line of %s is no JSON", f.Event.EventName)
		}
	}
}

// TestDeliver stores what came since the last delivery, again after a failure,
// and never less.
func TestDeliver(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := openLog(t, dir, Options{Now: c.now})
	stored := map[string][]byte{}
	broken := errors.New("no such bucket")
	fail := true
	d := &Delivery{Prefix: "trail/", Store: func(_ context.Context, key string, body []byte) error {
		if fail {
			return broken
		}
		stored[key] = body
		return nil
	}}
	add(t, l, "CreateBucketAccessKey")
	add(t, l, "DeleteBucketAccessKey", func(e *Event) { e.AWSRegion = "" })
	if err := l.Deliver(t.Context(), d); !errors.Is(err, broken) {
		t.Fatalf("Deliver = %v, want the error of the store", err)
	}
	fail = false
	for range 2 {
		if err := l.Deliver(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	c.move(24 * time.Hour)
	add(t, l, "CreateBucket")
	l.Close()
	l = openLog(t, dir, Options{Now: c.now})
	if err := l.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"trail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/12/01/111122223333_CloudTrail_us-east-1_20261201T1000Z_00000000000000000001.json.gz":   "CreateBucketAccessKey",
		"trail/AWSLogs/111122223333/CloudTrail/aws-global/2026/12/01/111122223333_CloudTrail_aws-global_20261201T1000Z_00000000000000000002.json.gz": "DeleteBucketAccessKey",
		"trail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/12/02/111122223333_CloudTrail_us-east-1_20261202T1000Z_00000000000000000003.json.gz":   "CreateBucket",
	}
	for key, name := range want {
		if got := unpack(t, stored[key]); !slices.Equal(got, []string{name}) {
			t.Errorf("%s holds %v, want %s", path.Base(key), got, name)
		}
	}
	if len(stored) != len(want) {
		t.Errorf("%d objects were stored, want %d", len(stored), len(want))
	}
}

func unpack(t *testing.T, body []byte) (names []string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return nil
	}
	raw, err := io.ReadAll(z)
	var file struct{ Records []Event }
	if err := errors.Join(err, json.Unmarshal(raw, &file)); err != nil {
		t.Error(err)
	}
	for _, e := range file.Records {
		names = append(names, e.EventName)
	}
	return names
}
