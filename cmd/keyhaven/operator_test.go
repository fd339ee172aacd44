package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output gathers what a running command prints.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var endpointLine = regexp.MustCompile(`Endpoint +(\S+)`)

// startServe runs the server in this process and returns its address.
func startServe(t *testing.T, env map[string]string, args ...string) (endpoint, data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	out, errs := &output{}, &output{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	args = append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--console-listen", ""}, args...)
	go func() {
		ended <- run(ctx, args, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, out, errs)
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != 0 {
			t.Errorf("serve = %d\n%s", status, errs)
		}
	})
	for range 400 {
		if m := endpointLine.FindStringSubmatch(out.String()); m != nil {
			return m[1], data
		}
		select {
		case status := <-ended:
			ended <- 0
			t.Fatalf("serve ended with %d\n%s", status, errs)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("the server does not start\n%s", errs)
	return "", ""
}

func get(t *testing.T, c *http.Client, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// TestS6_FreshInstall: a fresh server shows nothing without credentials but
// whether it lives, and an operator sees all with them.
func TestS6_FreshInstall(t *testing.T) {
	const token = "a-token-of-some-length"
	endpoint, data := startServe(t, map[string]string{"KEYHAVEN_METRICS_TOKEN": token})
	c := &http.Client{Timeout: 10 * time.Second}
	for path, want := range map[string]int{
		"/-/health/live": 200, "/-/health/ready": 200, "/-/metrics": 401, "/-/": 404, "/-/debug": 404, "/-/metrics/x": 404,
		"/debug/pprof/": 404, "/debug/pprof/heap": 404, "/metrics": 404, "/": 403, "/minio/health/live": 404,
	} {
		status, body := get(t, c, endpoint+path, "")
		if status != want || strings.Contains(body, "goroutine") || strings.Contains(body, "keyhaven_") {
			t.Errorf("%s = %d, want %d\n%s", path, status, want, body)
		}
	}
	status, body := get(t, c, endpoint+"/-/metrics", token)
	for _, want := range []string{`keyhaven_requests_total{door="s3",op="ListBuckets",status="403"} 1`, "keyhaven_buckets 0", "keyhaven_disk_free_bytes "} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("metrics = %d, no %s", status, want)
		}
	}
	code, out, errs := runCLI(t, "status", "--data", data, "--json")
	var st statusReport
	if err := json.Unmarshal([]byte(out), &st); code != 0 || err != nil || st.Version != version || st.Total == 0 {
		t.Errorf("status = %d %s %s %v", code, out, errs, err)
	}
	if code, out, _ := runCLI(t, "status", "--data", data); code != 0 || !strings.Contains(out, "release") {
		t.Errorf("status = %d %s", code, out)
	}
	code, out, errs = runCLI(t, "doctor", "--data", data, "--endpoint", endpoint)
	if code != 0 || !strings.Contains(out, "the server answers at") || !strings.Contains(out, "can be written") {
		t.Errorf("doctor = %d\n%s%s", code, out, errs)
	}
}

// TestDoctorFindsWhatIsWrong, and says what to do.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "keyring.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := runCLI(t, "doctor", "--data", data, "--endpoint", "http://127.0.0.1:1", "--domain", "keyhaven.invalid")
	if code != 1 {
		t.Errorf("doctor = %d, want 1", code)
	}
	for _, want := range []string{"FAIL  the key ring can be read by others", "chmod 600", "no server runs", "FAIL  the hosts of buckets have no address", "*.s3.us-east-1.keyhaven.invalid", "FAIL  nobody answers at"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code, _, errs := runCLI(t, "status", "--data", data); code != 1 || !strings.Contains(errs, "no server is running") {
		t.Errorf("status without a server = %d %s", code, errs)
	}
}

// TestServeTLS speaks HTTPS alone, with a certificate that is renewed under it.
func TestServeTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	if code, _, errs := runCLI(t, "tls", "dev", "--dir", dir); code != 0 {
		t.Fatal(errs)
	}
	endpoint, _ := startServe(t, nil, "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"))
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	if status, _ := get(t, c, endpoint+"/-/health/ready", ""); status != 200 || !strings.HasPrefix(endpoint, "https://") {
		t.Errorf("%s/-/health/ready = %d", endpoint, status)
	}
	if status, body := get(t, http.DefaultClient, strings.Replace(endpoint, "https", "http", 1)+"/", ""); status != 400 {
		t.Errorf("plain HTTP = %d %s, want it refused", status, body)
	}
}

func TestMetricsTokenIsLong(t *testing.T) {
	out, errs := &output{}, &output{}
	env := map[string]string{"KEYHAVEN_METRICS_TOKEN": "short"}
	status := run(t.Context(), []string{"serve", "--data", filepath.Join(t.TempDir(), "d"), "--listen", "127.0.0.1:0", "--console-listen", ""},
		func(k string) (string, bool) { v, ok := env[k]; return v, ok }, out, errs)
	if status != 1 || !strings.Contains(errs.String(), "16 characters") {
		t.Errorf("serve = %d %s", status, errs)
	}
}
