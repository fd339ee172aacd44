//go:build e2e

package clients

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKEY17JavaScriptSDK runs an application's day with the AWS SDK for
// JavaScript, over HTTP and over HTTPS.
func TestKEY17JavaScriptSDK(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("js/node_modules"); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	script, err := filepath.Abs("js/walk.mjs")
	check(t, err)
	for name, s := range map[string]*server{"http": startServer(t), "https": startTLSServer(t)} {
		t.Run(name, func(t *testing.T) {
			key := s.newBucket(t, "javascript")
			node := installed(t, "node").with("ENDPOINT="+s.endpoint, "BUCKET=javascript", "KEY_ID="+key.id, "KEY_SECRET="+key.secret,
				"ROOT_ID="+s.root.id, "ROOT_SECRET="+s.root.secret)
			if s.tls != nil {
				node = node.with("NODE_EXTRA_CA_CERTS=" + s.tls.certFile)
			}
			wantText(t, "the script", node.run(t, script), "walked")
		})
	}
}
