package keyhaven

import (
	"strings"
)

// Notification says which changes of a bucket's objects are reported where
// ("Amazon S3 Event Notifications").
type Notification struct {
	Rules []NotificationRule `json:"rules"`
}

// DestinationKind is what S3 would take the destination of a rule for. Here all
// are webhooks; the kind is kept so that clients read what they wrote.
type DestinationKind string

// The kinds.
const (
	DestinationTopic    DestinationKind = "Topic"
	DestinationQueue    DestinationKind = "Queue"
	DestinationFunction DestinationKind = "CloudFunction"
)

// NotificationRule reports events to one destination.
type NotificationRule struct {
	ID     string          `json:"id"`
	Kind   DestinationKind `json:"kind"`
	ARN    string          `json:"arn"` // ends in the name of a webhook
	Events []string        `json:"events"`
	Prefix *string         `json:"prefix,omitempty"`
	Suffix *string         `json:"suffix,omitempty"`
}

// MaxNotificationRules is the most rules that a bucket can have.
const MaxNotificationRules = 100

// eventTypes are the events that happen here, without "s3:".
var eventTypes = []string{
	"ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload",
	"ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated",
	"ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put",
	"LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated",
}

// Webhook is the name of the webhook that the destination names: the last part
// of the ARN.
func (r *NotificationRule) Webhook() string {
	return r.ARN[strings.LastIndexByte(r.ARN, ':')+1:]
}

// Validate checks the rules. known reports whether there is a webhook of a name.
// Errors: Invalid notification, with a Msg.
func (n *Notification) Validate(known func(name string) bool) error {
	if len(n.Rules) > MaxNotificationRules {
		return invalidNotification("A bucket can have at most 100 notification configurations.", "")
	}
	for i := range n.Rules {
		r := &n.Rules[i]
		if err := r.validate(known); err != nil {
			return err
		}
		for j := range i {
			if n.Rules[j].ID == r.ID {
				return invalidNotification("Same ID used for multiple configurations. IDs must be unique", r.ID)
			}
			if r.overlaps(&n.Rules[j]) {
				return invalidNotification("Configurations overlap. Configurations on the same bucket cannot share a common event type.", "")
			}
		}
	}
	return nil
}

func (r *NotificationRule) validate(known func(string) bool) error {
	switch {
	case len(r.ID) > 255:
		return invalidNotification("The ID of a notification configuration can have at most 255 characters.", "")
	case len(r.Events) == 0:
		return invalidNotification("A notification configuration needs an event.", "")
	case !strings.HasPrefix(r.ARN, "arn:") || strings.Count(r.ARN, ":") < 5:
		return invalidNotification("The ARN could not be parsed", r.ARN)
	case !known(r.Webhook()):
		return invalidNotification("Unable to validate the following destination configurations", r.ARN)
	}
	for _, e := range r.Events {
		if !validEvent(e) {
			return invalidNotification("A specified event is not supported for notifications.", e)
		}
	}
	for _, s := range []*string{r.Prefix, r.Suffix} {
		if s != nil && len(*s) > MaxObjectKey {
			return invalidNotification("A filter value can have at most 1024 bytes.", "")
		}
	}
	return nil
}

func validEvent(e string) bool {
	name, ok := strings.CutPrefix(e, "s3:")
	if !ok {
		return false
	}
	for _, t := range eventTypes {
		if matchEvent(name, t) {
			return true
		}
	}
	return false
}

// matchEvent matches an event with its name or "<group>:*".
func matchEvent(pattern, event string) bool {
	if group, wild := strings.CutSuffix(pattern, "*"); wild && strings.HasSuffix(group, ":") {
		return strings.HasPrefix(event, group)
	}
	return pattern == event
}

func (r *NotificationRule) matches(event string) bool {
	for _, e := range r.Events {
		if matchEvent(strings.TrimPrefix(e, "s3:"), event) {
			return true
		}
	}
	return false
}

// overlaps reports whether one event of one object could match both rules.
func (r *NotificationRule) overlaps(o *NotificationRule) bool {
	shared := false
	for _, t := range eventTypes {
		shared = shared || r.matches(t) && o.matches(t)
	}
	if !shared {
		return false
	}
	a, b := text(r.Prefix), text(o.Prefix)
	if !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) {
		return false
	}
	a, b = text(r.Suffix), text(o.Suffix)
	return strings.HasSuffix(a, b) || strings.HasSuffix(b, a)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Match calls fn for each rule that reports the event, such as
// "ObjectCreated:Put", of an object with the key.
func (n *Notification) Match(event, key string, fn func(*NotificationRule) error) error {
	for i := range n.Rules {
		r := &n.Rules[i]
		if !r.matches(event) || !strings.HasPrefix(key, text(r.Prefix)) || !strings.HasSuffix(key, text(r.Suffix)) {
			continue
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

func invalidNotification(msg, id string) error {
	return &Error{Kind: Invalid, Noun: NounNotification, ID: id, Msg: msg}
}
