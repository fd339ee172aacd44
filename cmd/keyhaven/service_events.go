package main

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/audit"
)

// serviceEvent is the record of what the server does by itself.
func serviceEvent(name string, account keyhaven.AccountID, region, address string, details any) *audit.Event {
	e := &audit.Event{
		UserIdentity: audit.Identity{Type: "AWSService", AccountID: string(account), InvokedBy: "keyhaven"},
		EventSource:  "keyhaven.amazonaws.com", EventName: name, EventType: audit.ServiceEvent, AWSRegion: cmp.Or(region, "us-east-1"),
		SourceIPAddress: address, UserAgent: "keyhaven/" + version, RecipientAccountID: string(account),
	}
	e.ServiceDetails, _ = json.Marshal(details)
	return e
}

// recordExpiry records that it was warned of a key that expires.
func recordExpiry(records *audit.Recorder) func(context.Context, *alarm.Expiry) {
	return func(ctx context.Context, x *alarm.Expiry) {
		records.Append(ctx, serviceEvent("AccessKeyExpiryWarning", x.Account, x.Region, "local", struct {
			KeyID     string    `json:"accessKeyId"`
			Bucket    string    `json:"bucketName,omitempty"`
			User      string    `json:"userName,omitempty"`
			ExpiresAt time.Time `json:"expiresAt"`
			Hours     int       `json:"hoursBefore"`
			Contacts  int       `json:"contacts"`
		}{x.KeyID, x.Bucket, x.User, x.ExpiresAt, int(x.Notice / time.Hour), x.Contacts}))
	}
}

// recordRefusals records that a network failed to prove itself too often, in the log
// of the first account: the keys that it tried may be those of many.
func recordRefusals(records *audit.Recorder, account keyhaven.AccountID) func(access.Refusals) {
	return func(n access.Refusals) {
		records.AppendUnproven(context.Background(), serviceEvent("AuthenticationThrottled", account, "", n.Address, struct {
			Network   string    `json:"network"`
			Count     int       `json:"requestsRefused"`
			First     time.Time `json:"firstRefused"`
			Last      time.Time `json:"lastRefused"`
			KeyIDs    []string  `json:"accessKeyIds"`
			UserAgent string    `json:"userAgent"`
		}{n.Network.String(), n.Count, n.First.UTC(), n.Last.UTC(), n.KeyIDs, n.UserAgent[:min(len(n.UserAgent), keyhaven.MaxAgent)]}))
	}
}
