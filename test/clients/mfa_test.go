//go:build e2e

package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// phone is an authenticator app whose clock is ten minutes behind at first, so that
// a test need not wait for the next code: a resync moves it on.
type phone struct {
	t      testing.TB
	seed   string
	behind int64 // how many time steps its clock is
	step   int64 // of its last code
}

func newPhone(t testing.TB, seed string) *phone {
	return &phone{t: t, seed: strings.TrimSpace(seed), behind: 20}
}

func (p *phone) now() int64 { return time.Now().Unix() / 30 }

// code is that of its present, or the next when that was shown.
func (p *phone) code() string {
	p.t.Helper()
	p.step = max(p.step+1, p.now()-p.behind)
	return p.show()
}

// pair is two codes in a row, by which the server learns how far its clock is off.
func (p *phone) pair() (first, second string) {
	p.t.Helper()
	first = p.code()
	p.step++
	p.behind = p.now() - p.step
	return first, p.show()
}

func (p *phone) show() string {
	p.t.Helper()
	c, err := hotp.GenerateCodeCustom(p.seed, uint64(p.step), hotp.ValidateOpts{Digits: otp.DigitsSix})
	check(p.t, err)
	return c
}

// TestIAM_MFAAWSCLI gives a user a device with the CLI, gets a session by its code,
// and takes it away.
func TestIAM_MFAAWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, a awsCLI) {
		root, name := a.as(s.root), "mfa-"+a.name
		root.line(t, "iam create-user --user-name "+name)
		doc := a.write(t, "mfa.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lightsail:GetBuckets","iam:ListUsers"],"Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`)
		root.line(t, "iam put-user-policy --user-name "+name+" --policy-name p --policy-document file://"+doc)
		key := root.newUserKey(t, name)
		user := a.as(key)
		seedFile := filepath.Join(t.TempDir(), "seed")
		serial := "arn:aws:iam::" + s.account(t) + ":mfa/" + name
		wantText(t, "create-virtual-mfa-device", root.line(t, "iam create-virtual-mfa-device --virtual-mfa-device-name "+name+" --bootstrap-method Base32StringSeed --outfile "+seedFile), serial)
		seed, err := os.ReadFile(seedFile)
		check(t, err)
		s.remember(string(seed))
		p := newPhone(t, string(seed))
		root.refused(t, "InvalidAuthenticationCode", "EnableMFADevice", "iam enable-mfa-device --user-name "+name+" --serial-number "+serial+" --authentication-code1 "+p.code()+" --authentication-code2 000000")
		pair := func() string {
			first, second := p.pair()
			return " --authentication-code1 " + first + " --authentication-code2 " + second
		}
		root.line(t, "iam enable-mfa-device --user-name "+name+" --serial-number "+serial+pair())
		wantText(t, "list-mfa-devices", root.line(t, "iam list-mfa-devices --user-name "+name), serial, `"EnableDate"`)
		root.refused(t, "DeleteConflict", "DeleteVirtualMFADevice", "iam delete-virtual-mfa-device --serial-number "+serial)
		user.refused(t, "AccessDenied", "GetSessionToken", "sts get-session-token --serial-number "+serial)

		code := p.code()
		var out struct {
			Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		}
		user.answer(t, &out, "sts get-session-token --serial-number "+serial+" --token-code "+code)
		s.remember(out.Credentials.SecretAccessKey)
		user.refused(t, "AccessDenied", "GetSessionToken", "sts get-session-token --serial-number "+serial+" --token-code "+code)
		user.refused(t, "AccessDeniedException", "GetBuckets", "lightsail get-buckets")
		proved := a.session(out.Credentials.AccessKeyID, out.Credentials.SecretAccessKey, out.Credentials.SessionToken)
		proved.line(t, "lightsail get-buckets")
		wantText(t, "list-users", proved.line(t, "iam list-users"), name)

		root.line(t, "iam resync-mfa-device --user-name "+name+" --serial-number "+serial+pair())
		root.line(t, "iam deactivate-mfa-device --user-name "+name+" --serial-number "+serial)
		root.line(t, "iam delete-virtual-mfa-device --serial-number "+serial)
		wantText(t, "no device any more", root.line(t, "iam list-mfa-devices --user-name "+name), `"MFADevices": []`)
	})
}

// TestSTS_MFARoleGoSDK: the SDK's own provider of a role's credentials, which asks
// for the code as a profile with mfa_serial makes it do.
func TestSTS_MFARoleGoSDK(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	at := func(o *iam.Options) { o.BaseEndpoint = &s.endpoint }
	c := iam.NewFromConfig(s.config(), at)
	bob, account := aws.String("bob"), s.account(t)
	_, err := c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: bob})
	check(t, err)
	key, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: bob})
	check(t, err)
	s.remember(*key.AccessKey.SecretAccessKey)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:user/bob"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
	role, err := c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("deploy"), AssumeRolePolicyDocument: &trust})
	check(t, err)
	made, err := c.CreateVirtualMFADevice(t.Context(), &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: bob})
	check(t, err)
	serial := made.VirtualMFADevice.SerialNumber
	s.remember(string(made.VirtualMFADevice.Base32StringSeed))
	p := newPhone(t, string(made.VirtualMFADevice.Base32StringSeed))
	first, second := p.pair()
	_, err = c.EnableMFADevice(t.Context(), &iam.EnableMFADeviceInput{UserName: bob, SerialNumber: serial, AuthenticationCode1: &first, AuthenticationCode2: &second})
	check(t, err)

	config := s.config()
	config.Credentials = accessKey{*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey}.credentials()
	client := sts.NewFromConfig(config, s.stsEndpoint)
	_, err = stscreds.NewAssumeRoleProvider(client, *role.Role.Arn).Retrieve(t.Context())
	wantCode(t, "without the device", err, "AccessDenied")
	config.Credentials = stscreds.NewAssumeRoleProvider(client, *role.Role.Arn, func(o *stscreds.AssumeRoleOptions) {
		o.SerialNumber, o.TokenProvider = serial, func() (string, error) { return p.code(), nil }
	})
	who, err := sts.NewFromConfig(config, s.stsEndpoint).GetCallerIdentity(t.Context(), nil)
	check(t, err)
	wantText(t, "who", *who.Arn, "arn:aws:sts::"+account+":assumed-role/deploy/")
}

// TestIAM_RootMFAGoSDK enables a device of the root; it and the codes that it has
// used are there after a crash.
func TestIAM_RootMFAGoSDK(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := iam.NewFromConfig(s.config(), func(o *iam.Options) { o.BaseEndpoint = &s.endpoint })
	made, err := c.CreateVirtualMFADevice(t.Context(), &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("root-account-mfa-device")})
	check(t, err)
	s.remember(string(made.VirtualMFADevice.Base32StringSeed))
	p := newPhone(t, string(made.VirtualMFADevice.Base32StringSeed))
	serial := made.VirtualMFADevice.SerialNumber
	first, second := p.pair()
	_, err = c.EnableMFADevice(t.Context(), &iam.EnableMFADeviceInput{UserName: aws.String("AWS ROOT USER"), SerialNumber: serial, AuthenticationCode1: &first, AuthenticationCode2: &second})
	check(t, err)
	used := aws.String(p.code())
	token := func(code *string) error {
		_, err := sts.NewFromConfig(s.config(), s.stsEndpoint).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{SerialNumber: serial, TokenCode: code})
		return err
	}
	check(t, token(used))
	s.kill()
	s.start()
	wantCode(t, "a code that was used before the crash", token(used), "AccessDenied")
	first, second = p.pair()
	_, err = c.ResyncMFADevice(t.Context(), &iam.ResyncMFADeviceInput{UserName: aws.String("AWS ROOT USER"), SerialNumber: serial, AuthenticationCode1: &first, AuthenticationCode2: &second})
	check(t, err)
	check(t, token(aws.String(p.code())))
	summary, err := c.GetAccountSummary(t.Context(), nil)
	if err != nil || summary.SummaryMap["AccountMFAEnabled"] != 1 {
		t.Errorf("GetAccountSummary() = %v, %v", summary, err)
	}
}
