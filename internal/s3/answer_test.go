package s3_test

import (
	"encoding/xml"
	"net/http"
	"regexp"
	"testing"
)

// answer is what the server answered.
type answer struct {
	status int
	header http.Header // canonical names
	body   string
	broken bool // the connection was broken in the middle
}

// code returns the code of an error document.
func (a *answer) code() string { return a.element("Code") }

// element returns the text of the first element of this name.
func (a *answer) element(name string) string {
	if m := regexp.MustCompile("<" + name + ">([^<]*)</" + name + ">").FindStringSubmatch(a.body); m != nil {
		return m[1]
	}
	return ""
}

// elements returns the decoded text of all elements of this name.
func (a *answer) elements(t testing.TB, name string) []string {
	t.Helper()
	found := []string{}
	for _, m := range regexp.MustCompile("<"+name+">([^<]*)</"+name+">").FindAllStringSubmatch(a.body, -1) {
		var text string
		if err := xml.Unmarshal([]byte(m[0]), &text); err != nil {
			t.Fatalf("<%s> = %q: %v", name, m[0], err)
		}
		found = append(found, text)
	}
	return found
}

// want fails the test unless the answer has the status, and for an error the
// code.
func (a *answer) want(t testing.TB, status int, code string) *answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("answer = %d %q, want %d %q\n%s", a.status, a.code(), status, code, a.body)
	}
	return a
}

// wantBody fails the test unless the answer is this success.
func (a *answer) wantBody(t testing.TB, status int, body string) *answer {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("answer = %d %.200q, want %d %.200q", a.status, a.body, status, body)
	}
	return a
}

// wantHeader fails the test unless the header has the value; "" means that it
// must not be there.
func (a *answer) wantHeader(t testing.TB, name, value string) *answer {
	t.Helper()
	if got := a.header.Values(name); value == "" && len(got) > 0 || value != "" && (len(got) != 1 || got[0] != value) {
		t.Errorf("header %s = %q, want %q", name, got, value)
	}
	return a
}
