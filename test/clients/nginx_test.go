//go:build e2e

package clients

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// nginxConfig is the configuration of docs/proxies.md, with what a test needs to
// run beside others.
const nginxConfig = `daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log; %[6]s
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;
	server {
		listen %[2]s ssl http2;
		ssl_certificate %[4]s; ssl_certificate_key %[5]s;
		client_max_body_size 0;
		location / {
			proxy_pass http://%[3]s;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host %[7]s;
			proxy_set_header X-Real-IP $remote_addr;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_request_buffering %[8]s;
		}
	}
}
`

// nginxSite is what a test chooses of the configuration: the address of the
// server, what nginx makes of the Host header, and whether it buffers requests.
type nginxSite struct{ upstream, host, buffering string }

// startNginx runs nginx and returns its address.
func startNginx(t testing.TB, cert *certificate, site nginxSite) string {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx" // not in the path of ordinary users
	}
	address, dir, user := freeAddress(t), t.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;" // its workers cannot read the test's directories otherwise
	}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, address, site.upstream, cert.certFile, cert.keyFile, user, site.host, site.buffering)
	check(t, os.WriteFile(config, []byte(text), 0o600))
	cmd := exec.Command(nginx, "-c", config, "-e", filepath.Join(dir, "error.log"))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("nginx is missing: run make deps: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it is gone already
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("nginx: %s%s", out.String(), log)
		}
	})
	eventually(t, "nginx listens", func() bool {
		c, err := net.Dial("tcp", address)
		return err == nil && c.Close() == nil
	})
	return address
}

// behindNginx puts nginx before the server and returns what clients see of it.
func behindNginx(t *testing.T, s *server, host, buffering string) *server {
	t.Helper()
	cert := newCertificate(t)
	address := startNginx(t, cert, nginxSite{s.listen, host, buffering})
	return &server{t: t, listen: address, tls: cert, endpoint: "https://" + address, root: s.root}
}

// TestK1_BehindNginx runs clients over TLS that nginx ends, with request bodies
// buffered, which changes how they are sent on, and passed through.
func TestK1_BehindNginx(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	key := s.newBucket(t, "go-sdk")
	for _, buffering := range []string{"on", "off"} {
		t.Run("buffering-"+buffering, func(t *testing.T) {
			front := behindNginx(t, s, "$http_host", buffering)
			walkGoSDK(t, front.s3(key))
			presignedThrough(t, front, key)
		})
	}
}

// presignedThrough uploads and downloads by presigned URLs.
func presignedThrough(t *testing.T, front *server, key accessKey) {
	t.Helper()
	signer := s3.NewPresignClient(front.s3(key))
	put, err := signer.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("go-sdk"), Key: aws.String("pre signed+1")})
	check(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, put.URL, strings.NewReader("by URL"))
	check(t, err)
	resp, err := front.httpClient().Do(r)
	check(t, err)
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		t.Errorf("presigned PUT: status %d %s", resp.StatusCode, body)
	}
	got, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("go-sdk"), Key: aws.String("pre signed+1")})
	check(t, err)
	if status, body := fetch(t, front.httpClient(), got.URL, nil); status != http.StatusOK || body != "by URL" {
		t.Errorf("presigned GET: status %d, body %q", status, body)
	}
	_, err = front.s3(key).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("go-sdk"), Key: aws.String("pre signed+1")})
	check(t, err)
}

// TestK2_NginxChangesTheHost: a proxy that makes another Host of the client's is
// told apart by what the server says it computed, which is not the secret.
func TestK2_NginxChangesTheHost(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	key := s.newBucket(t, "go-sdk")
	front := behindNginx(t, s, "inside.example", "on")
	signer := s3.NewPresignClient(front.s3(key))
	got, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("go-sdk"), Key: aws.String("a")})
	check(t, err)
	status, body := fetch(t, front.httpClient(), got.URL, nil)
	if status != http.StatusForbidden || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") || !strings.Contains(body, "host:inside.example") {
		t.Errorf("status %d, want 403 that shows the host:\n%s", status, body)
	}
	if strings.Contains(body, key.secret) {
		t.Error("the answer holds the secret")
	}
}
