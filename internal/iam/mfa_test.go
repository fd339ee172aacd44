package iam_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/keyhaven/keyhaven"
)

// phone is a device as its holder has it.
type phone struct {
	r      *rig
	serial *string
	seed   string
}

func (r *rig) phone(k keys, name string) phone {
	r.t.Helper()
	out, err := r.iam(k).CreateVirtualMFADevice(r.ctx, &iamsdk.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	check(r.t, err)
	return phone{r, out.VirtualMFADevice.SerialNumber, string(out.VirtualMFADevice.Base32StringSeed)}
}

// code is that of so many steps after the present.
func (p phone) code(steps int64) *string {
	p.r.t.Helper()
	c, err := hotp.GenerateCodeCustom(p.seed, uint64(p.r.now().Unix()/30+steps), hotp.ValidateOpts{Digits: otp.DigitsSix})
	check(p.r.t, err)
	return &c
}

// enable makes the device a user's, in the past, so that later codes are good.
func (p phone) enable(k keys, user string) {
	p.r.t.Helper()
	_, err := p.r.iam(k).EnableMFADevice(p.r.ctx, &iamsdk.EnableMFADeviceInput{
		UserName: &user, SerialNumber: p.serial, AuthenticationCode1: p.code(-1), AuthenticationCode2: p.code(0),
	})
	check(p.r.t, err)
	p.r.clock.Add(int64(2 * time.Minute))
}

const rootName = "AWS ROOT USER"

// TestIAM_MFADevices: a user's device by the API, from its making to its end.
func TestIAM_MFADevices(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	r.user("bob")
	bob := aws.String("bob")
	made, err := c.CreateVirtualMFADevice(r.ctx, &iamsdk.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone"), Path: aws.String("/x/"), Tags: tag("team", "web")})
	check(t, err)
	d := made.VirtualMFADevice
	if *d.SerialNumber != "arn:aws:iam::111122223333:mfa/x/phone" || len(d.Base32StringSeed) != 32 || !bytes.HasPrefix(d.QRCodePNG, []byte("\x89PNG")) || d.EnableDate != nil {
		t.Errorf("CreateVirtualMFADevice() = %+v", d)
	}
	_, err = c.CreateVirtualMFADevice(r.ctx, &iamsdk.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
	wantCode(t, "the name again", err, "EntityAlreadyExists")
	p := phone{r, d.SerialNumber, string(d.Base32StringSeed)}
	for code, in := range map[string]*iamsdk.EnableMFADeviceInput{
		"InvalidAuthenticationCode": {UserName: bob, SerialNumber: p.serial, AuthenticationCode1: p.code(40), AuthenticationCode2: p.code(41)},
		"ValidationError":           {UserName: bob, SerialNumber: p.serial, AuthenticationCode1: p.code(0), AuthenticationCode2: aws.String("abcdef")},
		"NoSuchEntity":              {UserName: aws.String("eve"), SerialNumber: p.serial, AuthenticationCode1: p.code(0), AuthenticationCode2: p.code(1)},
	} {
		_, err := c.EnableMFADevice(r.ctx, in)
		wantCode(t, "EnableMFADevice", err, code)
		if err != nil && (strings.Contains(err.Error(), *in.AuthenticationCode1) || strings.Contains(err.Error(), "abcdef")) {
			t.Errorf("the error repeats a code: %v", err)
		}
	}
	p.enable(r.root, "bob")
	_, err = c.EnableMFADevice(r.ctx, &iamsdk.EnableMFADeviceInput{UserName: bob, SerialNumber: p.serial, AuthenticationCode1: p.code(0), AuthenticationCode2: p.code(1)})
	wantCode(t, "enabled twice", err, "EntityAlreadyExists")
	list, err := c.ListMFADevices(r.ctx, &iamsdk.ListMFADevicesInput{UserName: bob})
	if err != nil || len(list.MFADevices) != 1 || *list.MFADevices[0].SerialNumber != *p.serial || *list.MFADevices[0].UserName != "bob" || list.MFADevices[0].EnableDate.IsZero() {
		t.Errorf("ListMFADevices() = %+v, %v", list, err)
	}
	got, err := c.GetMFADevice(r.ctx, &iamsdk.GetMFADeviceInput{SerialNumber: p.serial, UserName: bob})
	if err != nil || *got.UserName != "bob" || got.EnableDate.IsZero() {
		t.Errorf("GetMFADevice() = %+v, %v", got, err)
	}
	virtual, err := c.ListVirtualMFADevices(r.ctx, &iamsdk.ListVirtualMFADevicesInput{AssignmentStatus: types.AssignmentStatusTypeAssigned})
	if err != nil || len(virtual.VirtualMFADevices) != 1 || *virtual.VirtualMFADevices[0].User.UserName != "bob" || virtual.VirtualMFADevices[0].Base32StringSeed != nil || virtual.VirtualMFADevices[0].QRCodePNG != nil {
		t.Errorf("ListVirtualMFADevices() = %+v, %v", virtual, err)
	}
	tags, err := c.ListMFADeviceTags(r.ctx, &iamsdk.ListMFADeviceTagsInput{SerialNumber: p.serial})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "web" {
		t.Errorf("ListMFADeviceTags() = %+v, %v", tags, err)
	}
	_, err = c.DeleteVirtualMFADevice(r.ctx, &iamsdk.DeleteVirtualMFADeviceInput{SerialNumber: p.serial})
	wantCode(t, "deleted in use", err, "DeleteConflict")
	_, err = c.ResyncMFADevice(r.ctx, &iamsdk.ResyncMFADeviceInput{UserName: bob, SerialNumber: p.serial, AuthenticationCode1: p.code(5), AuthenticationCode2: p.code(6)})
	check(t, err)
	keys, err := c.ListAccessKeys(r.ctx, &iamsdk.ListAccessKeysInput{UserName: bob})
	check(t, err)
	_, err = c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: bob, AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId})
	check(t, err)
	_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: bob})
	wantCode(t, "a user with a device", err, "DeleteConflict")
	_, err = c.DeactivateMFADevice(r.ctx, &iamsdk.DeactivateMFADeviceInput{UserName: bob, SerialNumber: p.serial})
	check(t, err)
	_, err = c.DeactivateMFADevice(r.ctx, &iamsdk.DeactivateMFADeviceInput{UserName: bob, SerialNumber: p.serial})
	wantCode(t, "deactivated twice", err, "NoSuchEntity")
	_, err = c.DeleteVirtualMFADevice(r.ctx, &iamsdk.DeleteVirtualMFADeviceInput{SerialNumber: p.serial})
	check(t, err)
	_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: bob})
	check(t, err)
	if strings.Contains(r.log.String(), p.seed) {
		t.Error("the log has the seed")
	}
}

// TestIAM_RootMFA: the root's device is the root's own to manage, and shows in the
// summary and the credential report.
func TestIAM_RootMFA(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	admin := r.user("admin", allow("*", "*"))
	p := r.phone(r.root, "root-account-mfa-device")
	in := &iamsdk.EnableMFADeviceInput{UserName: aws.String(rootName), SerialNumber: p.serial, AuthenticationCode1: p.code(-1), AuthenticationCode2: p.code(0)}
	_, err := r.iam(admin).EnableMFADevice(r.ctx, in)
	wantCode(t, "by an administrator", err, "NoSuchEntity")
	p.enable(r.root, rootName)
	_, err = r.iam(admin).DeactivateMFADevice(r.ctx, &iamsdk.DeactivateMFADeviceInput{UserName: aws.String(rootName), SerialNumber: p.serial})
	wantCode(t, "taken away by an administrator", err, "NoSuchEntity")
	own := r.phone(admin, "admin")
	own.enable(admin, "admin")

	list, err := c.ListMFADevices(r.ctx, nil)
	if err != nil || len(list.MFADevices) != 1 || *list.MFADevices[0].SerialNumber != *p.serial {
		t.Errorf("ListMFADevices() = %+v, %v", list, err)
	}
	all, err := c.ListVirtualMFADevices(r.ctx, nil)
	if err != nil || len(all.VirtualMFADevices) != 2 || !strings.HasSuffix(*all.VirtualMFADevices[1].User.Arn, ":root") {
		t.Errorf("ListVirtualMFADevices() = %+v, %v", all, err)
	}
	s, err := c.GetAccountSummary(r.ctx, nil)
	check(t, err)
	for name, want := range map[string]int32{"AccountMFAEnabled": 1, "MFADevices": 2, "MFADevicesInUse": 2} {
		if got := s.SummaryMap[name]; got != want {
			t.Errorf("SummaryMap[%s] = %d, want %d", name, got, want)
		}
	}
	_, err = c.GenerateCredentialReport(r.ctx, nil)
	check(t, err)
	report, err := c.GetCredentialReport(r.ctx, nil)
	check(t, err)
	rows, err := csv.NewReader(bytes.NewReader(report.Content)).ReadAll()
	check(t, err)
	for _, row := range rows[1:] {
		if row[7] != "true" {
			t.Errorf("mfa_active of %s is %s", row[0], row[7])
		}
	}
	_, err = c.DeactivateMFADevice(r.ctx, &iamsdk.DeactivateMFADeviceInput{SerialNumber: p.serial})
	check(t, err)
}

// TestIAM_OwnMFA: the policy of the user guide by which users manage their own
// device lets them do that and no more.
func TestIAM_OwnMFA(t *testing.T) {
	r := newRig(t)
	own := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["iam:CreateVirtualMFADevice","iam:DeleteVirtualMFADevice"],"Resource":"arn:aws:iam::*:mfa/${aws:username}"},
		{"Effect":"Allow","Action":["iam:EnableMFADevice","iam:ListMFADevices","iam:ResyncMFADevice"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}`
	bob, ann := r.user("bob", own), r.user("ann", own)
	p := r.phone(bob, "bob")
	_, err := r.iam(bob).CreateVirtualMFADevice(r.ctx, &iamsdk.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("ann")})
	wantCode(t, "a device of another's name", err, "AccessDenied")
	_, err = r.iam(ann).EnableMFADevice(r.ctx, &iamsdk.EnableMFADeviceInput{UserName: aws.String("bob"), SerialNumber: p.serial, AuthenticationCode1: p.code(-1), AuthenticationCode2: p.code(0)})
	wantCode(t, "enabled for another", err, "AccessDenied")
	p.enable(bob, "bob")
	_, err = r.iam(bob).DeactivateMFADevice(r.ctx, &iamsdk.DeactivateMFADeviceInput{SerialNumber: p.serial})
	wantCode(t, "what the policy does not have", err, "AccessDenied")
	_, err = r.iam(ann).DeleteVirtualMFADevice(r.ctx, &iamsdk.DeleteVirtualMFADeviceInput{SerialNumber: p.serial})
	wantCode(t, "another's device", err, "AccessDenied")
	list, err := r.iam(bob).ListMFADevices(r.ctx, nil)
	if err != nil || len(list.MFADevices) != 1 {
		t.Errorf("ListMFADevices() = %+v, %v", list, err)
	}
	_, err = r.iam(ann).ListMFADevices(r.ctx, &iamsdk.ListMFADevicesInput{UserName: aws.String("bob")})
	wantCode(t, "another's list", err, "AccessDenied")
}

// withMFA is a statement that needs the code of a device.
func withMFA(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + quoted(actions) + `],"Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}]}`
}

func (p phone) token(k keys, code *string) (keys, error) {
	out, err := p.r.sts(k).GetSessionToken(p.r.ctx, &stssdk.GetSessionTokenInput{SerialNumber: p.serial, TokenCode: code})
	if err != nil {
		return keys{}, err
	}
	return of(out.Credentials), nil
}

func wantMessage(t *testing.T, what string, err error, code, part string) {
	t.Helper()
	wantCode(t, what, err, code)
	if err != nil && !strings.Contains(err.Error(), part) {
		t.Errorf("%s: error = %v, want in it %q", what, err, part)
	}
}

// TestSTS_SessionTokenWithMFA: what a policy gives for a device alone is there in
// the session that showed its code, and in no other.
func TestSTS_SessionTokenWithMFA(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob", withMFA("s3:ListAllMyBuckets iam:ListUsers"))
	p, others := r.phone(r.root, "bob"), r.phone(r.root, "ann")
	p.enable(r.root, "bob")
	r.user("ann")
	others.enable(r.root, "ann")
	const invalid = "MultiFactorAuthentication failed with invalid MFA one time pass code"
	_, err := p.token(bob, p.code(40))
	wantMessage(t, "a wrong code", err, "AccessDenied", invalid)
	_, err = others.token(bob, others.code(0))
	wantMessage(t, "another's device", err, "AccessDenied", "associated with this user")
	_, err = r.sts(bob).GetSessionToken(r.ctx, &stssdk.GetSessionTokenInput{TokenCode: p.code(0)})
	wantMessage(t, "no serial number", err, "AccessDenied", "must provide both")
	_, err = p.token(bob, aws.String("12345x"))
	wantCode(t, "no code at all", err, "ValidationError")
	code := p.code(0)
	proved, err := p.token(bob, code)
	check(t, err)
	_, err = p.token(bob, code)
	wantMessage(t, "the code again", err, "AccessDenied", invalid)
	plain, err := r.sts(bob).GetSessionToken(r.ctx, nil)
	check(t, err)

	buckets := func(k keys) error { _, err := r.s3(k).ListBuckets(r.ctx, nil); return err }
	check(t, buckets(proved))
	wantCode(t, "with the key", buckets(bob), "AccessDenied")
	wantCode(t, "in a session without", buckets(of(plain.Credentials)), "AccessDenied")
	_, err = r.iam(proved).ListUsers(r.ctx, nil)
	check(t, err)
	_, err = r.iam(of(plain.Credentials)).ListUsers(r.ctx, nil)
	wantCode(t, "IAM in a session without", err, "InvalidClientTokenId")
	_, err = r.iam(r.root).DeleteUserPolicy(r.ctx, &iamsdk.DeleteUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p0")})
	check(t, err)
	wantCode(t, "when the policy is gone", buckets(proved), "AccessDenied")
	if strings.Contains(r.log.String(), *code) {
		t.Error("the log has the code")
	}
}

// TestSTS_AssumeRoleWithMFA: the trust policy can want a device's code, in the
// request or in the caller's session; the role's session has none.
func TestSTS_AssumeRoleWithMFA(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob", allow("sts:AssumeRole", "*"))
	trust := strings.Replace(trusts("arn:aws:iam::111122223333:root"), `"Action"`, `"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}},"Action"`, 1)
	role := r.role("deploy", trust, allow("s3:ListAllMyBuckets", "*"), withMFA("iam:ListUsers"))
	p := r.phone(r.root, "bob")
	p.enable(r.root, "bob")
	assume := func(k keys, code *string) (keys, error) {
		in := &stssdk.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("session"), TokenCode: code}
		if code != nil {
			in.SerialNumber = p.serial
		}
		out, err := r.sts(k).AssumeRole(r.ctx, in)
		if err != nil {
			return keys{}, err
		}
		return of(out.Credentials), nil
	}
	_, err := assume(bob, nil)
	wantCode(t, "without a device", err, "AccessDenied")
	_, err = assume(bob, p.code(40))
	wantMessage(t, "a wrong code", err, "AccessDenied", "invalid MFA one time pass code")
	s, err := assume(bob, p.code(0))
	check(t, err)
	_, err = r.s3(s).ListBuckets(r.ctx, nil)
	check(t, err)
	_, err = r.iam(s).ListUsers(r.ctx, nil)
	wantCode(t, "the role's session does not have the device", err, "AccessDenied")
	_, err = assume(s, p.code(1))
	wantMessage(t, "by a session of a role", err, "AccessDenied", "MultiFactorAuthentication failed")
	r.clock.Add(int64(2 * time.Minute))
	token, err := p.token(bob, p.code(0))
	check(t, err)
	_, err = assume(token, nil)
	check(t, err)
}

// TestSTS_MFAGuessing: after five wrong codes the right one is refused too.
func TestSTS_MFAGuessing(t *testing.T) {
	r := newRig(t)
	bob := r.user("bob")
	p := r.phone(r.root, "bob")
	p.enable(r.root, "bob")
	for range 5 {
		_, err := p.token(bob, p.code(40))
		wantCode(t, "a wrong code", err, "AccessDenied")
	}
	_, err := p.token(bob, p.code(0))
	wantCode(t, "the right one", err, "Throttling")
}

// TestIAM_MFAAtTheConsole: the credentials of a page have the code that its person
// signed in with, those of others say that there was none.
func TestIAM_MFAAtTheConsole(t *testing.T) {
	r := newRig(t)
	r.user("bob", withMFA("iam:ListUsers"))
	u, err := r.ids.User(r.ctx, account, "bob")
	check(t, err)
	_, err = r.ids.CreateLogin(r.ctx, account, "bob", "Correct-horse-1", false)
	check(t, err)
	page := func(mfa time.Time) keys {
		open, err := r.access.SignInAs(r.ctx, &keyhaven.Principal{Kind: keyhaven.UserPrincipal, Account: account, ID: u.ID, MFA: mfa})
		check(t, err)
		c, err := r.access.SessionCredentials(r.ctx, open.Token)
		check(t, err)
		return keys{c.AccessKeyID, c.Secret.Reveal(), c.Token.Reveal()}
	}
	_, err = r.iam(page(time.Now())).ListUsers(r.ctx, nil)
	check(t, err)
	_, err = r.iam(page(time.Now().Add(-2*time.Hour))).ListUsers(r.ctx, nil)
	wantCode(t, "a code of two hours ago", err, "AccessDenied")
	_, err = r.iam(page(time.Time{})).ListUsers(r.ctx, nil)
	wantCode(t, "without a code", err, "AccessDenied")
}
