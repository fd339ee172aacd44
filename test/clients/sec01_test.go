//go:build e2e

package clients

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestSEC01_HTTPSAndEncryptionAtRest: where the server has a certificate, clear
// HTTP is sent on to HTTPS, and refused with credentials; what a bucket encrypts is
// not to be read in the data directory, small or large.
func TestSEC01_HTTPSAndEncryptionAtRest(t *testing.T) {
	t.Parallel()
	plain := freeAddress(t)
	c := newCertificate(t)
	s := newServer(t, "--tls-cert", c.certFile, "--tls-key", c.keyFile, "--http-listen", plain)
	s.direct, s.tls = true, c
	s.start()

	once := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := once.Get("http://" + plain + "/secret/object")
	check(t, err)
	check(t, res.Body.Close())
	if to := res.Header.Get("Location"); res.StatusCode/100 != 3 || to == "" || to[:8] != "https://" {
		t.Errorf("clear HTTP is answered %d, to %q", res.StatusCode, to)
	}
	key := s.newBucket(t, "secret")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+plain+"/secret/object", bytes.NewReader([]byte("x")))
	check(t, err)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key.id+"/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
	res, err = once.Do(req)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusBadRequest {
		t.Errorf("credentials over clear HTTP are answered %d", res.StatusCode)
	}
	if res, err := once.Get("http://" + s.listen + "/"); err == nil {
		check(t, res.Body.Close())
		if res.StatusCode < 400 {
			t.Errorf("clear HTTP to the port of HTTPS is answered %d", res.StatusCode)
		}
	}

	client := s.s3(s.root)
	_, err = client.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
		Bucket: aws.String("secret"), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}}},
		},
	})
	check(t, err)
	s.newBucket(t, "clear")
	marks := map[string]string{"secret": "a mark of what is encrypted", "clear": "a mark of what is not"}
	for bucket, mark := range marks {
		for name, n := range map[string]int{"small": 1, "large": 3 << 20 / len(mark)} {
			_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: bytes.NewReader(bytes.Repeat([]byte(mark), n))})
			check(t, err)
		}
	}
	s.stop()
	found := map[string]int{}
	for name := range files(t, s.data) {
		raw, err := os.ReadFile(filepath.Join(s.data, name))
		check(t, err)
		for bucket, mark := range marks {
			if bytes.Contains(raw, []byte(mark)) {
				found[bucket]++
			}
		}
	}
	if found["secret"] != 0 || found["clear"] < 2 {
		t.Errorf("files with readable bytes: %v, want none of the encrypted bucket and two or more of the other", found)
	}
}
