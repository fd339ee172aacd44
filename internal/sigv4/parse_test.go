package sigv4_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

const (
	okCredential = testID + "/20130524/us-east-1/s3/aws4_request"
	okSigned     = "host;x-amz-content-sha256;x-amz-date"
)

func authorization(credential, signed, signature string) string {
	return "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + signed + ", Signature=" + signature
}

// headerRequest is a header-form request whose headers can be replaced; a nil
// value takes one away.
func headerRequest(changes http.Header) *http.Request {
	r := putRequest()
	r.Header.Set("Authorization", authorization(okCredential, okSigned, seed))
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", sigv4.EmptyHash)
	for name, values := range changes {
		r.Header[name] = values
		if values == nil {
			delete(r.Header, name)
		}
	}
	return r
}

func TestParseHeader(t *testing.T) {
	auth := func(v ...string) http.Header { return http.Header{"Authorization": v} }
	cred := func(c string) http.Header { return auth(authorization(c, okSigned, seed)) }
	signed := func(s string) http.Header { return auth(authorization(okCredential, s, seed)) }
	hash := func(v ...string) http.Header { return http.Header{"X-Amz-Content-Sha256": v} }
	tests := []struct {
		name   string
		header http.Header
		want   sigv4.Reason
	}{
		{"valid", nil, 0},
		{"valid, without spaces", auth(strings.ReplaceAll(authorization(okCredential, okSigned, seed), ", ", ",")), 0},
		{"no authorization", auth(), sigv4.Missing},
		{"empty", auth(""), sigv4.UnsupportedAlgorithm},
		{"algorithm only", auth("AWS4-HMAC-SHA256"), sigv4.UnsupportedAlgorithm},
		{"twice", auth(authorization(okCredential, okSigned, seed), authorization(okCredential, okSigned, seed)), sigv4.Malformed},
		{"too long", cred(strings.Repeat("A", 17<<10)), sigv4.Malformed},
		{"version 2", auth("AWS " + testID + ":frJIUN8DYpKDtOLCwo//yllqDzg="), sigv4.SignatureV2},
		{"ecdsa", auth("AWS4-ECDSA-P256-SHA256 Credential=a"), sigv4.UnsupportedAlgorithm},
		{"lower case", auth(strings.ToLower(authorization(okCredential, okSigned, seed))), sigv4.UnsupportedAlgorithm},
		{"basic", auth("Basic dXNlcjpwYXNz"), sigv4.UnsupportedAlgorithm},
		{"bearer", auth("Bearer e30.e30."), sigv4.UnsupportedAlgorithm},
		{"component missing", auth("AWS4-HMAC-SHA256 Credential=" + okCredential + ", SignedHeaders=host"), sigv4.Malformed},
		{"component empty", auth(authorization(okCredential, okSigned, "")), sigv4.Malformed},
		{"component twice", auth(authorization(okCredential, okSigned, seed) + ", Signature=" + seed), sigv4.Malformed},
		{"component unknown", auth(authorization(okCredential, okSigned, seed) + ", X=1"), sigv4.Malformed},
		{"four parts", cred("20130524/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"six parts", cred("a/" + okCredential), sigv4.Malformed},
		{"no key id", cred("/20130524/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"odd key id", cred("AK\x00IA/20130524/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"long key id", cred(strings.Repeat("A", 129) + "/20130524/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"no region", cred(testID + "/20130524//s3/aws4_request"), sigv4.Malformed},
		{"odd region", cred(testID + "/20130524/us east/s3/aws4_request"), sigv4.Malformed},
		{"no service", cred(testID + "/20130524/us-east-1//aws4_request"), sigv4.Malformed},
		{"other terminator", cred(testID + "/20130524/us-east-1/s3/aws5_request"), sigv4.Malformed},
		{"short date", cred(testID + "/2013052/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"date not a number", cred(testID + "/2013o524/us-east-1/s3/aws4_request"), sigv4.Malformed},
		{"date of another day", cred(testID + "/20130525/us-east-1/s3/aws4_request"), sigv4.DateScopeMismatch},
		{"signed headers in upper case", signed("Host;x-amz-date"), sigv4.Malformed},
		{"signed headers repeated", signed("host;host"), sigv4.Malformed},
		{"signed headers with a gap", signed("host;;x-amz-date"), sigv4.Malformed},
		{"signed headers without end", signed("host" + strings.Repeat(";a", 300)), sigv4.Malformed},
		{"no date", http.Header{"X-Amz-Date": nil}, sigv4.MissingDate},
		{"date instead", http.Header{"X-Amz-Date": nil, "Date": {"Fri, 24 May 2013 00:00:00 GMT"}}, 0},
		{"ISO date instead", http.Header{"X-Amz-Date": nil, "Date": {"20130524T000000Z"}}, 0},
		{"bad date instead", http.Header{"X-Amz-Date": nil, "Date": {"yesterday"}}, sigv4.BadDate},
		{"two dates instead", http.Header{"X-Amz-Date": nil, "Date": {"20130524T000000Z", "20130524T000000Z"}}, sigv4.BadDate},
		{"date empty", http.Header{"X-Amz-Date": {""}}, sigv4.BadDate},
		{"date twice", http.Header{"X-Amz-Date": {"20130524T000000Z", "20130524T000000Z"}}, sigv4.BadDate},
		{"date extended", http.Header{"X-Amz-Date": {"2013-05-24T00:00:00Z"}}, sigv4.BadDate},
		{"date with fraction", http.Header{"X-Amz-Date": {"20130524T000000.5Z"}}, sigv4.BadDate},
		{"date impossible", http.Header{"X-Amz-Date": {"20130532T000000Z"}}, sigv4.BadDate},
		{"token twice", http.Header{"X-Amz-Security-Token": {"a", "b"}}, sigv4.Malformed},
		{"no content hash", hash(), sigv4.ContentHashMissing},
		{"content hash empty", hash(""), sigv4.ContentHashInvalid},
		{"content hash twice", hash(sigv4.EmptyHash, sigv4.EmptyHash), sigv4.ContentHashInvalid},
		{"content hash short", hash(sigv4.EmptyHash[1:]), sigv4.ContentHashInvalid},
		{"content hash not hex", hash("g" + sigv4.EmptyHash[1:]), sigv4.ContentHashInvalid},
		{"content hash ecdsa", hash("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), sigv4.ContentHashInvalid},
		{"content hash events", hash("STREAMING-AWS4-HMAC-SHA256-EVENTS"), sigv4.ContentHashInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := headerRequest(tt.header)
			if vs, ok := tt.header["Authorization"]; ok && vs == nil {
				r.Header.Del("Authorization")
			}
			if vs, ok := tt.header["X-Amz-Content-Sha256"]; ok && vs == nil {
				r.Header.Del("X-Amz-Content-Sha256")
			}
			sig, err := sigv4.Parse(r)
			if reasonOf(err) != tt.want || (err == nil) != (tt.want == 0) {
				t.Fatalf("Parse = %v, %v, want reason %d", sig, err, tt.want)
			}
			if tt.want == 0 && !sig.Time.Equal(testTime) {
				t.Errorf("Time = %v, want %v", sig.Time, testTime)
			}
		})
	}
}

func TestParsePresigned(t *testing.T) {
	valid := []string{
		"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=" + strings.ReplaceAll(okCredential, "/", "%2F"),
		"X-Amz-Date=20130524T000000Z", "X-Amz-Expires=60", "X-Amz-SignedHeaders=host", "X-Amz-Signature=" + seed,
	}
	with := func(param string) string {
		name, _, _ := strings.Cut(param, "=")
		kept := slices.DeleteFunc(slices.Clone(valid), func(p string) bool { return strings.HasPrefix(p, name+"=") })
		return strings.Join(append(kept, param), "&")
	}
	iam := strings.Replace(valid[1], "%2Fs3%2F", "%2Fiam%2F", 1)
	tests := []struct {
		name, query string
		header      http.Header
		want        sigv4.Reason
	}{
		{"valid", strings.Join(valid, "&"), nil, 0},
		{"valid, escaped names", strings.ReplaceAll(strings.Join(valid, "&"), "X-Amz", "X%2dAmz"), nil, 0},
		{"nothing", "versionId=1", nil, sigv4.Missing},
		{"signature only", "X-Amz-Signature=" + seed, nil, sigv4.MalformedQuery},
		{"no signature", strings.Join(valid[:5], "&"), nil, sigv4.MalformedQuery},
		{"no algorithm", strings.Join(valid[1:], "&"), nil, sigv4.MalformedQuery},
		{"no credential", strings.Join(slices.Delete(slices.Clone(valid), 1, 2), "&"), nil, sigv4.MalformedQuery},
		{"no date", strings.Join(slices.Delete(slices.Clone(valid), 2, 3), "&"), nil, sigv4.MalformedQuery},
		{"no expires", strings.Join(slices.Delete(slices.Clone(valid), 3, 4), "&"), nil, sigv4.MalformedQuery},
		{"no signed headers", strings.Join(slices.Delete(slices.Clone(valid), 4, 5), "&"), nil, sigv4.MalformedQuery},
		{"repeated", strings.Join(valid, "&") + "&X-Amz-Expires=60", nil, sigv4.MalformedQuery},
		{"credential malformed", with("X-Amz-Credential=a"), nil, sigv4.MalformedQuery},
		{"signed headers malformed", with("X-Amz-SignedHeaders=Host"), nil, sigv4.MalformedQuery},
		{"algorithm unknown", with("X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256"), nil, sigv4.UnsupportedAlgorithm},
		{"date bad", with("X-Amz-Date=20130524"), nil, sigv4.BadDate},
		{"date of another day", with("X-Amz-Date=20130525T000000Z"), nil, sigv4.DateScopeMismatch},
		{"expires a week", with("X-Amz-Expires=604800"), nil, 0},
		{"expires more than a week", with("X-Amz-Expires=604801"), nil, sigv4.InvalidExpires},
		{"expires huge", with("X-Amz-Expires=99999999999999999999"), nil, sigv4.InvalidExpires},
		{"expires negative", with("X-Amz-Expires=-1"), nil, sigv4.InvalidExpires},
		{"expires with plus", with("X-Amz-Expires=%2B60"), nil, sigv4.InvalidExpires},
		{"expires not a number", with("X-Amz-Expires=1h"), nil, sigv4.InvalidExpires},
		{"expires empty", with("X-Amz-Expires="), nil, sigv4.MalformedQuery},
		{"iam without expires", strings.Join([]string{valid[0], iam, valid[2], valid[4], valid[5]}, "&"), nil, 0},
		{"version 2", "AWSAccessKeyId=" + testID + "&Signature=abc&Expires=1", nil, sigv4.SignatureV2},
		{"both versions", strings.Join(valid, "&") + "&AWSAccessKeyId=" + testID, nil, sigv4.BothHeaderAndQuery},
		{"header too", strings.Join(valid, "&"), http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}}, sigv4.BothHeaderAndQuery},
		{"header and version 2", "AWSAccessKeyId=a", http.Header{"Authorization": {"x"}}, sigv4.BothHeaderAndQuery},
		{"two tokens", with("X-Amz-Security-Token=a"), http.Header{"X-Amz-Security-Token": {"b"}}, sigv4.MalformedQuery},
		{"two hashes", with("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"), http.Header{"X-Amz-Content-Sha256": {sigv4.EmptyHash}}, sigv4.ContentHashInvalid},
		{"hash bad", with("X-Amz-Content-Sha256="), nil, sigv4.ContentHashInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := putRequest()
			r.URL.RawQuery, r.Header = tt.query, tt.header
			sig, err := sigv4.Parse(r)
			if reasonOf(err) != tt.want || (err == nil) != (tt.want == 0) {
				t.Fatalf("Parse = %+v, %v, want reason %d", sig, err, tt.want)
			}
		})
	}
}

func TestParseFields(t *testing.T) {
	s := signer()
	s.Token = keyhaven.NewSecret("token")
	r := putRequest()
	s.Presign(r, 90*time.Second)
	got, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	want := &sigv4.Signature{
		AccessKeyID: testID, Scope: sigv4.Scope{Date: "20130524", Region: "us-east-1", Service: "s3"},
		SignedHeaders: []string{"host"}, Time: testTime, Presigned: true, Expires: 90 * time.Second,
		SessionToken: keyhaven.NewSecret("token"), PayloadHash: "UNSIGNED-PAYLOAD", Payload: sigv4.PayloadUnsigned,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b keyhaven.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.FilterPath(func(p cmp.Path) bool {
			return slices.Contains([]string{"signature", "stamp", "form", "policy"}, p.String())
		}, cmp.Ignore())); diff != "" {
		t.Errorf("Parse differs (-want +got):\n%s", diff)
	}
	if len(got.Provided()) != 64 {
		t.Errorf("Provided = %q, want 64 digits", got.Provided())
	}
}

func TestUnsignedIsTheSentinel(t *testing.T) {
	_, err := sigv4.Parse(putRequest())
	if !errors.Is(err, sigv4.ErrUnsigned) || reasonOf(err) != sigv4.Missing {
		t.Errorf("Parse = %v, want ErrUnsigned", err)
	}
}

func TestEveryReasonHasAName(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range sigv4.Reasons() {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d is named %q", r, name)
		}
		seen[r.String()] = true
	}
	if got := sigv4.Reason(255).String(); got != "unknown reason" {
		t.Errorf("Reason(255) = %q", got)
	}
}

func TestSigningKeyPrintsNothing(t *testing.T) {
	key := sigv4.DeriveKey(keyhaven.NewSecret(testSecret), sigv4.Scope{Date: "20130524"})
	text, _ := key.MarshalText()
	for _, got := range []string{
		fmt.Sprint(key), fmt.Sprintf("%x", key), fmt.Sprintf("%#v", key), fmt.Sprintf("%d", key),
		fmt.Sprintf("%v", struct{ Key sigv4.SigningKey }{key}), string(text), slog.AnyValue(key).Resolve().String(),
	} {
		if strings.Trim(got, "{}") != "REDACTED" {
			t.Errorf("a key prints as %q", got)
		}
	}
}
