package s3_test

import "testing"

// TestCORS04_PreflightAndActual: the preflight tells what the rules allow, and
// the request after it, one that fails too, may be read by that origin alone.
// The transcript "cors" has the answers in full.
func TestCORS04_PreflightAndActual(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos?cors", twoCORSRules)
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	const app = "Origin: https://app.example.com"

	ask := []string{app, "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-amz-date"}
	s.do(t, anonymous, "OPTIONS", "/photos/a.txt", "", ask...).wantBody(t, 200, "").
		wantHeader(t, "Access-Control-Allow-Origin", "https://app.example.com").
		wantHeader(t, "Access-Control-Allow-Methods", "GET, PUT").
		wantHeader(t, "Access-Control-Allow-Headers", "x-amz-date").
		wantHeader(t, "Access-Control-Max-Age", "600")
	ask[0] = "Origin: https://other.example.com"
	s.do(t, anonymous, "OPTIONS", "/photos/a.txt", "", ask...).want(t, 403, "AccessForbidden").
		wantHeader(t, "Access-Control-Allow-Origin", "")

	s.must(t, root, "PUT", "/photos/a.txt", "hello", app).
		wantHeader(t, "Access-Control-Allow-Origin", "https://app.example.com").
		wantHeader(t, "Access-Control-Expose-Headers", "ETag")
	s.do(t, root, "GET", "/photos/none.txt", "", app).want(t, 404, "NoSuchKey").
		wantHeader(t, "Access-Control-Allow-Origin", "https://app.example.com")
	s.must(t, root, "PUT", "/photos/a.txt", "hello", ask[0]).wantHeader(t, "Access-Control-Allow-Origin", "")
	s.must(t, root, "GET", "/photos/a.txt", "", ask[0]).wantHeader(t, "Access-Control-Allow-Origin", "*")
}

// TestCORS04_NegativeAge: an age below zero is kept and sent, as S3 does;
// browsers do not remember such an answer.
func TestCORS04_NegativeAge(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos?cors", "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>-100</MaxAgeSeconds></CORSRule></CORSConfiguration>")
	s.do(t, anonymous, "OPTIONS", "/photos/a.txt", "", "Origin: https://a.example", "Access-Control-Request-Method: GET").
		wantBody(t, 200, "").wantHeader(t, "Access-Control-Max-Age", "-100")
}
