package iam

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

// simulation is what a simulation is asked, by either of its operations.
type simulation struct {
	principal policy.Principal
	sources   policy.Sources
	actions   []string
	resources []string
	resource  *string // a resource's policy
	owner     *string
	entries   []types.ContextEntry
	facts     policy.Values // of the principal; entries go before them
	marker    *string
	items     *int32
}

func (d *Door) simulateCustomPolicy(_ context.Context, c *query.Call, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	s := simulation{
		principal: access.PolicyPrincipal(&c.Identity.Principal), actions: in.ActionNames, resources: in.ResourceArns,
		resource: in.ResourcePolicy, owner: in.ResourceOwner, entries: in.ContextEntries, marker: in.Marker, items: in.MaxItems,
	}
	var err error
	if s.sources.Identity, err = documents("PolicyInputList", in.PolicyInputList); err != nil {
		return nil, err
	}
	if s.sources.Boundary, err = documents("PermissionsBoundaryPolicyInputList", in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != nil && in.CallerArn == nil {
		return nil, errNoCaller
	}
	if err := s.caller(in.CallerArn); err != nil {
		return nil, err
	}
	results, after, err := s.run()
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: results, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) simulatePrincipalPolicy(ctx context.Context, c *query.Call, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	p, own, err := d.access.PoliciesOf(ctx, c.Account(), *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	s := simulation{
		principal: access.PolicyPrincipal(p), facts: access.PrincipalFacts(p, own), actions: in.ActionNames, resources: in.ResourceArns,
		resource: in.ResourcePolicy, owner: in.ResourceOwner, entries: in.ContextEntries, marker: in.Marker, items: in.MaxItems,
	}
	more, err := documents("PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	s.sources.Identity, s.sources.Boundary = append(slices.Clone(own.Identity), more...), own.Boundary
	if in.PermissionsBoundaryPolicyInputList != nil {
		if s.sources.Boundary, err = documents("PermissionsBoundaryPolicyInputList", in.PermissionsBoundaryPolicyInputList); err != nil {
			return nil, err
		}
	}
	if in.ResourcePolicy != nil && in.CallerArn == nil && !strings.Contains(*in.PolicySourceArn, ":user/") {
		return nil, errNoCaller
	}
	if err := s.caller(in.CallerArn); err != nil {
		return nil, err
	}
	results, after, err := s.run()
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, IsTruncated: after != nil, Marker: after}, err
}

// errNoCaller: the Principal of a resource's policy is compared with a user
// ("SimulatePrincipalPolicy", CallerArn).
var errNoCaller = &query.Answer{Code: "InvalidInput", Status: 400, Message: "CallerArn is required with a ResourcePolicy, unless the policies are a user's."}

// caller puts another user in the place of who asks.
func (s *simulation) caller(arn *string) error {
	if arn == nil || *arn == s.principal.ARN {
		return nil
	}
	parts := strings.SplitN(*arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !keyhaven.AccountID(parts[4]).Valid() || !strings.HasPrefix(parts[5], "user/") {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Invalid ARN for CallerArn: only users can be simulated"}
	}
	s.principal = policy.Principal{Type: policy.User, Account: keyhaven.AccountID(parts[4]), ARN: *arn}
	s.facts = policy.Values{
		"aws:principalarn": {*arn}, "aws:principalaccount": {parts[4]}, "aws:principaltype": {"User"},
		"aws:username": {(*arn)[strings.LastIndexByte(*arn, '/')+1:]},
	}
	return nil
}

func documents(member string, texts []string) ([]policy.Policy, error) {
	out := make([]policy.Policy, 0, len(texts))
	for i, text := range texts {
		doc, err := policy.Parse(policy.Identity, []byte(text))
		if err != nil {
			return nil, &query.Answer{Code: "InvalidInput", Status: 400, Message: "Invalid policy in " + member + ": " + strings.TrimPrefix(err.Error(), "policy: ")}
		}
		out = append(out, policy.Policy{Document: doc, ID: member + "." + strconv.Itoa(i+1), Type: "none"})
	}
	return out, nil
}

// maxSimulated bounds a simulation: actions times resources.
const maxSimulated = 10_000

func (s *simulation) run() ([]types.EvaluationResult, *string, error) {
	if len(s.resources) == 0 {
		s.resources = []string{"*"}
	}
	if len(s.actions)*len(s.resources) > maxSimulated {
		return nil, nil, &query.Answer{Code: "InvalidInput", Status: 400, Message: "The simulation has more than 10000 decisions."}
	}
	if s.resource != nil {
		doc, err := policy.Parse(policy.Resource, []byte(*s.resource))
		if err != nil {
			return nil, nil, &query.Answer{Code: "InvalidInput", Status: 400, Message: "Invalid ResourcePolicy: " + strings.TrimPrefix(err.Error(), "policy: ")}
		}
		s.sources.Resource = []policy.Policy{{Document: doc, ID: "ResourcePolicy", Type: "Resource Policy"}}
	}
	given := policy.Values{}
	maps.Copy(given, s.facts)
	for _, e := range s.entries {
		given[lower(value(e.ContextKeyName))] = e.ContextKeyValues
	}
	missing := s.missing(given)
	results := []types.EvaluationResult{}
	for _, action := range s.actions {
		if !strings.Contains(action, ":") || strings.ContainsAny(action, "*?") {
			return nil, nil, &query.Answer{Code: "InvalidInput", Status: 400, Message: "Invalid Action/API Name: actions are service:Name, without wildcards."}
		}
		for _, arn := range s.resources {
			results = append(results, s.evaluate(action, arn, given, missing))
		}
	}
	at := map[*string]string{}
	for i := range results { // a page goes on after a number
		at[results[i].EvalActionName] = strconv.Itoa(i)
	}
	return cut(results, s.marker, s.items, func(r types.EvaluationResult) string { return at[r.EvalActionName] })
}

func (s *simulation) evaluate(action, arn string, given policy.Values, missing []string) types.EvaluationResult {
	req := &policy.Request{Principal: &s.principal, Action: action, Resource: arn, Context: given}
	if s.owner != nil {
		if parts := strings.SplitN(*s.owner, ":", 6); len(parts) == 6 {
			req.Owner = keyhaven.AccountID(parts[4])
		}
	}
	decision, matches := policy.Explain(req, &s.sources)
	r := types.EvaluationResult{
		EvalActionName: new(action), EvalResourceName: new(arn), EvalDecision: types.PolicyEvaluationDecisionType(decision.Outcome.String()),
		MatchedStatements: []types.Statement{}, MissingContextValues: missing,
	}
	for _, m := range matches {
		r.MatchedStatements = append(r.MatchedStatements, types.Statement{
			SourcePolicyId: new(m.Policy.ID), SourcePolicyType: sourceType(m.Policy.Type),
			StartPosition: &types.Position{Line: int32(m.Statement.Start.Line), Column: int32(m.Statement.Start.Column)},
			EndPosition:   &types.Position{Line: int32(m.Statement.End.Line), Column: int32(m.Statement.End.Column)},
		})
	}
	if len(s.sources.Boundary) > 0 {
		r.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{
			AllowedByPermissionsBoundary: s.boundaryAllows(req),
		}
	}
	return r
}

// boundaryAllows is whether the boundary has a statement that allows, whatever
// the other policies say ("PermissionsBoundaryDecisionDetail").
func (s *simulation) boundaryAllows(req *policy.Request) bool {
	alone := *req
	alone.Owner = ""
	decision, _ := policy.Explain(&alone, &policy.Sources{Identity: s.sources.Boundary})
	return decision.Outcome == policy.Allowed
}

func sourceType(t string) types.PolicySourceType {
	switch t {
	case "user", "group", "role", "resource", "none":
		return types.PolicySourceType(t)
	case "IAM Policy":
		return types.PolicySourceTypeUserManaged
	case "Resource Policy":
		return types.PolicySourceTypeResource
	}
	return ""
}

// missing are the condition keys that the documents name and the request gives
// no value for.
func (s *simulation) missing(given policy.Values) []string {
	out := []string{}
	for _, ps := range [][]policy.Policy{s.sources.Identity, s.sources.Boundary, s.sources.Resource} {
		for _, p := range ps {
			for _, k := range p.ContextKeys() {
				if _, ok := given[k]; !ok && !slices.Contains(out, k) {
					out = append(out, k)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func (d *Door) getContextKeysForCustomPolicy(_ context.Context, _ *query.Call, in *iam.GetContextKeysForCustomPolicyInput) (*iam.GetContextKeysForCustomPolicyOutput, error) {
	docs, err := documents("PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	s := simulation{sources: policy.Sources{Identity: docs}}
	return &iam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: s.missing(nil)}, nil
}

func (d *Door) getContextKeysForPrincipalPolicy(ctx context.Context, c *query.Call, in *iam.GetContextKeysForPrincipalPolicyInput) (*iam.GetContextKeysForPrincipalPolicyOutput, error) {
	_, own, err := d.access.PoliciesOf(ctx, c.Account(), *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	docs, err := documents("PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	s := simulation{sources: policy.Sources{Identity: append(slices.Clone(own.Identity), docs...), Boundary: own.Boundary}}
	return &iam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: s.missing(nil)}, nil
}
