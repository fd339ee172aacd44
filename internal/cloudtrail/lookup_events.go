package cloudtrail

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/jsondoor"
)

// insight is the category of events that nothing here makes.
const insight = "insight"

// history is how far back events are found ("LookupEvents": the last 90 days).
const history = 90 * 24 * time.Hour

type lookupEventsInput struct {
	LookupAttributes []struct {
		AttributeKey   string
		AttributeValue string
	}
	StartTime     *float64 // seconds since 1970
	EndTime       *float64
	EventCategory string
	MaxResults    *int
	NextToken     string
}

type event struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId,omitempty"`
	EventTime       int64
	EventSource     string
	Username        string `json:",omitempty"`
	Resources       []resource
	CloudTrailEvent string
}

type resource struct {
	ResourceType string `json:",omitempty"`
	ResourceName string
}

type lookupEventsOutput struct {
	Events    []event
	NextToken string `json:",omitempty"`
}

// attributes are the values that LookupEvents can look for.
var attributes = map[string]func(*audit.Event) []string{
	"EventId":      func(e *audit.Event) []string { return []string{e.EventID} },
	"EventName":    func(e *audit.Event) []string { return []string{e.EventName} },
	"ReadOnly":     func(e *audit.Event) []string { return []string{strconv.FormatBool(e.ReadOnly)} },
	"Username":     func(e *audit.Event) []string { return []string{username(e)} },
	"EventSource":  func(e *audit.Event) []string { return []string{e.EventSource} },
	"AccessKeyId":  func(e *audit.Event) []string { return []string{e.UserIdentity.AccessKeyID} },
	"ResourceType": func(e *audit.Event) []string { return resources(e, func(r resource) string { return r.ResourceType }) },
	"ResourceName": func(e *audit.Event) []string { return resources(e, func(r resource) string { return r.ResourceName }) },
}

func resources(e *audit.Event, field func(resource) string) (out []string) {
	for _, r := range resourcesOf(e) {
		out = append(out, field(r))
	}
	return out
}

// lookupEvents answers LookupEvents (CloudTrail API Reference, "LookupEvents").
func (d *Door) lookupEvents(c *jsondoor.Call) (any, error) {
	var in lookupEventsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	account := c.Identity.Principal.Account
	q, err := in.query(string(account))
	if err != nil {
		return nil, err
	}
	if !d.rate.take(account, time.Now()) {
		return nil, &keyhaven.Error{Kind: keyhaven.Throttled}
	}
	if in.EventCategory == insight || !q.End.IsZero() && q.End.Before(q.Start) {
		return &lookupEventsOutput{Events: []event{}}, nil // there are none
	}
	found, next, err := d.events.Lookup(*q)
	if err != nil {
		return nil, err
	}
	out := &lookupEventsOutput{Events: make([]event, len(found))}
	for i := range found {
		out.Events[i] = eventOf(&found[i])
	}
	if next > 1 {
		out.NextToken = in.token(next)
	}
	return out, nil
}

func (in *lookupEventsInput) query(account string) (*audit.Query, error) {
	q := &audit.Query{Account: account, Start: time.Now().Add(-history), Max: audit.MaxPage}
	switch {
	case in.EventCategory != "" && in.EventCategory != insight:
		return nil, invalid("EventCategory", "The event category is not valid.")
	case len(in.LookupAttributes) > 1:
		return nil, invalid("LookupAttributes", "You can use only one lookup attribute.")
	}
	if in.MaxResults != nil {
		if q.Max = *in.MaxResults; q.Max < 1 || q.Max > audit.MaxPage {
			return nil, invalid("MaxResults", "MaxResults must be between 1 and 50.")
		}
	}
	for _, a := range in.LookupAttributes {
		values := attributes[a.AttributeKey]
		if values == nil || a.AttributeValue == "" || len(a.AttributeValue) > 2000 {
			return nil, invalid("LookupAttributes", "The lookup attribute is not valid.")
		}
		q.Match = func(e *audit.Event) bool { return slices.Contains(values(e), a.AttributeValue) }
	}
	if in.StartTime != nil {
		if at := timeOf(*in.StartTime); at.After(q.Start) {
			q.Start = at
		}
	}
	if in.EndTime != nil {
		q.End = timeOf(*in.EndTime)
	}
	if !q.End.IsZero() && in.StartTime != nil && q.End.Before(timeOf(*in.StartTime)) {
		return nil, invalid("TimeRange", "The start time must be before the end time.")
	}
	if in.NextToken != "" {
		var ok bool
		if q.Before, ok = in.position(); !ok {
			return nil, invalid("NextToken", "The token is not one of an earlier answer to the same request.")
		}
	}
	return q, nil
}

func timeOf(seconds float64) time.Time {
	const most = 253402300799 // the end of the year 9999
	return time.Unix(int64(min(max(seconds, 0), most)), 0).UTC()
}

// fingerprint ties a token to the request that it continues. MaxResults may
// differ, as AWS allows.
func (in *lookupEventsInput) fingerprint() []byte {
	text, err := json.Marshal([]any{in.LookupAttributes, in.StartTime, in.EndTime})
	if err != nil {
		return nil // NaN and the infinities have no JSON, so none came
	}
	sum := sha256.Sum256(text)
	return sum[:8]
}

func (in *lookupEventsInput) token(next uint64) string {
	return base64.URLEncoding.EncodeToString(binary.BigEndian.AppendUint64(in.fingerprint(), next))
}

func (in *lookupEventsInput) position() (uint64, bool) {
	raw, err := base64.URLEncoding.DecodeString(in.NextToken)
	if err != nil || len(raw) != 16 || !slices.Equal(raw[:8], in.fingerprint()) {
		return 0, false
	}
	n := binary.BigEndian.Uint64(raw[8:])
	return n, n > 0
}

func eventOf(f *audit.Found) event {
	e := &f.Event
	return event{
		EventID: e.EventID, EventName: e.EventName, ReadOnly: strconv.FormatBool(e.ReadOnly), AccessKeyID: e.UserIdentity.AccessKeyID,
		EventTime: e.EventTime.Unix(), EventSource: e.EventSource, Username: username(e), Resources: resourcesOf(e),
		CloudTrailEvent: string(f.Line),
	}
}

// username is what CloudTrail shows of who called: of a session its name.
func username(e *audit.Event) string {
	id := &e.UserIdentity
	switch id.Type {
	case "Root":
		return "root"
	case "AssumedRole", "FederatedUser":
		if _, name, ok := strings.Cut(id.PrincipalID, ":"); ok {
			return name
		}
	}
	return cmp.Or(id.UserName, id.PrincipalID)
}

// named are the names of things in parameters.
type named struct {
	BucketName, UserName, RoleName, GroupName, InstanceName, AlarmName, InstanceProfileName string

	AccessKeyID, PolicyArn, RoleArn string
}

// resourcesOf names what an event is about. Where the record has no ARNs the
// names of its parameters do, or of its details, and a new access key that of the answer.
func resourcesOf(e *audit.Event) []resource {
	out := []resource{}
	for _, r := range e.Resources {
		out = append(out, resource{r.Type, nameOf(r.ARN)})
	}
	var p named
	told := e.RequestParameters
	if e.ServiceDetails != nil {
		told = e.ServiceDetails
	}
	if len(out) == 0 && json.Unmarshal(told, &p) == nil {
		out = append(out, p.resources()...)
	}
	var made struct{ AccessKey struct{ AccessKeyID string } }
	if id := &made.AccessKey.AccessKeyID; len(e.ResponseElements) > 0 && json.Unmarshal(e.ResponseElements, &made) == nil && *id != "" && *id != p.AccessKeyID {
		out = append(out, resource{"AWS::IAM::AccessKey", *id})
	}
	return out
}

func (p *named) resources() (out []resource) {
	for _, r := range []resource{
		{"AWS::Lightsail::Bucket", p.BucketName},
		{"AWS::Lightsail::Instance", p.InstanceName},
		{"AWS::Lightsail::Alarm", p.AlarmName},
		{"AWS::IAM::User", p.UserName},
		{"AWS::IAM::Role", cmp.Or(p.RoleName, p.RoleArn)},
		{"AWS::IAM::Group", p.GroupName},
		{"AWS::IAM::Policy", p.PolicyArn},
		{"AWS::IAM::InstanceProfile", p.InstanceProfileName},
		{"AWS::IAM::AccessKey", p.AccessKeyID},
	} {
		if r.ResourceName != "" {
			out = append(out, r)
		}
	}
	return out
}

func nameOf(arn string) string {
	const bucket = "arn:aws:s3:::"
	if len(arn) > len(bucket) && arn[:len(bucket)] == bucket {
		return arn[len(bucket):]
	}
	return arn
}
