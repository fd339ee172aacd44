package iam_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/sts"
)

// TestSEC02_MachineCredentials: that a machine fetched credentials, or somebody did
// not, is recorded, without token and secret, in bounded number.
func TestSEC02_MachineCredentials(t *testing.T) {
	const account, other = string(account), string(other)
	r := newRig(t)
	dir, noon := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	log, err := audit.Open(dir, audit.Options{Now: func() time.Time { return noon.Add(time.Duration(r.clock.Load())) }})
	check(t, err)
	defer log.Close()
	door := edge.New(edge.Options{
		S3: http.NotFoundHandler(), Credentials: sts.New(r.access, r.ids, sts.Options{Account: keyhaven.AccountID(account)}).Machines(),
		Audit: audit.NewRecorder(log).Record, Log: slog.New(slog.DiscardHandler),
	})
	machine, secret, err := r.ids.RegisterInstance(r.ctx, keyhaven.AccountID(other), region, "web-1")
	check(t, err)
	token := secret.Reveal()
	fetch := func(token string) (id string) {
		t.Helper()
		req := httptest.NewRequestWithContext(r.ctx, http.MethodGet, "/-/credentials", nil)
		req.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, req)
		var out struct{ AccessKeyID string }
		check(t, json.Unmarshal(w.Body.Bytes(), &out))
		return out.AccessKeyID
	}
	read := 0 // bytes of the log
	records := func() (lines []string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "audit-*.jsonl"))
		check(t, err)
		raw, err := os.ReadFile(files[0])
		check(t, err)
		for line := range strings.Lines(string(raw[read:])) {
			var e audit.Event
			check(t, json.Unmarshal([]byte(line), &e))
			for _, hidden := range []string{token, token[strings.Index(token, ".i-"):], "guessed"} {
				if strings.Contains(line, hidden) {
					t.Errorf("a record holds %q: %s", hidden, line)
				}
			}
			if e.EventName != "GetMachineCredentials" || e.EventSource != "sts.amazonaws.com" || e.SourceIPAddress == "" || e.RequestID == "" {
				t.Errorf("record %s", line)
			}
			lines = append(lines, fmt.Sprint(e.UserIdentity.Type, " ", e.UserIdentity.ARN, " ", e.ErrorCode, " in ", e.RecipientAccountID, " ", string(e.AdditionalData), strings.TrimSuffix(string(e.ResponseElements), "null")))
		}
		read = len(raw)
		return lines
	}
	want := func(what string, lines ...string) {
		t.Helper()
		if got := records(); strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Errorf("%s is recorded as %q, want %q", what, got, lines)
		}
	}
	who := "AssumedRole arn:aws:sts::" + other + ":assumed-role/AmazonLightsailInstanceRole/" + machine.ID
	id := fetch(token)
	got := records()
	if len(got) != 1 || !strings.HasPrefix(got[0], who+"  in "+other+" {") || !strings.Contains(got[0], `"accessKeyId":"`+id+`"`) || !strings.Contains(got[0], `"expiration":"`) {
		t.Errorf("a fetch is recorded as %q", got)
	}
	r.clock.Add(int64(time.Minute))
	fetch(token)
	fetch(token)
	fetch(token)
	if got := records(); len(got) != 1 {
		t.Errorf("three fetches of a minute are recorded as %q", got)
	}
	r.clock.Add(int64(time.Minute))
	fetch(token)
	if got := records(); len(got) != 1 || !strings.Contains(got[0], `{"CallsNotRecorded":2}`) {
		t.Errorf("the next minute is recorded as %q", got)
	}
	fetch("khm1.i-guessed.guessed")
	want("nobody's token", "Unknown  AccessDenied in "+account+" ")
	fetch("")
	want("no token", "Unknown  AccessDenied in "+account+" ")
	fetch(token + "guessed")
	want("a wrong secret", "Unknown  AccessDenied in "+other+" ")
	for range audit.UnprovenPerMinute + 5 {
		fetch("khm1.i-guessed.guessed")
	}
	if got := records(); len(got) != audit.UnprovenPerMinute-3 {
		t.Errorf("%d refusals are recorded besides, want %d", len(got), audit.UnprovenPerMinute-3)
	}
	r.clock.Add(int64(time.Minute))
	name := "web-1"
	_, err = r.lightsail(r.other).StopInstance(r.ctx, &lightsailsdk.StopInstanceInput{InstanceName: &name})
	check(t, err)
	fetch(token)
	want("a stopped machine", who+" AccessDenied in "+other+" ")
	fetch("")
	want("no token, later", "Unknown  AccessDenied in "+account+` {"CallsNotRecorded":8}`)
}
