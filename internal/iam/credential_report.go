package iam

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// reportAge is how long a report is good ("GetCredentialReport").
const reportAge = 4 * time.Hour

// reports holds the last credential report of each account. It is lost with the
// process, as one that is too old.
type reports struct {
	mu sync.Mutex
	of map[keyhaven.AccountID]report
}

type report struct {
	at      time.Time
	content []byte
}

func newReports() *reports { return &reports{of: map[keyhaven.AccountID]report{}} }

func (r *reports) get(a keyhaven.AccountID) (report, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rep, ok := r.of[a]
	return rep, ok
}

func (r *reports) put(a keyhaven.AccountID, rep report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[a] = rep
}

func (d *Door) generateCredentialReport(ctx context.Context, c *query.Call, _ *iam.GenerateCredentialReportInput) (*iam.GenerateCredentialReportOutput, error) {
	now := time.Now().UTC().Truncate(time.Second)
	if old, ok := d.report.get(c.Account()); ok && now.Sub(old.at) < reportAge {
		return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeComplete}, nil
	}
	content, err := d.credentialReport(ctx, c.Account())
	if err != nil {
		return nil, err
	}
	d.report.put(c.Account(), report{now, content})
	return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeStarted, Description: new("No report exists. Starting a new report generation task")}, nil
}

func (d *Door) getCredentialReport(_ context.Context, c *query.Call, _ *iam.GetCredentialReportInput) (*iam.GetCredentialReportOutput, error) {
	rep, ok := d.report.get(c.Account())
	switch {
	case !ok:
		return nil, &query.Answer{Code: "ReportNotPresent", Status: 410, Message: "No report is present. Generate one with GenerateCredentialReport."}
	case time.Since(rep.at) >= reportAge:
		return nil, &query.Answer{Code: "ReportExpired", Status: 410, Message: "The report is older than four hours. Generate another with GenerateCredentialReport."}
	}
	return &iam.GetCredentialReportOutput{Content: rep.content, GeneratedTime: new(rep.at), ReportFormat: types.ReportFormatTypeTextCsv}, nil
}

// notSupported is what the report says of a root's password ("Getting credential
// reports"), by which auditing tools tell it from a user's.
const notSupported = "not_supported"

var reportColumns = []string{
	"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// credentialReport is the report of "Getting credential reports": a row for the
// root and one for each user.
func (d *Door) credentialReport(ctx context.Context, account keyhaven.AccountID) ([]byte, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.Write(reportColumns) // Flush tells
	a, err := d.ids.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	row, err := d.reportRow(ctx, access.KeyHolder{Account: account}, "<root_account>", "arn:aws:iam::"+string(account)+":root", a.CreatedAt, a.Login, a.LoginUsed)
	if err != nil {
		return nil, err
	}
	row[3], row[5], row[6] = notSupported, notSupported, notSupported // as of AWS, whose root has a password always
	_ = w.Write(row)
	for page := (identity.Page{Max: 1000}); ; {
		users, after, err := d.ids.Users(ctx, account, "", page)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			row, err := d.reportRow(ctx, access.KeyHolder{Account: account, User: u.Name}, u.Name, u.ARN(), u.CreatedAt, u.Login, u.PasswordLastUsed)
			if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUser) {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			_ = w.Write(row)
		}
		if page.Marker = after; after == "" {
			w.Flush()
			return buf.Bytes(), w.Error()
		}
	}
}

func (d *Door) reportRow(ctx context.Context, h access.KeyHolder, name, arn string, made time.Time, l *keyhaven.Login, used time.Time) ([]string, error) {
	devices, err := d.ids.MFADevicesOf(ctx, identity.Person(h))
	if err != nil {
		return nil, err
	}
	row := []string{name, arn, stamp(made), "false", "N/A", "N/A", "N/A", strconv.FormatBool(len(devices) > 0)}
	if l != nil {
		row[3], row[4], row[5] = "true", "no_information", stamp(l.Since)
		if !used.IsZero() {
			row[4] = stamp(used)
		}
	}
	keys, err := d.access.Keys(ctx, h)
	if err != nil {
		return nil, err
	}
	for i := range keyhaven.MaxKeysPerOwner {
		cells := []string{"false", "N/A", "N/A", "N/A", "N/A"}
		if i < len(keys) {
			k := keys[i]
			if k.Status == keyhaven.KeyActive {
				cells[0] = "true"
			}
			cells[1] = stamp(k.CreatedAt)
			if !k.LastUsed.Time.IsZero() {
				cells[2], cells[3], cells[4] = stamp(k.LastUsed.Time), k.LastUsed.Region, k.LastUsed.Service
			}
		}
		row = append(row, cells...)
	}
	return append(row, "false", "N/A", "false", "N/A"), nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }
