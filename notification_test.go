package keyhaven

import (
	"strings"
	"testing"
)

func TestNotificationValidate(t *testing.T) {
	known := func(name string) bool { return name == "hook" }
	rule := func(id, events, prefix, suffix string) NotificationRule {
		return NotificationRule{ID: id, ARN: "arn:aws:sqs:us-east-1:111122223333:hook", Events: strings.Fields(events), Prefix: &prefix, Suffix: &suffix}
	}
	for name, try := range map[string]struct {
		rules []NotificationRule
		ok    bool
	}{
		"one":                   {[]NotificationRule{rule("a", "s3:ObjectCreated:* s3:ObjectRemoved:Delete", "", "")}, true},
		"other prefixes":        {[]NotificationRule{rule("a", "s3:ObjectCreated:*", "x/", ""), rule("b", "s3:ObjectCreated:Put", "y/", "")}, true},
		"other suffixes":        {[]NotificationRule{rule("a", "s3:ObjectCreated:*", "", ".a"), rule("b", "s3:ObjectCreated:Put", "", ".b")}, true},
		"other events":          {[]NotificationRule{rule("a", "s3:ObjectCreated:Put", "", ""), rule("b", "s3:ObjectCreated:Copy", "", "")}, true},
		"a prefix of the other": {[]NotificationRule{rule("a", "s3:ObjectCreated:*", "x", ""), rule("b", "s3:ObjectCreated:Put", "x/y", "")}, false},
		"prefix and suffix":     {[]NotificationRule{rule("a", "s3:ObjectCreated:*", "x", ""), rule("b", "s3:ObjectCreated:Put", "", ".b")}, false},
		"the same id":           {[]NotificationRule{rule("a", "s3:ObjectCreated:Put", "", ""), rule("a", "s3:ObjectCreated:Copy", "", "")}, false},
		"unknown event":         {[]NotificationRule{rule("a", "s3:ObjectEaten", "", "")}, false},
		"everything":            {[]NotificationRule{rule("a", "s3:*", "", "")}, false},
		"event without s3":      {[]NotificationRule{rule("a", "ObjectCreated:Put", "", "")}, false},
		"no event":              {[]NotificationRule{rule("a", "", "", "")}, false},
		"long id":               {[]NotificationRule{rule(strings.Repeat("i", 256), "s3:ObjectCreated:Put", "", "")}, false},
		"long prefix":           {[]NotificationRule{rule("a", "s3:ObjectCreated:Put", strings.Repeat("p", 1025), "")}, false},
		"another destination":   {[]NotificationRule{{ID: "a", ARN: "arn:aws:sqs:us-east-1:1:none", Events: []string{"s3:ObjectCreated:*"}}}, false},
		"no ARN":                {[]NotificationRule{{ID: "a", ARN: "hook", Events: []string{"s3:ObjectCreated:*"}}}, false},
		"more than a hundred":   {make([]NotificationRule, 101), false},
	} {
		err := (&Notification{Rules: try.rules}).Validate(known)
		if try.ok && err != nil || !try.ok && !Is(err, Invalid, NounNotification) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
