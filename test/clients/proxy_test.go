//go:build e2e

package clients

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// proxied says whether every server of this run stands behind nginx, which ends
// TLS (`make e2e-nginx`). Tests of the process itself start theirs with direct.
var proxied = os.Getenv("KEYHAVEN_TEST_PROXY") == "nginx"

// proxyCertificate is the certificate of every nginx of a proxied run.
var proxyCertificate *certificate

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	if !proxied {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "keyhaven-proxy-")
	if err == nil {
		defer os.RemoveAll(dir)
		if proxyCertificate, err = makeCertificate(dir); err == nil {
			err = os.Setenv("SSL_CERT_FILE", proxyCertificate.certFile) // before this process reads its roots
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// proxyEnv makes client programs trust the proxies, by the variable of each. Those
// of botocore have one of their own (awsEnv), which rclone stumbles over.
func proxyEnv() []string {
	if !proxied {
		return nil
	}
	file := proxyCertificate.certFile
	return []string{"SSL_CERT_FILE=" + file, "CURL_CA_BUNDLE=" + file, "NODE_EXTRA_CA_CERTS=" + file}
}

// goBehindNginx puts nginx before a server that has not started yet.
func (s *server) goBehindNginx() {
	s.t.Helper()
	s.listen, s.tls = freeAddress(s.t), proxyCertificate
	s.front = startNginx(s.t, proxyCertificate, nginxSite{upstream: s.listen, host: "$http_host", buffering: "off"})
}

// freeAddress returns an address that nothing listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}
