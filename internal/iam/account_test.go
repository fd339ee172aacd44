package iam_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestAccountSummaryAndAlias(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	r.user("bob")
	r.role("deploy", trusts("*"))
	s, err := c.GetAccountSummary(r.ctx, nil)
	check(t, err)
	for name, want := range map[string]int32{"Users": 1, "Roles": 1, "Groups": 0, "AccountAccessKeysPresent": 1, "AccessKeysPerUserQuota": 2} {
		if got, ok := s.SummaryMap[name]; !ok || got != want {
			t.Errorf("SummaryMap[%s] = %d, want %d", name, got, want)
		}
	}
	_, err = c.CreateAccountAlias(r.ctx, &iamsdk.CreateAccountAliasInput{AccountAlias: aws.String("acme")})
	check(t, err)
	_, err = r.iam(r.other).CreateAccountAlias(r.ctx, &iamsdk.CreateAccountAliasInput{AccountAlias: aws.String("acme")})
	wantCode(t, "another's alias", err, "EntityAlreadyExists")
	list, err := c.ListAccountAliases(r.ctx, nil)
	if err != nil || len(list.AccountAliases) != 1 || list.AccountAliases[0] != "acme" {
		t.Errorf("ListAccountAliases() = %v, %v", list, err)
	}
	_, err = c.DeleteAccountAlias(r.ctx, &iamsdk.DeleteAccountAliasInput{AccountAlias: aws.String("acme")})
	check(t, err)
	_, err = c.DeleteAccountAlias(r.ctx, &iamsdk.DeleteAccountAliasInput{AccountAlias: aws.String("acme")})
	wantCode(t, "an alias that is gone", err, "NoSuchEntity")
}

// TestIAM15_LoginProfiles: a password for the console, and changing it.
func TestIAM15_LoginProfiles(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	bob := aws.String("bob")
	k := r.user("bob", allow("iam:ChangePassword", "*"))
	_, err := c.GetLoginProfile(r.ctx, &iamsdk.GetLoginProfileInput{UserName: bob})
	wantCode(t, "no password", err, "NoSuchEntity")
	for _, bad := range []string{"short1A", "alllowercase", "bob"} {
		_, err = c.CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: bob, Password: &bad})
		wantCode(t, "the password "+bad, err, "PasswordPolicyViolation")
		if err != nil && strings.Contains(err.Error(), bad+" ") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	const first, second = "Correct-horse-1", "Battery-staple-2"
	made, err := c.CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: bob, Password: aws.String(first), PasswordResetRequired: true})
	check(t, err)
	if *made.LoginProfile.UserName != "bob" || !made.LoginProfile.PasswordResetRequired {
		t.Errorf("CreateLoginProfile() = %+v", made.LoginProfile)
	}
	_, err = c.CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: bob, Password: aws.String(first)})
	wantCode(t, "a second password", err, "EntityAlreadyExists")
	in, err := r.ids.SignIn(r.ctx, string(account), "bob", first)
	check(t, err)
	if in.Principal.Arn != "arn:aws:iam::111122223333:user/bob" || !in.ResetRequired {
		t.Errorf("SignIn() = %+v", in)
	}
	open, err := r.access.SignInAs(r.ctx, &in.Principal)
	check(t, err)
	page, err := r.access.SessionCredentials(r.ctx, open.Token)
	check(t, err)
	session := keys{id: page.AccessKeyID, secret: page.Secret.Reveal(), token: page.Token.Reveal()}
	if arn, err := r.whoami(session); err != nil || arn != "arn:aws:iam::111122223333:user/bob" {
		t.Errorf("a signed-in person is %s, %v", arn, err)
	}
	_, err = r.iam(k).ChangePassword(r.ctx, &iamsdk.ChangePasswordInput{OldPassword: aws.String(second), NewPassword: aws.String(second)})
	wantCode(t, "a wrong old password", err, "AccessDenied")
	_, err = r.iam(k).ChangePassword(r.ctx, &iamsdk.ChangePasswordInput{OldPassword: aws.String(first), NewPassword: aws.String(second)})
	check(t, err)
	if _, err := r.ids.SignIn(r.ctx, string(account), "bob", first); err == nil {
		t.Error("the old password signs in")
	}
	_, err = r.whoami(session)
	wantCode(t, "S11: a session of the old password", err, "InvalidClientTokenId")
	for _, who := range [][3]string{{string(account), "nobody", second}, {"999999999999", "bob", second}, {string(account), "bob", ""}, {string(account), "", second}} {
		if _, err := r.ids.SignIn(r.ctx, who[0], who[1], who[2]); err == nil || strings.Contains(err.Error(), "found") {
			t.Errorf("SignIn(%q) = %v", who, err)
		}
	}
	_, err = r.iam(r.root).ChangePassword(r.ctx, &iamsdk.ChangePasswordInput{OldPassword: aws.String(first), NewPassword: aws.String(second)})
	wantCode(t, "the root's", err, "InvalidUserType")
	_, err = c.DeleteLoginProfile(r.ctx, &iamsdk.DeleteLoginProfileInput{UserName: bob})
	check(t, err)
	if _, err := r.ids.SignIn(r.ctx, string(account), "bob", second); err == nil {
		t.Error("a deleted password signs in")
	}
	check(t, r.ids.SetRootPassword(r.ctx, account, first))
	if in, err := r.ids.SignIn(r.ctx, string(account), "", first); err != nil || in.Principal.ARN() != "arn:aws:iam::111122223333:root" {
		t.Errorf("SignIn() of the root = %+v, %v", in, err)
	}
	if strings.Contains(r.log.String(), first) || strings.Contains(r.log.String(), "argon2") {
		t.Error("SEC-03: the log holds a password")
	}
}

// TestS11_SignedInChildren: what a signed-in person has made ends with the
// sign-in.
func TestS11_SignedInChildren(t *testing.T) {
	r := newRig(t)
	r.user("bob", allow("sts:*", "*"))
	arn := r.role("deploy", trusts("arn:aws:iam::111122223333:user/bob"))
	u, err := r.ids.User(r.ctx, account, "bob")
	check(t, err)
	_, err = r.iam(r.root).CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: aws.String("bob"), Password: aws.String("Correct-horse-1")})
	check(t, err)
	in, err := r.ids.SignIn(r.ctx, string(account), u.Name, "Correct-horse-1")
	check(t, err)
	open, err := r.access.SignInAs(r.ctx, &in.Principal)
	check(t, err)
	page, err := r.access.SessionCredentials(r.ctx, open.Token)
	check(t, err)
	child := r.mustAssume(keys{id: page.AccessKeyID, secret: page.Secret.Reveal(), token: page.Token.Reveal()}, arn)
	_, err = r.whoami(child)
	check(t, err)
	check(t, r.access.SignOut(r.ctx, open.Token))
	_, err = r.whoami(child)
	wantCode(t, "a role's session after signing out", err, "InvalidClientTokenId")
}

// TestACC09_CredentialReport: every user and key with its last use.
func TestACC09_CredentialReport(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	_, err := c.GetCredentialReport(r.ctx, nil)
	wantCode(t, "no report", err, "ReportNotPresent")
	k := r.user("bob")
	_, err = r.whoami(k)
	check(t, err)
	g, err := c.GenerateCredentialReport(r.ctx, nil)
	if err != nil || g.State != types.ReportStateTypeStarted {
		t.Errorf("GenerateCredentialReport() = %v, %v", g, err)
	}
	g, err = c.GenerateCredentialReport(r.ctx, nil)
	if err != nil || g.State != types.ReportStateTypeComplete {
		t.Errorf("GenerateCredentialReport() again = %v, %v", g, err)
	}
	out, err := c.GetCredentialReport(r.ctx, nil)
	check(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(out.Content))).ReadAll()
	check(t, err)
	if len(rows) != 3 || rows[1][0] != "<root_account>" || rows[2][0] != "bob" || rows[2][8] != "true" || rows[2][12] != "sts" || rows[2][13] != "false" {
		t.Errorf("the report has %q", rows)
	}
	if root := rows[1]; root[3] != "not_supported" || root[5] != "not_supported" || root[6] != "not_supported" || rows[2][3] != "false" {
		t.Errorf("the report says of passwords %q", rows)
	}
	_, err = r.iam(r.other).GetCredentialReport(r.ctx, nil)
	wantCode(t, "another account's report", err, "ReportNotPresent")
}

// TestAuthorizationDetails has everything once, whatever the pages.
func TestAuthorizationDetails(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	for _, name := range []string{"a", "b", "c"} {
		r.user(name, allow("s3:*", "*"))
	}
	r.role("deploy", trusts("*"), allow("s3:*", "*"))
	_, err := c.CreateGroup(r.ctx, &iamsdk.CreateGroupInput{GroupName: aws.String("devs")})
	check(t, err)
	_, err = c.AddUserToGroup(r.ctx, &iamsdk.AddUserToGroupInput{GroupName: aws.String("devs"), UserName: aws.String("a")})
	check(t, err)
	_, err = c.CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allow("s3:*", "*"))})
	check(t, err)
	for _, size := range []int32{1, 2, 100} {
		var users, groups, roles, policies []string
		pages := iamsdk.NewGetAccountAuthorizationDetailsPaginator(c, &iamsdk.GetAccountAuthorizationDetailsInput{MaxItems: &size})
		for pages.HasMorePages() {
			p, err := pages.NextPage(r.ctx)
			check(t, err)
			for _, u := range p.UserDetailList {
				users = append(users, *u.UserName+strings.Join(u.GroupList, "+"))
			}
			for _, g := range p.GroupDetailList {
				groups = append(groups, *g.GroupName)
			}
			for _, x := range p.RoleDetailList {
				roles = append(roles, *x.RoleName)
			}
			for _, x := range p.Policies {
				policies = append(policies, *x.PolicyName)
			}
		}
		got := strings.Join([]string{strings.Join(users, ","), strings.Join(groups, ","), strings.Join(roles, ","), strings.Join(policies, ",")}, " ")
		if got != "adevs,b,c devs deploy own" {
			t.Errorf("in pages of %d: %s", size, got)
		}
	}
}

func TestSimulate(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	r.user("bob", allow("s3:GetObject", "arn:aws:s3:::photos/*"), deny("s3:*", "arn:aws:s3:::photos/private/*"))
	out, err := c.SimulatePrincipalPolicy(r.ctx, &iamsdk.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:user/bob"), ActionNames: []string{"s3:GetObject", "s3:PutObject"},
		ResourceArns: []string{"arn:aws:s3:::photos/a", "arn:aws:s3:::photos/private/a"},
	})
	check(t, err)
	var got []string
	for _, e := range out.EvaluationResults {
		got = append(got, *e.EvalActionName+" "+*e.EvalResourceName+" "+string(e.EvalDecision))
	}
	want := "s3:GetObject arn:aws:s3:::photos/a allowed,s3:GetObject arn:aws:s3:::photos/private/a explicitDeny," +
		"s3:PutObject arn:aws:s3:::photos/a implicitDeny,s3:PutObject arn:aws:s3:::photos/private/a explicitDeny"
	if strings.Join(got, ",") != want {
		t.Errorf("SimulatePrincipalPolicy() = %s", strings.Join(got, ","))
	}
	if m := out.EvaluationResults[0].MatchedStatements; len(m) != 1 || *m[0].SourcePolicyId != "user_p0" || m[0].StartPosition.Line != 1 {
		t.Errorf("MatchedStatements = %+v", m)
	}
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`
	custom := &iamsdk.SimulateCustomPolicyInput{PolicyInputList: []string{doc}, ActionNames: []string{"s3:GetObject"}}
	sim, err := c.SimulateCustomPolicy(r.ctx, custom)
	check(t, err)
	if e := sim.EvaluationResults[0]; e.EvalDecision != "implicitDeny" || len(e.MissingContextValues) != 1 || !strings.EqualFold(e.MissingContextValues[0], "aws:SourceIp") {
		t.Errorf("SimulateCustomPolicy() = %+v", e)
	}
	custom.ContextEntries = []types.ContextEntry{{ContextKeyName: aws.String("aws:SourceIp"), ContextKeyType: types.ContextKeyTypeEnumIp, ContextKeyValues: []string{"10.1.2.3"}}}
	sim, err = c.SimulateCustomPolicy(r.ctx, custom)
	if err != nil || sim.EvaluationResults[0].EvalDecision != "allowed" {
		t.Errorf("SimulateCustomPolicy() in the network = %+v, %v", sim, err)
	}
	custom.MaxItems, custom.ActionNames = aws.Int32(2), []string{"s3:A", "s3:B", "s3:C"}
	n, pages := 0, iamsdk.NewSimulateCustomPolicyPaginator(c, custom)
	for pages.HasMorePages() {
		p, err := pages.NextPage(r.ctx)
		check(t, err)
		n += len(p.EvaluationResults)
	}
	if n != 3 {
		t.Errorf("in pages there are %d results", n)
	}
	custom.PolicyInputList = []string{"{"}
	_, err = c.SimulateCustomPolicy(r.ctx, custom)
	wantCode(t, "a broken policy", err, "InvalidInput")
	_, err = c.SimulatePrincipalPolicy(r.ctx, &iamsdk.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:iam::111122223333:user/nobody"), ActionNames: []string{"s3:GetObject"}})
	wantCode(t, "nobody's policies", err, "NoSuchEntity")
	keys, err := c.GetContextKeysForCustomPolicy(r.ctx, &iamsdk.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{doc}})
	if err != nil || len(keys.ContextKeyNames) != 1 {
		t.Errorf("GetContextKeysForCustomPolicy() = %v, %v", keys, err)
	}
}

// TestSimulateAsThePrincipal: what is known of a user counts without being told,
// a boundary is judged by itself, and a resource's policy needs a caller.
func TestSimulateAsThePrincipal(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	bob := aws.String("arn:aws:iam::111122223333:user/bob")
	home := "arn:aws:s3:::home/${aws:username}/*"
	r.user("bob", allow("s3:GetObject", home))
	r.role("deploy", trusts("*"), allow("s3:GetObject", "*"))
	in := &iamsdk.SimulatePrincipalPolicyInput{PolicySourceArn: bob, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::home/bob/a"}}
	decide := func(what, want string, boundary bool) {
		t.Helper()
		out, err := c.SimulatePrincipalPolicy(r.ctx, in)
		check(t, err)
		e := out.EvaluationResults[0]
		if string(e.EvalDecision) != want || len(e.MissingContextValues) != 0 {
			t.Errorf("%s: %s, missing %v; want %s", what, e.EvalDecision, e.MissingContextValues, want)
		}
		if d := e.PermissionsBoundaryDecisionDetail; (d != nil) != (in.PermissionsBoundaryPolicyInputList != nil) || d != nil && d.AllowedByPermissionsBoundary != boundary {
			t.Errorf("%s: the boundary's detail is %+v", what, d)
		}
	}
	decide("bob's own", "allowed", false)
	in.ContextEntries = []types.ContextEntry{{ContextKeyName: aws.String("aws:username"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"ann"}}}
	decide("a name that is given", "implicitDeny", false)
	in.ContextEntries, in.CallerArn = nil, aws.String("arn:aws:iam::111122223333:user/ann")
	decide("ann with bob's policies", "implicitDeny", false)
	in.CallerArn = bob
	decide("bob as bob", "allowed", false)
	in.PermissionsBoundaryPolicyInputList = []string{allow("s3:PutObject", "*")}
	decide("outside of the boundary", "implicitDeny", false)
	in.ActionNames = []string{"s3:PutObject"}
	decide("allowed by the boundary alone", "implicitDeny", true)
	in.ActionNames = []string{"s3:ListBucket"}
	decide("allowed by none", "implicitDeny", false)

	policy := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`)
	_, err := c.SimulatePrincipalPolicy(r.ctx, &iamsdk.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:role/deploy"), ActionNames: []string{"s3:GetObject"}, ResourcePolicy: policy})
	wantCode(t, "a role at a resource's policy", err, "InvalidInput")
	_, err = c.SimulateCustomPolicy(r.ctx, &iamsdk.SimulateCustomPolicyInput{
		PolicyInputList: []string{allow("s3:GetObject", "*")}, ActionNames: []string{"s3:GetObject"}, ResourcePolicy: policy})
	wantCode(t, "nobody at a resource's policy", err, "InvalidInput")
}

// TestRolesAndProfiles: roles, their policies, and the profiles that hand them on.
func TestRolesAndProfiles(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	r.role("web", trusts("*"), allow("s3:*", "*"))
	web, profile := aws.String("web"), aws.String("web-profile")
	_, err := c.UpdateRole(r.ctx, &iamsdk.UpdateRoleInput{RoleName: web, Description: aws.String("d"), MaxSessionDuration: aws.Int32(7200)})
	check(t, err)
	_, err = c.UpdateRole(r.ctx, &iamsdk.UpdateRoleInput{RoleName: web, MaxSessionDuration: aws.Int32(3599)})
	wantCode(t, "too short a session", err, "ValidationError")
	_, err = c.UpdateAssumeRolePolicy(r.ctx, &iamsdk.UpdateAssumeRolePolicyInput{RoleName: web, PolicyDocument: aws.String(trusts("arn:aws:iam::111122223333:root"))})
	check(t, err)
	got, err := c.GetRole(r.ctx, &iamsdk.GetRoleInput{RoleName: web})
	check(t, err)
	if *got.Role.Description != "d" || *got.Role.MaxSessionDuration != 7200 || !strings.Contains(*got.Role.AssumeRolePolicyDocument, "%3Aroot") {
		t.Errorf("GetRole() = %+v", got.Role)
	}
	_, err = c.CreateInstanceProfile(r.ctx, &iamsdk.CreateInstanceProfileInput{InstanceProfileName: profile})
	check(t, err)
	_, err = c.AddRoleToInstanceProfile(r.ctx, &iamsdk.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: web})
	check(t, err)
	_, err = c.AddRoleToInstanceProfile(r.ctx, &iamsdk.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: web})
	wantCode(t, "a second role", err, "LimitExceeded")
	p, err := c.GetInstanceProfile(r.ctx, &iamsdk.GetInstanceProfileInput{InstanceProfileName: profile})
	if err != nil || len(p.InstanceProfile.Roles) != 1 || *p.InstanceProfile.Roles[0].RoleName != "web" {
		t.Errorf("GetInstanceProfile() = %+v, %v", p, err)
	}
	_, err = c.DeleteInstanceProfile(r.ctx, &iamsdk.DeleteInstanceProfileInput{InstanceProfileName: profile})
	wantCode(t, "a profile with a role", err, "DeleteConflict")
	_, err = c.DeleteRole(r.ctx, &iamsdk.DeleteRoleInput{RoleName: web})
	wantCode(t, "a role in a profile", err, "DeleteConflict")
	of, err := c.ListInstanceProfilesForRole(r.ctx, &iamsdk.ListInstanceProfilesForRoleInput{RoleName: web})
	if err != nil || len(of.InstanceProfiles) != 1 {
		t.Errorf("ListInstanceProfilesForRole() = %+v, %v", of, err)
	}
	_, err = c.RemoveRoleFromInstanceProfile(r.ctx, &iamsdk.RemoveRoleFromInstanceProfileInput{InstanceProfileName: profile, RoleName: web})
	check(t, err)
	_, err = c.DeleteInstanceProfile(r.ctx, &iamsdk.DeleteInstanceProfileInput{InstanceProfileName: profile})
	check(t, err)
	_, err = c.DeleteRolePolicy(r.ctx, &iamsdk.DeleteRolePolicyInput{RoleName: web, PolicyName: aws.String("p0")})
	check(t, err)
	_, err = c.DeleteRole(r.ctx, &iamsdk.DeleteRoleInput{RoleName: web})
	check(t, err)
	who, err := c.ListEntitiesForPolicy(r.ctx, &iamsdk.ListEntitiesForPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	if err != nil || len(who.PolicyUsers)+len(who.PolicyGroups)+len(who.PolicyRoles) != 0 {
		t.Errorf("ListEntitiesForPolicy() = %+v, %v", who, err)
	}
	k := r.user("passer", allow("iam:AddRoleToInstanceProfile iam:CreateInstanceProfile", "*"))
	r.role("admin", trusts("*"))
	_, err = r.iam(k).CreateInstanceProfile(r.ctx, &iamsdk.CreateInstanceProfileInput{InstanceProfileName: profile})
	check(t, err)
	_, err = r.iam(k).AddRoleToInstanceProfile(r.ctx, &iamsdk.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: aws.String("admin")})
	wantCode(t, "handing on a role without iam:PassRole", err, "AccessDenied")
}
