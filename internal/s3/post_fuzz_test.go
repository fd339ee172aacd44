package s3

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzPostPolicy: any text is a policy or is refused in S3's words, and no
// policy lets a field through that it has no condition for.
func FuzzPostPolicy(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"expiration": "2999-01-01T00:00:00Z", "conditions": []}`,
		`{"expiration": "2999-01-01T00:00:00.000Z", "conditions": [{"bucket": "b"}, ["starts-with", "$key", ""], ["content-length-range", 0, "10"]]}`,
		`{"expiration": 1, "conditions": [{}]}`, `{"expiration": "2999-01-01T00:00:00Z", "conditions": [1, [], ["eq"], ["eq", 1, {}], ["x", "", ""]]}`,
	} {
		f.Add(seed)
	}
	form := &postForm{fields: []formField{{"key", "a"}, {"x-amz-meta-zzzzzz", "b"}}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePostPolicy(base64.StdEncoding.EncodeToString([]byte(text)))
		if err != nil {
			wantKnown(t, err)
			return
		}
		err = p.check(form, "b", time.Now())
		if err != nil {
			wantKnown(t, err)
		} else if !strings.Contains(strings.ToLower(text), "zzzzzz") && !strings.Contains(text, `\u`) {
			t.Fatalf("policy %q allows a field that it does not name", text)
		}
	})
}

// FuzzPostForm: any body is a form with one file, or is refused in S3's words.
func FuzzPostForm(f *testing.F) {
	const field = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n"
	for _, seed := range []string{
		"", "--b--\r\n", field, field + "--b--\r\n",
		field + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nhello\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n", "--b\r\n\r\n\r\n--b", "--b\r\nx",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/b", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		form, err := (&call{r: r}).readForm()
		if err != nil {
			wantKnown(t, err)
			return
		}
		if form.get("key") == "" || form.file == nil {
			t.Fatalf("a form without key or file: %q", body)
		}
		if err := form.asHeaders(r.Header); err != nil {
			wantKnown(t, err)
		}
	})
}
