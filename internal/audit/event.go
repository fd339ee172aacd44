package audit

import (
	"encoding/json"
	"time"
)

// Event is one record. The members are CloudTrail's; Chain is ours.
type Event struct {
	EventVersion       string          `json:"eventVersion"`
	UserIdentity       Identity        `json:"userIdentity"`
	EventTime          time.Time       `json:"eventTime"` // UTC, whole seconds
	EventSource        string          `json:"eventSource"`
	EventName          string          `json:"eventName"`
	AWSRegion          string          `json:"awsRegion"`
	SourceIPAddress    string          `json:"sourceIPAddress"`
	UserAgent          string          `json:"userAgent"`
	ErrorCode          string          `json:"errorCode,omitempty"`
	ErrorMessage       string          `json:"errorMessage,omitempty"`
	RequestParameters  json.RawMessage `json:"requestParameters"`
	ResponseElements   json.RawMessage `json:"responseElements"`
	AdditionalData     json.RawMessage `json:"additionalEventData,omitempty"`
	ServiceDetails     json.RawMessage `json:"serviceEventDetails,omitempty"` // of a ServiceEvent
	RequestID          string          `json:"requestID,omitempty"`
	EventID            string          `json:"eventID"`
	ReadOnly           bool            `json:"readOnly"`
	Resources          []Resource      `json:"resources,omitempty"`
	EventType          string          `json:"eventType"`
	ManagementEvent    bool            `json:"managementEvent"`
	RecipientAccountID string          `json:"recipientAccountId"`
	EventCategory      string          `json:"eventCategory"`
	Chain              *Chain          `json:"keyhaven,omitempty"`
}

// Identity is who called.
type Identity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitempty"`
	ARN         string `json:"arn,omitempty"`
	AccountID   string `json:"accountId,omitempty"`
	AccessKeyID string `json:"accessKeyId,omitempty"`
	UserName    string `json:"userName,omitempty"`
	InvokedBy   string `json:"invokedBy,omitempty"` // of a ServiceEvent
	// IdentityProvider is that of a WebIdentityUser.
	IdentityProvider string          `json:"identityProvider,omitempty"`
	SessionContext   *SessionContext `json:"sessionContext,omitempty"`
}

// SessionContext is of temporary credentials.
type SessionContext struct {
	Attributes SessionAttributes `json:"attributes"`
}

// SessionAttributes say what a session has proved.
type SessionAttributes struct {
	MFAAuthenticated string `json:"mfaAuthenticated"` // "true" or "false"
}

// Resource is what the call was about.
type Resource struct {
	ARN       string `json:"ARN,omitempty"`
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type,omitempty"`
}

// Chain ties a record to the one before it.
type Chain struct {
	Sequence uint64 `json:"sequence"` // 1 for the first record of the installation
	Previous string `json:"previous"` // SHA-256 of the line before, in hex; "" for the first
}

// The types of records.
const (
	APICall       = "AwsApiCall"
	ConsoleSignIn = "AwsConsoleSignIn"
	ServiceEvent  = "AwsServiceEvent"
)

const (
	eventVersion = "1.11"
	management   = "Management"

	// maxText bounds, in bytes, what a record takes over from a request as text.
	maxText = 1024
	// maxElements bounds the parameters, and the elements of the answer, of one
	// record. CloudTrail's own bound of a record is 256 KiB.
	maxElements = 64 << 10
)

// complete fills in what every record has.
func (e *Event) complete(id string, now time.Time) {
	e.EventVersion, e.EventCategory, e.ManagementEvent = eventVersion, management, true
	e.EventID = id
	if e.EventType == "" {
		e.EventType = APICall
	}
	if e.EventTime.IsZero() {
		e.EventTime = now
	}
	e.EventTime = e.EventTime.UTC().Truncate(time.Second)
	e.UserAgent, e.ErrorMessage = cut(e.UserAgent), cut(e.ErrorMessage)
}

func cut(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}
