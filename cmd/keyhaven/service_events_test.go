package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/audit"
)

// TestSEC02_ServiceEvents: what the server does by itself is recorded as such, and
// what strangers bring it to do in bounded number.
func TestSEC02_ServiceEvents(t *testing.T) {
	dir, at := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := at
	log, err := audit.Open(dir, audit.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	records := audit.NewRecorder(log)
	read := 0
	lines := func() []string {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, "audit-00000000000000000001.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		fresh := strings.TrimSpace(string(raw[read:]))
		read = len(raw)
		return strings.Split(fresh, "\n")
	}
	want := func(line string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(line, p) {
				t.Errorf("no %s in %s", p, line)
			}
		}
	}
	recordExpiry(records)(context.Background(), &alarm.Expiry{
		KeyID: "AKIAIOSFODNN7EXAMPLE", Account: "444455556666", Region: "eu-west-1", Bucket: "photos", ExpiresAt: at.Add(20 * time.Hour), Notice: 24 * time.Hour, Contacts: 2,
	})
	want(lines()[0], `"eventName":"AccessKeyExpiryWarning"`, `"eventType":"AwsServiceEvent"`, `"type":"AWSService"`, `"invokedBy":"keyhaven"`,
		`"awsRegion":"eu-west-1"`, `"recipientAccountId":"444455556666"`,
		`"serviceEventDetails":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","bucketName":"photos","expiresAt":"2026-03-02T08:00:00Z","hoursBefore":24,"contacts":2}`)

	refused := recordRefusals(records, "111122223333")
	n := access.Refusals{
		Network: netip.MustParsePrefix("2001:db8::/64"), Count: 12, First: at, Last: at.Add(time.Second), KeyIDs: []string{"AKIAIOSFODNN7EXAMPLE"},
		Address: "2001:db8::2", UserAgent: strings.Repeat("x", 5000),
	}
	for range audit.UnprovenPerMinute + 3 {
		refused(n)
	}
	got := lines()
	if len(got) != audit.UnprovenPerMinute {
		t.Errorf("%d records in a minute, want %d", len(got), audit.UnprovenPerMinute)
	}
	want(got[0], `"eventName":"AuthenticationThrottled"`, `"eventType":"AwsServiceEvent"`, `"sourceIPAddress":"2001:db8::2"`, `"recipientAccountId":"111122223333"`,
		`"network":"2001:db8::/64","requestsRefused":12,"firstRefused":"2026-03-01T12:00:00Z","lastRefused":"2026-03-01T12:00:01Z","accessKeyIds":["AKIAIOSFODNN7EXAMPLE"]`)
	if len(got[0]) > 2000 {
		t.Errorf("a record has %d bytes", len(got[0]))
	}
	now = now.Add(time.Minute)
	refused(n)
	want(lines()[0], `"additionalEventData":{"CallsNotRecorded":3}`)
}
