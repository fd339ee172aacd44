package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// TestACC06_CallerIdentity: who may call whatever hears who they are.
func TestACC06_CallerIdentity(t *testing.T) {
	r := newRig(t)
	out, err := r.sts(r.root).GetCallerIdentity(r.ctx, nil)
	check(t, err)
	if *out.Account != string(account) || *out.UserId != string(account) || *out.Arn != "arn:aws:iam::111122223333:root" {
		t.Errorf("the root = %s %s %s", *out.Account, *out.UserId, *out.Arn)
	}
	bob := r.user("bob", deny("sts:*", "*"))
	out, err = r.sts(bob).GetCallerIdentity(r.ctx, nil)
	check(t, err)
	if !strings.HasPrefix(*out.UserId, "AIDA") || *out.Arn != "arn:aws:iam::111122223333:user/bob" {
		t.Errorf("a user = %s %s", *out.UserId, *out.Arn)
	}
	arn := r.role("deploy", trusts("arn:aws:iam::111122223333:root"))
	eve := r.user("eve", allow("sts:AssumeRole", arn))
	out, err = r.sts(r.mustAssume(eve, arn)).GetCallerIdentity(r.ctx, nil)
	check(t, err)
	if !strings.HasPrefix(*out.UserId, "AROA") || !strings.HasSuffix(*out.UserId, ":session") || *out.Arn != "arn:aws:sts::111122223333:assumed-role/deploy/session" {
		t.Errorf("a session = %s %s", *out.UserId, *out.Arn)
	}
	r.bucket("photos")
	key, err := r.lightsail(r.root).CreateBucketAccessKey(r.ctx, &lightsailsdk.CreateBucketAccessKeyInput{BucketName: aws.String("photos")})
	check(t, err)
	bucketKey := keys{id: *key.AccessKey.AccessKeyId, secret: *key.AccessKey.SecretAccessKey}
	if got, err := r.whoami(bucketKey); err != nil || !strings.Contains(got, "photos") {
		t.Errorf("a bucket key = %s, %v", got, err)
	}
	_, err = r.iam(bucketKey).ListUsers(r.ctx, nil)
	wantCode(t, "a bucket key at IAM", err, "AccessDenied")
	_, err = r.sts(bucketKey).GetSessionToken(r.ctx, nil)
	wantCode(t, "a bucket key wants a session", err, "AccessDenied")
	wantCode(t, "KEY-19: a bucket key at Lightsail", r.buckets(bucketKey), "AccessDeniedException")
}

// TestACC07_RoleLastUsed: GetRole and the account's details tell when a session of
// the role was last used, and a new role of the name starts anew.
func TestACC07_RoleLastUsed(t *testing.T) {
	r := newRig(t)
	arn := r.role("deploy", trusts("arn:aws:iam::111122223333:root"), allow("s3:*", "*"))
	eve := r.user("eve", allow("sts:AssumeRole", arn))
	used := func() *iamtypes.RoleLastUsed {
		t.Helper()
		out, err := r.iam(r.root).GetRole(r.ctx, &iamsdk.GetRoleInput{RoleName: aws.String("deploy")})
		check(t, err)
		return out.Role.RoleLastUsed
	}
	s := r.mustAssume(eve, arn)
	if u := used(); u != nil && u.LastUsedDate != nil {
		t.Errorf("a role that no session has used was used %v", u.LastUsedDate)
	}
	before := time.Now().Truncate(time.Second)
	r.bucket("photos")
	check(t, r.put(s, "photos", "a"))
	r.closeAccess()
	u := used()
	if u == nil || u.LastUsedDate == nil || u.LastUsedDate.Before(before) || u.LastUsedDate.After(time.Now()) || aws.ToString(u.Region) != region {
		t.Fatalf("GetRole() says it was used %+v", u)
	}
	all, err := r.iam(r.root).GetAccountAuthorizationDetails(r.ctx, &iamsdk.GetAccountAuthorizationDetailsInput{Filter: []iamtypes.EntityType{iamtypes.EntityTypeRole}})
	check(t, err)
	if d := all.RoleDetailList[0].RoleLastUsed; d == nil || d.LastUsedDate == nil || !d.LastUsedDate.Equal(*u.LastUsedDate) {
		t.Errorf("the details say %+v", d)
	}
	policies, err := r.iam(r.root).ListRolePolicies(r.ctx, &iamsdk.ListRolePoliciesInput{RoleName: aws.String("deploy")})
	check(t, err)
	for _, p := range policies.PolicyNames {
		_, err := r.iam(r.root).DeleteRolePolicy(r.ctx, &iamsdk.DeleteRolePolicyInput{RoleName: aws.String("deploy"), PolicyName: &p})
		check(t, err)
	}
	_, err = r.iam(r.root).DeleteRole(r.ctx, &iamsdk.DeleteRoleInput{RoleName: aws.String("deploy")})
	check(t, err)
	r.role("deploy", trusts("arn:aws:iam::111122223333:root"))
	if u := used(); u != nil && u.LastUsedDate != nil {
		t.Errorf("a new role was used %v", u.LastUsedDate)
	}
}

// TestACC07_SessionToken: the credentials do what the user may, for a time, and
// neither IAM nor other sessions.
func TestACC07_SessionToken(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	bob := r.user("bob", allow("s3:* iam:* lightsail:GetBuckets sts:*", "*"))
	out, err := r.sts(bob).GetSessionToken(r.ctx, &stssdk.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	check(t, err)
	s := of(out.Credentials)
	if !strings.HasPrefix(s.id, "ASIA") || len(s.id) != 20 || len(s.secret) != 40 {
		t.Errorf("GetSessionToken() = %s", s.id)
	}
	if d := time.Until(*out.Credentials.Expiration); d < 890*time.Second || d > 900*time.Second {
		t.Errorf("it is good for %v", d)
	}
	check(t, r.put(s, "photos", "a"))
	check(t, r.get(s, "photos", "a"))
	check(t, r.buckets(s))
	if arn, err := r.whoami(s); err != nil || arn != "arn:aws:iam::111122223333:user/bob" {
		t.Errorf("GetCallerIdentity() = %s, %v", arn, err)
	}
	_, err = r.iam(s).ListUsers(r.ctx, nil)
	wantCode(t, "IAM", err, "InvalidClientTokenId")
	_, err = r.sts(s).GetSessionToken(r.ctx, nil)
	wantCode(t, "a session of a session", err, "AccessDenied")
	_, err = r.sts(s).GetFederationToken(r.ctx, &stssdk.GetFederationTokenInput{Name: aws.String("fed")})
	wantCode(t, "a federation of a session", err, "AccessDenied")

	for what, k := range map[string]keys{"no token": {id: s.id, secret: s.secret}, "another's token": {id: s.id, secret: s.secret, token: s.token[:len(s.token)-8] + "AAAAAAA="}, "a user's key with a token": {id: bob.id, secret: bob.secret, token: s.token}} {
		_, err := r.whoami(k)
		wantCode(t, what, err, "InvalidClientTokenId")
	}
	_, err = r.whoami(keys{id: s.id, secret: bob.secret, token: s.token})
	wantCode(t, "another's secret", err, "SignatureDoesNotMatch")
	for _, seconds := range []int32{899, 129601} {
		_, err := r.sts(bob).GetSessionToken(r.ctx, &stssdk.GetSessionTokenInput{DurationSeconds: &seconds})
		wantCode(t, "a wrong duration", err, "ValidationError")
	}
	root, err := r.sts(r.root).GetSessionToken(r.ctx, &stssdk.GetSessionTokenInput{DurationSeconds: aws.Int32(40000)})
	check(t, err)
	if d := time.Until(*root.Credentials.Expiration); d > time.Hour {
		t.Errorf("a session of the root is good for %v", d)
	}
	check(t, r.put(of(root.Credentials), "photos", "b"))
}

// TestR15_SessionsExpire to the second, and nothing else does.
func TestR15_SessionsExpire(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob")
	// The clock of the server moves, at most 15 minutes from that of signatures.
	r.clock.Store(int64(-10 * time.Minute))
	out, err := r.sts(bob).GetSessionToken(r.ctx, &stssdk.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	check(t, err)
	s := of(out.Credentials)
	end := time.Until(*out.Credentials.Expiration)
	r.clock.Store(int64(end - 2*time.Second))
	_, err = r.whoami(s)
	check(t, err)
	r.clock.Store(int64(end + time.Millisecond))
	_, err = r.whoami(s)
	wantCode(t, "an expired session", err, "ExpiredToken")
	wantCode(t, "an expired session at S3", r.get(s, "photos", "a"), "ExpiredToken")
	wantCode(t, "an expired session at Lightsail", r.buckets(s), "ExpiredTokenException")
	_, err = r.whoami(bob)
	check(t, err) // a long-term key does not
}

// TestACC08_AssumeRole: trust and permission, duration, external id, session
// policies, tags and chains.
func TestACC08_AssumeRole(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	arn := r.role("deploy", trusts("arn:aws:iam::111122223333:user/bob"), allow("s3:*", "*"))
	bob, eve := r.user("bob"), r.user("eve", allow("sts:AssumeRole", "*"))
	s := r.mustAssume(bob, arn) // named by the trust: that is enough in one account
	check(t, r.put(s, "photos", "a"))
	wantCode(t, "beyond the role", r.buckets(s), "AccessDeniedException")
	_, err := r.assume(eve, arn)
	wantCode(t, "whom the role does not trust", err, "AccessDenied")
	_, err = r.assume(r.root, arn)
	wantCode(t, "the root", err, "AccessDenied")
	for _, bad := range []string{"arn:aws:iam::111122223333:role/nobody", "arn:aws:iam::999999999999:role/deploy", "arn:aws:iam::111122223333:role/x/deploy"} {
		_, err = r.assume(eve, bad)
		wantCode(t, bad, err, "AccessDenied")
	}
	narrowed := func(doc string) (keys, error) {
		out, err := r.sts(bob).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1"), Policy: &doc})
		if err != nil {
			return keys{}, err
		}
		return of(out.Credentials), nil
	}
	s, err = narrowed(allow("s3:GetObject lightsail:*", "*"))
	check(t, err)
	check(t, r.get(s, "photos", "a"))
	wantCode(t, "S7: beyond the session policy", r.put(s, "photos", "b"), "AccessDenied")
	wantCode(t, "S7: a session policy adds nothing", r.buckets(s), "AccessDeniedException")
	_, err = narrowed(`{`)
	wantCode(t, "a broken session policy", err, "MalformedPolicyDocument")
	out, err := r.sts(bob).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("s1"), PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}},
	})
	check(t, err)
	check(t, r.get(of(out.Credentials), "photos", "a"))
	wantCode(t, "beyond the managed session policy", r.put(of(out.Credentials), "photos", "b"), "AccessDenied")
	for _, seconds := range []int32{3601, 43200} {
		_, err := r.sts(bob).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1"), DurationSeconds: &seconds})
		wantCode(t, "longer than the role allows", err, "ValidationError")
	}
	_, err = r.sts(bob).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("a b")})
	wantCode(t, "a bad session name", err, "ValidationError")
}

// TestACC08_Conditions: the external id and the tags of a session.
func TestACC08_Conditions(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},` +
		`"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"secret-id"}}}]}`
	arn := r.role("partner", trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lightsail:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"web"}}}]}`)
	assume := func(external *string, tags ...ststypes.Tag) (keys, error) {
		out, err := r.sts(bob).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1"), ExternalId: external, Tags: tags})
		if err != nil {
			return keys{}, err
		}
		return of(out.Credentials), nil
	}
	_, err := assume(nil)
	wantCode(t, "no external id", err, "AccessDenied")
	_, err = assume(aws.String("other-id"))
	wantCode(t, "another external id", err, "AccessDenied")
	s, err := assume(aws.String("secret-id"))
	check(t, err)
	wantCode(t, "no tag", r.buckets(s), "AccessDeniedException")
	s, err = assume(aws.String("secret-id"), ststypes.Tag{Key: aws.String("Team"), Value: aws.String("web")})
	check(t, err)
	check(t, r.buckets(s))
	_, err = assume(aws.String("secret-id"), ststypes.Tag{Key: aws.String("a"), Value: aws.String("")}, ststypes.Tag{Key: aws.String("A"), Value: aws.String("")})
	wantCode(t, "a tag twice", err, "ValidationError")
}

// TestACC08_AcrossAccounts: the role trusts the other account, and the other
// account lets its user.
func TestACC08_AcrossAccounts(t *testing.T) {
	r := newRig(t)
	arn := r.role("guest", trusts("arn:aws:iam::444455556666:root"), allow("lightsail:*", "*"))
	c := r.iam(r.other)
	_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("ann")})
	check(t, err)
	made, err := c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: aws.String("ann")})
	check(t, err)
	ann := keys{id: *made.AccessKey.AccessKeyId, secret: *made.AccessKey.SecretAccessKey}
	_, err = r.assume(ann, arn)
	wantCode(t, "trusted, but not allowed", err, "AccessDenied")
	_, err = c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("sts:AssumeRole", arn))})
	check(t, err)
	s := r.mustAssume(ann, arn)
	check(t, r.buckets(s))
	out, err := r.sts(s).GetCallerIdentity(r.ctx, nil)
	if err != nil || *out.Account != string(account) {
		t.Errorf("the session is of %v, %v", out, err)
	}
	// Chains: the session assumes another role, for an hour at most.
	second := r.role("second", trusts(arn), allow("lightsail:*", "*"))
	_, err = r.sts(s).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("s1"), DurationSeconds: aws.Int32(3601)})
	wantCode(t, "a long chain", err, "ValidationError")
	chained := r.mustAssume(s, second)
	check(t, r.buckets(chained))
	_, err = c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: aws.String("ann"), AccessKeyId: &ann.id, Status: iamtypes.StatusTypeInactive})
	check(t, err)
	for _, k := range []keys{s, chained} {
		_, err = r.whoami(k)
		wantCode(t, "S11: after the first key is inactive", err, "InvalidClientTokenId")
	}
}

// TestS11_SessionsDie: with their key, their user and their role, in the very
// next request.
func TestS11_SessionsDie(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	for what, kill := range map[string]func(user string, k keys, role string) error{
		"key deleted": func(user string, k keys, _ string) error {
			_, err := c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &k.id})
			return err
		},
		"key inactive": func(user string, k keys, _ string) error {
			_, err := c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &k.id, Status: iamtypes.StatusTypeInactive})
			return err
		},
		"user deleted": func(user string, k keys, _ string) error {
			_, err := c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &k.id})
			check(t, err)
			_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: &user})
			return err
		},
		"role deleted": func(_ string, _ keys, role string) error {
			_, err := c.DeleteRole(r.ctx, &iamsdk.DeleteRoleInput{RoleName: &role})
			return err
		},
	} {
		name := strings.ReplaceAll(what, " ", "-")
		bob := r.user(name)
		arn := r.role(name, trusts("arn:aws:iam::111122223333:user/"+name))
		role := r.mustAssume(bob, arn)
		out, err := r.sts(bob).GetSessionToken(r.ctx, nil)
		check(t, err)
		token := of(out.Credentials)
		for _, k := range []keys{role, token} {
			_, err := r.whoami(k)
			check(t, err)
		}
		check(t, kill(name, bob, name))
		_, err = r.whoami(role)
		wantCode(t, what+": the role's session", err, "InvalidClientTokenId")
		if what != "role deleted" {
			_, err = r.whoami(token)
			wantCode(t, what+": the session token", err, "InvalidClientTokenId")
		}
		if what == "role deleted" {
			// One of the same name is another role.
			r.role(name, trusts("arn:aws:iam::111122223333:user/"+name))
			_, err = r.whoami(role)
			wantCode(t, what+" and made anew", err, "InvalidClientTokenId")
		}
	}
}

// TestFederationToken: at most what the user and the policy allow, and nothing
// without a policy.
func TestFederationToken(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	bob := r.user("bob", allow("s3:* sts:GetFederationToken", "*"))
	federate := func(k keys, doc *string) (keys, *ststypes.FederatedUser, error) {
		out, err := r.sts(k).GetFederationToken(r.ctx, &stssdk.GetFederationTokenInput{Name: aws.String("Jo"), Policy: doc})
		if err != nil {
			return keys{}, nil, err
		}
		return of(out.Credentials), out.FederatedUser, nil
	}
	s, who, err := federate(bob, aws.String(allow("s3:PutObject lightsail:*", "*")))
	check(t, err)
	if *who.Arn != "arn:aws:sts::111122223333:federated-user/Jo" || *who.FederatedUserId != "111122223333:Jo" {
		t.Errorf("FederatedUser = %+v", who)
	}
	check(t, r.put(s, "photos", "a"))
	wantCode(t, "beyond the policy", r.get(s, "photos", "a"), "AccessDenied")
	wantCode(t, "beyond the user", r.buckets(s), "AccessDeniedException")
	_, err = r.iam(s).ListUsers(r.ctx, nil)
	wantCode(t, "IAM", err, "InvalidClientTokenId")
	_, err = r.assume(s, "arn:aws:iam::111122223333:role/x")
	wantCode(t, "a role", err, "AccessDenied")
	s, _, err = federate(bob, nil)
	check(t, err)
	wantCode(t, "without a policy", r.put(s, "photos", "a"), "AccessDenied")
	s, _, err = federate(r.root, aws.String(allow("s3:PutObject", "*")))
	check(t, err)
	check(t, r.put(s, "photos", "a"))
	wantCode(t, "beyond the policy, from the root", r.get(s, "photos", "a"), "AccessDenied")
	_, _, err = federate(r.user("eve"), nil)
	wantCode(t, "without permission", err, "AccessDenied")
}

func TestAccessKeyInfo(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob", allow("sts:GetAccessKeyInfo", "*"))
	out, err := r.sts(bob).GetAccessKeyInfo(r.ctx, &stssdk.GetAccessKeyInfoInput{AccessKeyId: &bob.id})
	if err != nil || *out.Account != string(account) {
		t.Errorf("GetAccessKeyInfo() = %v, %v", out, err)
	}
	_, err = r.sts(bob).GetAccessKeyInfo(r.ctx, &stssdk.GetAccessKeyInfoInput{AccessKeyId: &r.other.id})
	wantCode(t, "another account's", err, "ValidationError")
}
