package awsquery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keyhaven/keyhaven/internal/awsquery"
)

const namespace = "https://iam.amazonaws.com/doc/2010-05-08/"

// peer is the server side of an SDK's client: it decodes what arrives into in
// and answers out.
type peer struct {
	t      *testing.T
	in     any
	out    any
	action string
	fault  *awsquery.Fault
}

func (p *peer) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	form, err := awsquery.Parse(string(raw))
	if err != nil {
		p.t.Fatalf("Parse(%s) = %v", raw, err)
	}
	p.action = form.Action
	if err := form.Decode(p.in); err != nil {
		p.t.Fatalf("Decode(%s) = %v", raw, err)
	}
	a := awsquery.Answer{Namespace: namespace, RequestID: "the-id"}
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Request: r}
	body := []byte(nil)
	if p.fault != nil {
		resp.StatusCode, body = 409, a.AppendFault(nil, *p.fault)
	} else if body, err = a.Append(nil, form.Action, p.out); err != nil {
		p.t.Fatal(err)
	}
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	return resp, nil
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
}

func iamClient(p *peer) *iam.Client {
	return iam.New(iam.Options{
		Region: "us-east-1", HTTPClient: p, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(credentials), BaseEndpoint: aws.String("http://iam.test"),
	})
}

var ignore = cmp.Options{
	cmpopts.IgnoreFields(iam.ListUsersOutput{}, "ResultMetadata"), cmpopts.IgnoreFields(iam.GetAccountSummaryOutput{}, "ResultMetadata"),
	cmpopts.IgnoreFields(iam.SimulateCustomPolicyOutput{}, "ResultMetadata"), cmpopts.IgnoreFields(iam.GetCredentialReportOutput{}, "ResultMetadata"),
	cmpopts.IgnoreFields(sts.AssumeRoleOutput{}, "ResultMetadata"),
	cmpopts.IgnoreUnexported(iam.CreateUserInput{}, iam.SimulateCustomPolicyInput{}, iam.ListUsersOutput{}, iam.GetAccountSummaryOutput{},
		iam.SimulateCustomPolicyOutput{}, iam.GetCredentialReportOutput{}, types.User{}, types.Tag{}, types.ContextEntry{}, types.EvaluationResult{},
		types.Statement{}, types.Position{}, sts.AssumeRoleInput{}, sts.AssumeRoleOutput{}, ststypes.Credentials{}, ststypes.AssumedRoleUser{},
		ststypes.Tag{}, ststypes.PolicyDescriptorType{}),
}

// same fails unless got is want.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, ignore); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

// TestSDKs sends what the SDK's own clients write and reads with them what is
// answered.
func TestSDKs(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	user := &iam.CreateUserInput{
		UserName: new("bob & <alice>"), Path: new("/a/é/"),
		Tags: []types.Tag{{Key: new("k1"), Value: new("")}, {Key: new("k+2"), Value: new("v 2")}},
	}
	p := &peer{t: t, in: new(iam.CreateUserInput), out: &iam.CreateUserOutput{}}
	if _, err := iamClient(p).CreateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	same(t, "CreateUser", p.in, user)

	users := &iam.ListUsersOutput{
		IsTruncated: true, Marker: new("m<>&\"'\n"),
		Users: []types.User{
			{UserName: new("bob"), Path: new("/"), UserId: new("AIDA1"), Arn: new("arn"), CreateDate: &at, Tags: []types.Tag{{Key: new("k"), Value: new("")}}},
			{UserName: new("eve"), Path: new("/"), UserId: new("AIDA2"), Arn: new("arn"), CreateDate: &at},
		},
	}
	p = &peer{t: t, in: new(iam.ListUsersInput), out: users}
	got, err := iamClient(p).ListUsers(t.Context(), &iam.ListUsersInput{MaxItems: new(int32(7))})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ListUsers", got, users)
	if in := p.in.(*iam.ListUsersInput); in.MaxItems == nil || *in.MaxItems != 7 || p.action != "ListUsers" {
		t.Errorf("ListUsers decodes to %s %+v", p.action, in)
	}

	simulate := &iam.SimulateCustomPolicyInput{
		ActionNames: []string{"s3:GetObject", "s3:PutObject"}, PolicyInputList: []string{`{"Statement":[]}`},
		ContextEntries: []types.ContextEntry{{ContextKeyName: new("aws:SourceIp"), ContextKeyType: types.ContextKeyTypeEnumIp, ContextKeyValues: []string{"10.0.0.1"}}},
		MaxItems:       new(int32(3)),
	}
	results := &iam.SimulateCustomPolicyOutput{EvaluationResults: []types.EvaluationResult{{
		EvalActionName: new("s3:GetObject"), EvalDecision: types.PolicyEvaluationDecisionTypeAllowed, EvalResourceName: new("*"),
		MatchedStatements:    []types.Statement{{SourcePolicyId: new("p"), StartPosition: &types.Position{Line: 1, Column: 2}}},
		MissingContextValues: []string{}, EvalDecisionDetails: map[string]types.PolicyEvaluationDecisionType{"b": "allowed", "a": "explicitDeny"},
	}}}
	p = &peer{t: t, in: new(iam.SimulateCustomPolicyInput), out: results}
	sim, err := iamClient(p).SimulateCustomPolicy(t.Context(), simulate)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "SimulateCustomPolicy in", p.in, simulate)
	same(t, "SimulateCustomPolicy out", sim, results)

	summary := &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"Users": 3, "Groups": 0}}
	p = &peer{t: t, in: new(iam.GetAccountSummaryInput), out: summary}
	sum, err := iamClient(p).GetAccountSummary(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "GetAccountSummary", sum, summary)

	report := &iam.GetCredentialReportOutput{Content: []byte("user,arn\n\xff"), GeneratedTime: &at, ReportFormat: "text/csv"}
	p = &peer{t: t, in: new(iam.GetCredentialReportInput), out: report}
	rep, err := iamClient(p).GetCredentialReport(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "GetCredentialReport", rep, report)
}

func TestSTS(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	in := &sts.AssumeRoleInput{
		RoleArn: new("arn:aws:iam::111122223333:role/r"), RoleSessionName: new("s"), DurationSeconds: new(int32(900)),
		PolicyArns: []ststypes.PolicyDescriptorType{{Arn: new("arn:aws:iam::aws:policy/ReadOnlyAccess")}},
		Tags:       []ststypes.Tag{{Key: new("a"), Value: new("b")}}, TransitiveTagKeys: []string{"a"}, ExternalId: new("x"),
	}
	out := &sts.AssumeRoleOutput{
		Credentials:     &ststypes.Credentials{AccessKeyId: new("ASIA"), SecretAccessKey: new("s"), SessionToken: new("t"), Expiration: &at},
		AssumedRoleUser: &ststypes.AssumedRoleUser{Arn: new("arn"), AssumedRoleId: new("AROA:s")},
	}
	p := &peer{t: t, in: new(sts.AssumeRoleInput), out: out}
	client := sts.New(sts.Options{Region: "us-east-1", HTTPClient: p, Credentials: aws.CredentialsProviderFunc(credentials), BaseEndpoint: aws.String("http://sts.test")})
	got, err := client.AssumeRole(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "AssumeRole in", p.in, in)
	same(t, "AssumeRole out", got, out)
}

// TestFault: the SDK makes its typed exception of a fault.
func TestFault(t *testing.T) {
	p := &peer{t: t, in: new(iam.CreateAccessKeyInput), fault: &awsquery.Fault{Type: "Sender", Code: "LimitExceeded", Message: "no <more>"}}
	_, err := iamClient(p).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
	limit, ok := errors.AsType[*types.LimitExceededException](err)
	if !ok || limit.ErrorMessage() != "no <more>" {
		t.Errorf("error = %v, want a LimitExceededException", err)
	}
}

// TestNoResult: an action without output has no Result element.
func TestNoResult(t *testing.T) {
	a := awsquery.Answer{Namespace: namespace, RequestID: "id"}
	want := `<DeleteUserResponse xmlns="` + namespace + `"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteUserResponse>` + "\n"
	for _, out := range []any{nil, &iam.DeleteUserOutput{}} {
		if got, err := a.Append(nil, "DeleteUser", out); err != nil || string(got) != want {
			t.Errorf("Append(%T) = %s, %v", out, got, err)
		}
	}
}

func TestEmptyResult(t *testing.T) {
	a := awsquery.Answer{Namespace: namespace, RequestID: "id"}
	got, err := a.Append(nil, "UpdateRole", &awsquery.EmptyResult{})
	if err != nil || !strings.Contains(string(got), "<UpdateRoleResult></UpdateRoleResult>") {
		t.Errorf("Append() = %s, %v", got, err)
	}
}

func TestBadRequests(t *testing.T) {
	var all strings.Builder
	for i := range awsquery.MaxParameters + 1 {
		fmt.Fprintf(&all, "x%d&", i)
	}
	many := all.String()
	for _, try := range []struct{ raw, path string }{
		{"Action=CreateUser&UserName=a&UserName=b", "UserName"},
		{"UserName.x=a", "UserName"},
		{"UserName=a&UserName.member.1=a", "UserName"},
		{"Tags=a", "Tags"},
		{"Tags.member.x.Key=a", "Tags"},
		{"Tags.member.0.Key=a", "Tags"},
		{"Tags.member.01.Key=a", "Tags"},
		{"Tags.member.-1.Key=a", "Tags"},
		{"Tags.member.1.Key.x=a", "Tags.member.1.Key"},
		{"UserName=%zz", "UserName"},
		{"%zz=a", ""},
		{many, ""},
		{strings.Repeat("x", awsquery.MaxName+1) + "=1", ""},
		{"a" + strings.Repeat(".a", awsquery.MaxDepth) + "=1", "a" + strings.Repeat(".a", awsquery.MaxDepth)},
	} {
		form, err := awsquery.Parse(try.raw)
		if err == nil {
			err = form.Decode(new(iam.CreateUserInput))
		}
		e, ok := errors.AsType[*awsquery.Error](err)
		if !ok || e.Path != try.path {
			t.Errorf("%.60s: error = %v, want one about %q", try.raw, err, try.path)
		}
	}
	for _, raw := range []string{"MaxItems=1x", "MaxItems=99999999999", "MaxItems="} {
		form, err := awsquery.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := form.Decode(new(iam.ListUsersInput)); err == nil {
			t.Errorf("%s decodes", raw)
		}
	}
}

// TestLenient: an empty list, gaps and unknown parameters are no faults.
func TestLenient(t *testing.T) {
	form, err := awsquery.Parse("&Action=X&Version=2010-05-08&Tags.member.10.Key=b&Tags.member.2.Key=a&Other.member.1=x&PermissionsBoundary=")
	if err != nil {
		t.Fatal(err)
	}
	var in iam.CreateUserInput
	if err := form.Decode(&in); err != nil {
		t.Fatal(err)
	}
	if form.Action != "X" || form.Version != "2010-05-08" || len(in.Tags) != 2 || *in.Tags[0].Key != "a" || *in.Tags[1].Key != "b" || in.PermissionsBoundary == nil {
		t.Errorf("form = %+v, in = %+v", form, in)
	}
	form, err = awsquery.Parse("Tags=")
	if err != nil {
		t.Fatal(err)
	}
	in = iam.CreateUserInput{}
	if err := form.Decode(&in); err != nil || in.Tags == nil || len(in.Tags) != 0 {
		t.Errorf("an empty list decodes to %v, %v", in.Tags, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("Action=CreateUser&Version=2010-05-08&UserName=bob&Tags.member.1.Key=k&Tags.member.1.Value=v")
	f.Add("Action=SimulateCustomPolicy&ContextEntries.member.1.ContextKeyValues.member.1=x&MaxItems=1")
	f.Add("A.entry.1.key=1&A.entry.1.value=2&B=%zz&.=.&&=")
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := awsquery.Parse(raw)
		if err != nil {
			if _, ok := errors.AsType[*awsquery.Error](err); !ok {
				t.Errorf("Parse() = %v, which is no fault of the request", err)
			}
			return
		}
		for _, in := range []any{new(iam.CreateUserInput), new(iam.SimulateCustomPolicyInput), new(sts.AssumeRoleInput)} {
			if err := form.Decode(in); err != nil {
				if _, ok := errors.AsType[*awsquery.Error](err); !ok {
					t.Errorf("Decode(%T) = %v, which is no fault of the request", in, err)
				}
			}
		}
	})
}
