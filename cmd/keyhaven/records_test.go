package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/transfer"
)

// recordsOf reads the audit log of a data directory.
func recordsOf(t *testing.T, data string) (events []audit.Event) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, auditDir, "audit-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range files { // another one begins with the day
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	for line := range strings.Lines(string(all)) {
		var e audit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// TestSEC02_Restore: the audit log of a restored directory begins with the restore.
func TestSEC02_Restore(t *testing.T) {
	_, data := startServe(t, nil)
	target, restored := filepath.Join(t.TempDir(), "backups"), filepath.Join(t.TempDir(), "restored")
	for _, args := range [][]string{
		{"backup", "create", "--data", data, "--to", target, "--with-key-ring"},
		{"restore", "--from", target, "--data", restored},
	} {
		if code, _, errs := runCLI(t, args...); code != 0 {
			t.Fatalf("%v = %d %s", args, code, errs)
		}
	}
	events := recordsOf(t, restored)
	if len(events) != 1 {
		t.Fatalf("records %+v", events)
	}
	e := events[0]
	var said struct{ Backup, Created, From, WithoutKeys string }
	if err := json.Unmarshal(e.RequestParameters, &said); err != nil {
		t.Fatal(err)
	}
	if e.EventName != "RestoreBackup" || e.EventSource != "operator.keyhaven" || e.ErrorCode != "" || len(e.RecipientAccountID) != 12 || e.Chain.Sequence != 1 {
		t.Errorf("record %+v", e)
	}
	if said.From != target || said.Backup == "" || said.Created == "" || said.WithoutKeys != "false" {
		t.Errorf("it says %+v", said)
	}
	if code, out, errs := runCLI(t, "audit", "verify", "--data", restored); code != 0 || !strings.HasPrefix(out, "1 records") {
		t.Errorf("audit verify = %d %s%s", code, out, errs)
	}
}

// TestSEC02_Import: what an import does is recorded by the server as calls of whose
// credentials it has, and that it was an import.
func TestSEC02_Import(t *testing.T) {
	const id, secret = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	root := map[string]string{"KEYHAVEN_ROOT_ACCESS_KEY_ID": id, "KEYHAVEN_ROOT_SECRET_ACCESS_KEY": secret}
	source, _ := startServe(t, root)
	to, data := startServe(t, root)
	c := transfer.Endpoint{URL: source, Region: "us-east-1", AccessKeyID: id, Secret: keyhaven.NewSecret(secret)}.Client()
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("moved")}); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"SOURCE_ACCESS_KEY_ID": id, "SOURCE_SECRET_ACCESS_KEY": secret, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret,
	}
	out := &output{}
	args := []string{"import", "s3", "--endpoint", source, "--to", to}
	if code := run(t.Context(), args, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, out, out); code != 0 {
		t.Fatalf("import = %d %s", code, out)
	}
	for _, e := range recordsOf(t, data) {
		if e.EventName == "CreateBucket" && e.UserIdentity.AccessKeyID == id && strings.Contains(e.UserAgent, "app/keyhaven-import") {
			return
		}
	}
	t.Errorf("no CreateBucket by the import in %+v", recordsOf(t, data))
}
