package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// forgeries are what can be sent by who knows a key's id and not its secret, or
// has seen a request of its owner.
var forgeries = []struct {
	name  string
	forge func(r *http.Request, body string, id string, seen *http.Request)
}{
	{"signed with another secret", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignHeader(r, []byte(body))
	}},
	{"unsigned payload", func(r *http.Request, _, id string, _ *http.Request) { guess(id).SignUnsigned(r) }},
	{"signed chunks", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignStreaming(r, [][]byte{[]byte(body)}, sigv4test.Trailer{})
	}},
	{"signed chunks with a trailer", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignStreaming(r, [][]byte{[]byte(body)}, sigv4test.Trailer{Name: "x-amz-checksum-crc32", Value: "AAAAAA=="})
	}},
	{"unsigned chunks", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignStreamingUnsigned(r, [][]byte{[]byte(body)}, sigv4test.Trailer{})
	}},
	{"presigned", func(r *http.Request, _, id string, _ *http.Request) { guess(id).Presign(r, time.Hour) }},
	{"presigned with a content hash in the query", func(r *http.Request, _, id string, _ *http.Request) {
		q := r.URL.Query()
		q.Set("X-Amz-Content-Sha256", sigv4test.StreamingUnsignedTrailer)
		r.URL.RawQuery = q.Encode()
		guess(id).Presign(r, time.Hour)
	}},
	{"no signature in the header", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignHeader(r, []byte(body))
		head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		r.Header.Set("Authorization", head+"Signature=")
	}},
	{"nothing signed", func(r *http.Request, body, id string, _ *http.Request) {
		guess(id).SignHeader(r, []byte(body))
		head, sig, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
		_, sig, _ = strings.Cut(sig, ",")
		r.Header.Set("Authorization", head+"SignedHeaders=host,"+sig)
	}},
	{"the key id alone", func(r *http.Request, _, id string, _ *http.Request) {
		r.URL.RawQuery += "&AWSAccessKeyId=" + id + "&Signature=x&Expires=9999999999"
	}},
	{"signature version 2", func(r *http.Request, _, id string, _ *http.Request) {
		r.Header.Set("Authorization", "AWS "+id+":c2lnbmF0dXJl")
	}},
	{"the signature of another request", func(r *http.Request, _, _ string, seen *http.Request) {
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
			r.Header.Set(name, seen.Header.Get(name))
		}
	}},
	{"that signature and an unsigned body", func(r *http.Request, _, _ string, seen *http.Request) {
		for _, name := range []string{"Authorization", "X-Amz-Date"} {
			r.Header.Set(name, seen.Header.Get(name))
		}
		r.Header.Set("X-Amz-Content-Sha256", sigv4test.UnsignedPayload)
	}},
}

func guess(id string) sigv4test.Signer {
	s := keyPair{id, "guess"}.signer()
	s.Secret = keyhaven.NewSecret("a guess of forty characters is no secret")
	return s
}

// TestS1_OnlyAKeyIDKnown: every operation that changes something refuses every
// forgery, and nothing changes.
func TestS1_OnlyAKeyIDKnown(t *testing.T) {
	m := newMatrix(t)
	before := m.snapshot(t)
	seen := m.request(t, "GET", "/private/a.txt", "")
	m.own.signer().SignHeader(seen, nil)
	for _, row := range s3.AllRows() {
		if !row.Built || row.Method == "GET" || row.Method == "HEAD" || row.Name == "PostObject" { // TestS1_PostObject
			continue
		}
		for _, f := range forgeries {
			for _, k := range []keyPair{root, m.own} {
				r, body := m.build(t, try{row: row, bucket: "private", source: "private/b.txt"})
				f.forge(r, body, k.id, seen)
				a := m.serve(r)
				if a.status != 403 && a.status != 400 {
					t.Errorf("%s, %s = %d %s, want it refused", row.Name, f.name, a.status, a.code())
				}
			}
		}
		if m.snapshot(t) != before {
			t.Fatalf("%s: a forgery changed something", row.Name)
		}
	}
}

// TestS1_ChangedOnTheWay: what is signed cannot be changed into something else.
func TestS1_ChangedOnTheWay(t *testing.T) {
	m := newMatrix(t)
	before := m.snapshot(t)
	for name, change := range map[string]func(r *http.Request){
		"method":        func(r *http.Request) { r.Method = "DELETE" },
		"key":           func(r *http.Request) { r.URL.Path = "/private/b.txt" },
		"bucket":        func(r *http.Request) { r.URL.Path = "/archive/a.txt" },
		"subresource":   func(r *http.Request) { r.URL.RawQuery = "acl" },
		"acl":           func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") },
		"copy source":   func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "private/b.txt") },
		"metadata":      func(r *http.Request) { r.Header.Set("X-Amz-Meta-Author", "Mallory") },
		"signed header": func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
		"host":          func(r *http.Request) { r.Host = "archive." + domain },
		"date": func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(time.Minute).Format("20060102T150405Z"))
		},
		"content hash": func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", sigv4test.UnsignedPayload) },
		"body": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("NEW CONTENT"))
		},
	} {
		r := m.request(t, "PUT", "/private/a.txt", "new content", "Content-Type: text/plain")
		m.own.signer().SignHeader(r, []byte("new content"))
		change(r)
		if a := m.serve(r); a.status != 403 && a.code() != "XAmzContentSHA256Mismatch" {
			t.Errorf("changed %s = %d %s, want it refused", name, a.status, a.code())
		}
		if m.snapshot(t) != before {
			t.Fatalf("changed %s: something was stored", name)
		}
	}
}

// TestS1_ChunksChangedOnTheWay: signed chunks cannot be reordered, left out,
// repeated or made longer.
func TestS1_ChunksChangedOnTheWay(t *testing.T) {
	m := newMatrix(t)
	before := m.snapshot(t)
	a, b := bytes.Repeat([]byte("a"), 8<<10), bytes.Repeat([]byte("b"), 8<<10)
	pieces := func(raw []byte) [][]byte {
		i := bytes.Index(raw, []byte("\r\n2000;")) + 2
		j := bytes.Index(raw, []byte("\r\n0;")) + 2
		return [][]byte{raw[:i], raw[i:j], raw[j:]}
	}
	for name, change := range map[string]func(p [][]byte) [][]byte{
		"reordered": func(p [][]byte) [][]byte { return [][]byte{p[1], p[0], p[2]} },
		"left out":  func(p [][]byte) [][]byte { return [][]byte{p[0], p[2]} },
		"repeated":  func(p [][]byte) [][]byte { return [][]byte{p[0], p[0], p[2]} },
		"truncated": func(p [][]byte) [][]byte { return p[:2] },
		"no last":   func(p [][]byte) [][]byte { return [][]byte{p[0], p[1], []byte("0\r\n\r\n")} },
		"longer":    func(p [][]byte) [][]byte { return [][]byte{p[0], p[1], p[2], []byte("more")} },
	} {
		r := m.request(t, "PUT", "/private/a.txt", "")
		m.own.signer().SignStreaming(r, [][]byte{a, b}, sigv4test.Trailer{})
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(bytes.Join(change(pieces(raw)), nil)))
		if ans := m.serve(r); ans.status != 403 && ans.status != 400 {
			t.Errorf("chunks %s = %d %s, want them refused", name, ans.status, ans.code())
		}
		if m.snapshot(t) != before {
			t.Fatalf("chunks %s: something was stored", name)
		}
	}
}
