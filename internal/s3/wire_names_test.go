package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// prepare does one line of preparation:
//
//	! bucket NAME            make a bucket of the account in us-east-1
//	! key BUCKET             make a key for it: {KEY1}, {KEY2} …
//	! rules BUCKET private|individual|public
//	! versioning BUCKET Enabled|Suspended
//	! put BUCKET KEY TEXT    store an object as the root
//	! sleep DURATION
func prepare(t *testing.T, s *server, n *names, words []string) {
	t.Helper()
	switch words[0] {
	case "bucket":
		s.newBucket(t, words[1])
	case "key":
		k := s.newKey(t, words[1])
		n.secrets[k.id] = k.secret
		n.name("KEY", k.id)
	case "rules":
		s.rules(t, words[1], words[2] == "public", words[2] == "individual")
	case "versioning":
		s.versioning(t, words[1], keyhaven.Versioning(words[2]))
	case "put":
		s.must(t, root, "PUT", "/"+words[1]+"/"+words[2], strings.Join(words[3:], " "))
	case "sleep":
		pause, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
	default:
		t.Fatalf("unknown preparation %q", words)
	}
}

// signAs is {who how}: ROOT and OTHER are the root keys of two accounts, KEY1 a
// key that was made, UNKNOWN one that was not.
var signAs = regexp.MustCompile(`^\{(\w+) ?([^}]*)\}$`)

// signFor signs a request: over its body, or
//
//	unsigned          with UNSIGNED-PAYLOAD
//	presign 1h        in the query, for so long
//	chunked           with signed chunks, and the trailer of the header Trailer
//	unsigned-chunks   with unsigned chunks and that trailer
//	wrong-secret, wrong-body, for-lightsail, no-content-hash
//	late 1h           and send it so much later
//	then H: v         and add a header afterwards
//	cut 3             and lose the last bytes of the body
//	unknown-length    and send it chunked by HTTP
//	claim 5000        and say that the body is so long
func signFor(t testing.TB, r *http.Request, body string, k keyPair, how string) *http.Request {
	t.Helper()
	sign := k.signer()
	verb, rest, _ := strings.Cut(how, " ")
	var trailer sigv4test.Trailer
	if v := r.Header.Get("Trailer"); v != "" {
		trailer.Name, trailer.Value, _ = strings.Cut(v, ":")
		r.Header.Del("Trailer")
	}
	switch verb {
	case "unknown-length":
		r.ContentLength = -1
		sign.SignUnsigned(r)
		return r
	case "claim":
		r.ContentLength, _ = strconv.ParseInt(rest, 10, 64)
		sign.SignUnsigned(r)
		return r
	case "wrong-secret":
		sign.Secret = keyhaven.NewSecret("not the secret")
	case "for-lightsail":
		sign.Service = "lightsail"
	}
	switch verb {
	case "unsigned":
		sign.SignUnsigned(r)
	case "presign":
		sign.Presign(r, duration(t, rest))
	case "chunked":
		sign.SignStreaming(r, [][]byte{[]byte(body)}, trailer)
	case "unsigned-chunks":
		sign.SignStreamingUnsigned(r, [][]byte{[]byte(body)}, trailer)
	default:
		sign.SignHeader(r, []byte(body))
	}
	switch verb {
	case "wrong-body":
		r.Body = io.NopCloser(strings.NewReader(strings.ToUpper(body)))
	case "no-content-hash":
		r.Header.Del("X-Amz-Content-Sha256")
	case "late":
		time.Sleep(duration(t, rest))
	case "then":
		name, value, _ := strings.Cut(rest, ": ")
		r.Header.Add(name, value)
	case "cut":
		n, _ := strconv.ParseInt(rest, 10, 64)
		r.Body = cutBody{io.LimitReader(r.Body, r.ContentLength-n)}
	}
	return r
}

// cutBody ends too early, as the body of a broken connection does.
type cutBody struct{ io.Reader }

func (c cutBody) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c cutBody) Close() error { return nil }

func duration(t testing.TB, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// names are the values that differ from run to run, by the name that stands
// for them.
type names struct {
	values  map[string]string
	secrets map[string]string // by key id
}

func (n *names) key(name string) keyPair {
	switch name {
	case "ROOT":
		return root
	case "OTHER":
		return otherRoot
	case "UNKNOWN":
		return keyPair{"AKIAUNKNOWNUNKNOWNUN", "secret"}
	}
	return keyPair{n.values[name], n.secrets[n.values[name]]}
}

var (
	requestIDs = regexp.MustCompile(`<(RequestId|HostId)>[0-9A-F]{16}</(?:RequestId|HostId)>`)
	keyIDs     = regexp.MustCompile(`AKIA[A-Z2-7]{16}`)
	versions   = regexp.MustCompile(`(?:Version-Id: |VersionId>|VersionIdMarker>)([0-9a-f]{32})`)
	uploads    = regexp.MustCompile(`(?:UploadId>|UploadIdMarker>)([0-9a-f]{32})`)
)

func (n *names) hide(text string) string {
	for _, m := range versions.FindAllStringSubmatch(text, -1) {
		text = strings.ReplaceAll(text, m[1], n.name("VERSION", m[1]))
	}
	for _, m := range uploads.FindAllStringSubmatch(text, -1) {
		text = strings.ReplaceAll(text, m[1], n.name("UPLOAD", m[1]))
	}
	return keyIDs.ReplaceAllStringFunc(text, func(id string) string {
		if n.secrets[id] == "" {
			return id // a fixed one
		}
		return n.name("KEY", id)
	})
}

func (n *names) name(kind, value string) string {
	for name, v := range n.values {
		if v == value {
			return "{" + name + "}"
		}
	}
	for i := 1; ; i++ {
		if free := fmt.Sprint(kind, i); n.values[free] == "" {
			n.values[free] = value
			return "{" + free + "}"
		}
	}
}

func (n *names) show(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "Authorization: {") {
			continue
		}
		for name, value := range n.values {
			line = strings.ReplaceAll(line, "{"+name+"}", value)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
