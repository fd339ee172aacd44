//go:build e2e

package clients

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// curlAs returns the arguments that sign a request.
func curlAs(k accessKey, service string) []string {
	return []string{"--silent", "--show-error", "--aws-sigv4", "aws:amz:" + region + ":" + service, "--user", k.id + ":" + k.secret}
}

// TestKEY03API01Curl makes a key by plain curl: the call of the API reference, a
// POST to the endpoint with the operation in X-Amz-Target.
func TestKEY03API01Curl(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "by-curl")
	curl := installed(t, "curl")
	for _, contentType := range []string{"application/x-amz-json-1.1", "application/json"} {
		raw := curl.run(t, append(curlAs(s.root, "lightsail"), "--request", "POST",
			"--url", s.endpoint+"/#X-Amz-Target=Lightsail_20161128.CreateBucketAccessKey",
			"--header", "X-Amz-Target: Lightsail_20161128.CreateBucketAccessKey",
			"--header", "accept: application/json", "--header", "content-type: "+contentType,
			"--data", `{"bucketName": "by-curl"}`)...)
		var out struct {
			AccessKey struct {
				AccessKeyID     string `json:"accessKeyId"`
				SecretAccessKey string `json:"secretAccessKey"`
				Status          string
				CreatedAt       float64
				LastUsed        any
			}
		}
		if err := json.Unmarshal([]byte(raw), &out); err != nil {
			t.Fatalf("curl with %s printed %s: %v", contentType, raw, err)
		}
		k := out.AccessKey
		s.remember(k.SecretAccessKey)
		if !regexp.MustCompile(`^[A-Z0-9]{20}$`).MatchString(k.AccessKeyID) || k.SecretAccessKey == "" || k.Status != "Active" ||
			k.CreatedAt < 1e9 || k.LastUsed != nil {
			t.Errorf("CreateBucketAccessKey as %s: %s", contentType, raw)
		}
		s.deleteKey(t, "by-curl", k.AccessKeyID)
	}
	unsigned := curl.run(t, "--silent", "--show-error", "--write-out", " %{http_code}", "--header", "X-Amz-Target: Lightsail_20161128.CreateBucketAccessKey",
		"--header", "content-type: application/x-amz-json-1.1", "--data", `{"bucketName": "by-curl"}`, s.endpoint+"/")
	if !regexp.MustCompile(`(UnauthenticatedException|MissingAuthenticationToken).* 40[03]$`).MatchString(unsigned) {
		t.Errorf("KEY-27: an unsigned call is answered %s", unsigned)
	}
}

// TestKEY16CurlObjects stores and reads an object by plain curl.
func TestKEY16CurlObjects(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "by-curl")
	curl := installed(t, "curl")
	// curl does not hash what it uploads; S3 wants to be told so.
	sign := append(curlAs(key, "s3"), "--fail-with-body", "--max-time", "30", "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
	body := curl.write(t, "body", "put by curl")
	url := s.endpoint + "/by-curl/dir/object"
	curl.run(t, append(sign, "--upload-file", body, url)...)
	if got := curl.run(t, append(sign, url)...); got != "put by curl" {
		t.Errorf("curl GET = %q", got)
	}
	if got := curl.run(t, append(sign, "--range", "4-5", url)...); got != "by" {
		t.Errorf("curl GET of a range = %q", got)
	}
	wantText(t, "curl HEAD", strings.ToLower(curl.run(t, append(sign, "--http1.1", "--head", url)...)), "http/1.1 200", "content-length: 11", "etag: ")
	wantText(t, "curl list", curl.run(t, append(sign, s.endpoint+"/by-curl?list-type=2&prefix=dir%2F")...), "<Key>dir/object</Key>")
	curl.run(t, append(sign, "--request", "DELETE", url)...)
	wantText(t, "curl GET of what was deleted", curl.fails(t, append(sign, url)...), "<Code>NoSuchKey</Code>")
	wantText(t, "curl with no key", curl.fails(t, "--silent", "--fail-with-body", url), "<Code>AccessDenied</Code>")
}
