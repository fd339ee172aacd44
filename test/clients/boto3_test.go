//go:build e2e

package clients

import (
	"path/filepath"
	"testing"
)

// TestKEY17Boto3 runs an application's day with Debian's boto3, and with a
// current one where there is one.
func TestKEY17Boto3(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "of-others")
	script, err := filepath.Abs("testdata/boto3_walk.py")
	check(t, err)
	pythons := map[string]string{"debian": "/usr/bin/python3"}
	if hasCurrent() {
		pythons["current"] = venv("python")
	}
	for name, python := range pythons {
		t.Run(name, func(t *testing.T) {
			bucket := "boto3-" + name
			key := s.newBucket(t, bucket)
			p := installed(t, python).with("ENDPOINT="+s.endpoint, "BUCKET="+bucket, "OTHER=of-others", "AWS_DEFAULT_REGION="+region,
				"AWS_ACCESS_KEY_ID="+key.id, "AWS_SECRET_ACCESS_KEY="+key.secret, "AWS_EC2_METADATA_DISABLED=true",
				"ROOT_ID="+s.root.id, "ROOT_SECRET="+s.root.secret).with(s.awsEnv()...)
			wantText(t, "the script", p.run(t, script), "walked")
		})
	}
}
