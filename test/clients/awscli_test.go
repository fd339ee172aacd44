//go:build e2e

package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// awsCLI is an aws-cli with a home of its own.
type awsCLI struct {
	program
	name   string
	server *server
}

// current names the directory of a virtual environment with a current aws-cli
// and boto3 (`make e2e-current`). Without it Debian's, which are years old, do
// all the work; what current SDKs send is covered by those for Go and JavaScript.
const current = "KEYHAVEN_CURRENT_CLIENTS"

func hasCurrent() bool { return os.Getenv(current) != "" }

// eachAWSCLI runs a test by Debian's aws-cli, and by a current one, which sends
// checksums with every write, where there is one.
func eachAWSCLI(t *testing.T, s *server, test func(t *testing.T, aws awsCLI)) {
	names := []string{"debian"}
	if hasCurrent() {
		names = append(names, "current")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { test(t, newAWSCLI(t, s, name)) })
	}
}

func newAWSCLI(t testing.TB, s *server, name string) awsCLI {
	t.Helper()
	path := "/usr/bin/aws"
	if name == "current" && hasCurrent() {
		path = venv("aws")
	}
	p := installed(t, path)
	home := t.TempDir()
	p = p.with("HOME="+home, "AWS_CONFIG_FILE="+home+"/.aws/config", "AWS_SHARED_CREDENTIALS_FILE="+home+"/.aws/credentials",
		"AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION="+region)
	p = p.with(s.awsEnv()...)
	return awsCLI{program: p, name: name, server: s}
}

// awsEnv makes programs of botocore trust the server.
func (s *server) awsEnv() []string {
	if s.tls == nil {
		return nil
	}
	return []string{"AWS_CA_BUNDLE=" + s.tls.certFile}
}

// venv returns a program of the virtual environment.
func venv(name string) string { return filepath.Join(os.Getenv(current), "bin", name) }

// as returns the CLI with a key in its environment.
func (a awsCLI) as(k accessKey) awsCLI {
	a.program = a.with("AWS_ACCESS_KEY_ID="+k.id, "AWS_SECRET_ACCESS_KEY="+k.secret)
	return a
}

// at puts the endpoint before the arguments. Debian's aws-cli knows no other way
// to give it.
func (a awsCLI) at(args []string) []string {
	return append([]string{"--endpoint-url", a.server.endpoint}, args...)
}

// do runs a command that must succeed.
func (a awsCLI) do(t testing.TB, args ...string) string {
	t.Helper()
	return a.run(t, a.at(args)...)
}

// line runs a command that is written as one line, without quoting.
func (a awsCLI) line(t testing.TB, command string) string {
	t.Helper()
	return a.do(t, strings.Fields(command)...)
}

// refused runs a command that the server must refuse with this code.
func (a awsCLI) refused(t testing.TB, code, operation, command string) {
	t.Helper()
	got := a.fails(t, a.at(strings.Fields(command))...)
	wantText(t, "aws "+command, got, "An error occurred ("+code+") when calling the "+operation+" operation")
}

// answer runs a command and reads its JSON answer into out.
func (a awsCLI) answer(t testing.TB, out any, command string) {
	t.Helper()
	got := a.line(t, command+" --output json")
	if err := json.Unmarshal([]byte(got), out); err != nil {
		t.Fatalf("aws %s: %v in\n%s", command, err, got)
	}
}

// createKey makes a key for a bucket.
func (a awsCLI) createKey(t testing.TB, bucket string) accessKey {
	t.Helper()
	var out struct{ AccessKey keyAnswer }
	a.answer(t, &out, "lightsail create-bucket-access-key --bucket-name "+bucket)
	a.server.remember(out.AccessKey.SecretAccessKey)
	return accessKey{out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey}
}

// keyAnswer is an access key as aws-cli prints it.
type keyAnswer struct {
	AccessKeyID     string
	SecretAccessKey string
	Status          string
	CreatedAt       any // aws-cli v1 prints a number, v2 a date
	LastUsed        *struct {
		LastUsedDate        any
		Region, ServiceName string
	}
}

// keys lists the keys of a bucket.
func (a awsCLI) keys(t testing.TB, bucket string) []keyAnswer {
	t.Helper()
	var out struct{ AccessKeys []keyAnswer }
	a.answer(t, &out, "lightsail get-bucket-access-keys --bucket-name "+bucket)
	return out.AccessKeys
}

// operationAnswer is an operation as aws-cli prints it.
type operationAnswer struct {
	ID, ResourceName, ResourceType, OperationType, Status string
	IsTerminal                                            bool
}

// write makes a file in the directory of the program.
func (p program) write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}
