package s3_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// form is an HTML form in the making.
type form struct {
	fields   []string // "name=value"
	filename string
	file     string
	noFile   bool
}

// field returns the value of a field.
func (f *form) field(name string) string {
	for _, field := range f.fields {
		if n, v, _ := strings.Cut(field, "="); n == name {
			return v
		}
	}
	return ""
}

// without leaves fields out.
func (f *form) without(names ...string) *form {
	f.fields = slices.DeleteFunc(f.fields, func(field string) bool {
		n, _, _ := strings.Cut(field, "=")
		return slices.Contains(names, n)
	})
	return f
}

func (f *form) add(fields ...string) *form {
	f.fields = append(f.fields, fields...)
	return f
}

// credential puts in the fields that say who signs, and when.
func (f *form) credential(k keyPair) *form {
	now := time.Now().UTC()
	return f.add("x-amz-algorithm=AWS4-HMAC-SHA256", "x-amz-credential="+k.id+"/"+now.Format("20060102")+"/"+region+"/s3/aws4_request",
		"x-amz-date="+now.Format("20060102T150405Z"))
}

// allow is a policy that allows the form as it is for an hour.
func (f *form) allow(bucket string) string {
	conditions := []any{map[string]string{"bucket": bucket}}
	for _, field := range f.fields {
		n, v, _ := strings.Cut(field, "=")
		conditions = append(conditions, []string{"eq", "$" + n, strings.ReplaceAll(v, "${filename}", f.filename)})
	}
	text, _ := json.Marshal(map[string]any{"expiration": time.Now().UTC().Add(time.Hour).Format(time.RFC3339), "conditions": conditions})
	return string(text)
}

// sign puts in a policy and its signature.
func (f *form) sign(k keyPair, policy string) *form {
	scope := sigv4.Scope{Date: time.Now().UTC().Format("20060102"), Region: region, Service: "s3"}
	key := sigv4.DeriveKey(keyhaven.NewSecret(k.secret), scope)
	encoded := base64.StdEncoding.EncodeToString([]byte(policy))
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(encoded))
	return f.add("policy="+encoded, "x-amz-signature="+hex.EncodeToString(h.Sum(nil)))
}

const boundary = "0123456789abcdef"

// body writes the form as browsers do.
func (f *form) body() string {
	var b strings.Builder
	for _, field := range f.fields {
		n, v, _ := strings.Cut(field, "=")
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, n, v)
	}
	if !f.noFile {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=%q\r\nContent-Type: text/plain\r\n\r\n%s\r\n", boundary, f.filename, f.file)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.String()
}

// post sends the form.
func (s *server) post(t testing.TB, bucket string, f *form) *answer {
	t.Helper()
	return s.serve(s.request(t, "POST", "/"+bucket, f.body(), "Content-Type: multipart/form-data; boundary="+boundary))
}

// signForm makes the request a form whose fields are the lines of the body:
//
//	key=a/${filename}
//	policy={"expiration": …}   or one that allows the fields
//	file=NAME TEXT
//
// NOBODY sends it without a signature.
func signForm(r *http.Request, body string, k keyPair) {
	f := &form{noFile: true}
	policy := ""
	for line := range strings.SplitSeq(body, "\n") {
		n, v, _ := strings.Cut(line, "=")
		switch n {
		case "policy":
			policy = v
		case "file":
			f.noFile = false
			f.filename, f.file, _ = strings.Cut(v, " ")
		default:
			f.add(line)
		}
	}
	if k != anonymous {
		f.credential(k)
		if policy == "" {
			policy = f.allow(strings.TrimPrefix(r.URL.Path, "/"))
		}
		f.sign(k, policy)
	}
	body = f.body()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
}
