package s3_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven/internal/s3"
)

func TestRows(t *testing.T) {
	names := map[string]bool{}
	for _, row := range s3.AllRows() {
		if names[row.Name] {
			t.Errorf("two rows are named %s", row.Name)
		}
		names[row.Name] = true
		service, action, ok := strings.Cut(row.Action, ":")
		if !ok || action == "" || service != "s3" && service != "s3express" {
			t.Errorf("%s has the action %q", row.Name, row.Action)
		}
		if v := row.VersionAction; v != "" && !strings.Contains(v, "Version") {
			t.Errorf("%s has the version action %q", row.Name, v)
		}
	}
}

// exempt are the operations of the SDK's client that no request to this door
// can be.
var exempt = map[string]string{
	"WriteGetObjectResponse": "is sent to the host of an Object Lambda access point",
	"ListDirectoryBuckets":   "is sent to the control endpoint of S3 Express",
}

// own are the rows that the SDK's client has not.
var own = map[string]string{
	"PostObject": "is the upload from an HTML form",
}

// TestEveryOperationIsARow holds the rows against the AWS SDK for Go: each
// method of its client that sends a request must be a row.
func TestEveryOperationIsARow(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range s3.AllRows() {
		rows[row.Name] = true
	}
	known := 0
	client := reflect.TypeFor[*sdk.Client]()
	for i := range client.NumMethod() {
		m := client.Method(i)
		if m.Type.NumIn() < 3 || !strings.HasSuffix(m.Type.In(2).String(), "."+m.Name+"Input") {
			continue // Options
		}
		known++
		if _, ok := exempt[m.Name]; ok == rows[m.Name] {
			t.Errorf("%s: row = %v, exempt = %v", m.Name, rows[m.Name], ok)
		}
		delete(rows, m.Name)
	}
	if known < 90 {
		t.Fatalf("found %d operations in the SDK only: the search is broken", known)
	}
	for name := range rows {
		if own[name] == "" {
			t.Errorf("row %s is no operation of the SDK", name)
		}
	}
}

// TestEveryUnbuiltRowHasAReason which docs/compatibility.md shows.
func TestEveryUnbuiltRowHasAReason(t *testing.T) {
	for _, row := range s3.Rows() {
		if row.Built == (row.Reason != "") {
			t.Errorf("%s: built %v, reason %q; want one of both", row.Name, row.Built, row.Reason)
		}
	}
}

// target returns a request for the row on an object or bucket.
func rowTarget(row s3.FullRow, bucket string) string {
	path := "/" + bucket
	switch {
	case row.Service:
		path = "/"
	case row.Object:
		path += "/a.txt"
	}
	var query []string
	if row.Param != "" {
		query = append(query, row.Param+"="+row.Value)
	}
	if row.Param2 != "" {
		query = append(query, row.Param2+"=x")
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// rowHeaders returns what a request for the row must have besides.
func rowHeaders(row s3.FullRow, source string) []string {
	if row.Header == "" {
		return nil
	}
	return []string{row.Header + ": " + source}
}

// TestRowsAreReached fails on a row that another one hides.
func TestRowsAreReached(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for _, row := range s3.AllRows() {
		s.do(t, anonymous, row.Method, rowTarget(row, "photos"), "", rowHeaders(row, "photos/b.txt")...)
		if got := s.log.last("op"); got != row.Name {
			t.Errorf("%s %s is %s, want %s", row.Method, rowTarget(row, "photos"), got, row.Name)
		}
	}
}

// TestUnbuiltOperations answer NotImplemented to who may ask, and tell nobody
// else anything.
func TestUnbuiltOperations(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	unbuilt := 0
	for _, row := range s3.AllRows() {
		if row.Built {
			continue
		}
		unbuilt++
		if a := s.do(t, root, row.Method, rowTarget(row, "photos"), ""); a.status != 501 || a.code() != "NotImplemented" {
			t.Errorf("%s as root = %d %s, want 501 NotImplemented", row.Name, a.status, a.code())
		}
		if a := s.do(t, anonymous, row.Method, rowTarget(row, "photos"), ""); a.status != 403 || a.code() != "AccessDenied" {
			t.Errorf("%s as anonymous = %d %s, want 403 AccessDenied", row.Name, a.status, a.code())
		}
	}
	if unbuilt == 0 {
		t.Error("every row is built: this test is of no use any more")
	}
	s.do(t, root, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
}

// empty are the operations that answer that there is none for every bucket.
var empty = set(`GetBucketAnalyticsConfiguration GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration
	GetBucketMetricsConfiguration GetBucketReplication GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration`)

// TestEveryOperationHasATranscript that shows a success, and what it answers to
// anonymous callers and for a bucket that is not there.
func TestEveryOperationHasATranscript(t *testing.T) {
	texts := transcripts(t)
	for _, row := range s3.AllRows() {
		if !row.Built {
			continue
		}
		text, ok := texts[row.Name]
		if !ok {
			t.Errorf("%s has no transcript", row.Name)
			continue
		}
		success, denied, missing := false, false, false
		synctest.Test(t, func(t *testing.T) {
			_, seen := play(t, text)
			for _, x := range seen {
				if x.op == row.Name {
					success = success || x.status/100 == 2
					denied = denied || x.status == 403
					missing = missing || x.status == 404
				}
			}
		})
		if empty[row.Name] {
			success = missing // it never has another answer
		}
		if !success || !denied || !missing && !row.Service && row.Name != "CreateBucket" {
			t.Errorf("the transcript of %s: success %v, denied %v, no bucket %v; want all", row.Name, success, denied, missing)
		}
	}
}
