package sts

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

// The limits of sessions ("IAM and AWS STS quotas").
const (
	minDuration    = 900
	maxDuration    = 129600
	rootDuration   = 3600 // of a session of the root
	chainDuration  = 3600 // of a role that was assumed by a role's session
	maxPolicy      = 2048 // characters of a session policy
	maxPolicyARNs  = 10
	maxSessionTags = 50
)

// duration is how long a session is to be.
func duration(seconds *int32, usual, most int32) (time.Duration, error) {
	if seconds == nil {
		return time.Duration(min(usual, most)) * time.Second, nil
	}
	n := *seconds
	shown := "'" + strconv.Itoa(int(n)) + "'"
	switch {
	case n < minDuration:
		return 0, query.ValidationError(shown, "DurationSeconds", "have value greater than or equal to 900")
	case n > maxDuration:
		return 0, query.ValidationError(shown, "DurationSeconds", "have value less than or equal to 129600")
	}
	return time.Duration(n) * time.Second, nil
}

// narrow reads the policies of a session. The managed ones must be there.
func (d *Door) narrow(ctx context.Context, account keyhaven.AccountID, doc *string, arns []types.PolicyDescriptorType, in *access.SessionInput) error {
	if doc != nil {
		if len([]rune(*doc)) > maxPolicy {
			return &query.Answer{Code: "PackedPolicyTooLarge", Status: 400, Message: "The session policy has more than 2048 characters."}
		}
		if _, err := policy.Parse(policy.Identity, []byte(*doc)); err != nil {
			return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPolicyDocument, Msg: strings.TrimPrefix(err.Error(), "policy: "), Err: err}
		}
		in.Policies = []string{*doc}
	}
	if len(arns) > maxPolicyARNs {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "A session has at most 10 managed policies."}
	}
	for _, a := range arns {
		arn := value(a.Arn)
		if _, err := d.ids.Policy(ctx, account, arn); err != nil {
			if keyhaven.KindOf(err) == keyhaven.NotFound {
				return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPolicyDocument, Msg: "The policy " + arn + " does not exist."}
			}
			return err
		}
		in.PolicyARNs = append(in.PolicyARNs, arn)
	}
	return nil
}

// sessionTags reads the tags of a session.
func sessionTags(shapes []types.Tag) ([]keyhaven.Tag, error) {
	if len(shapes) > maxSessionTags {
		return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "A session has at most 50 tags."}
	}
	tags := make([]keyhaven.Tag, len(shapes))
	seen := map[string]bool{}
	for i, t := range shapes {
		tags[i] = keyhaven.Tag{Key: value(t.Key), Value: value(t.Value), HasValue: true}
		if k := strings.ToLower(tags[i].Key); seen[k] {
			return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Duplicate tag keys found. Please note that Tag keys are case insensitive."}
		}
		seen[strings.ToLower(tags[i].Key)] = true
	}
	return tags, keyhaven.ValidateTags(tags)
}

// tagFacts are the condition keys of the tags that a request brings.
func tagFacts(facts policy.Values, tags []keyhaven.Tag) {
	for _, t := range tags {
		facts["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		facts["aws:tagkeys"] = append(facts["aws:tagkeys"], t.Key)
	}
}
