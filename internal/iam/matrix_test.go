package iam_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/cloudtrail"
	"github.com/keyhaven/keyhaven/internal/iam"
	"github.com/keyhaven/keyhaven/internal/keycare"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/sts"
)

// target is an operation of a door, with a request that can be decided on. The
// operations of S3 are held by TestS3_PolicyMatrix and TestS3_Matrix of package
// s3, in the same forms.
type target struct {
	service, name string
	header, body  string
}

func (o target) action() string { return o.service + ":" + o.name }

// form is a way in which the policies of a caller combine. In the documents
// ACTION stands for the action that is tried.
type form struct {
	identity, boundary, session string
	allowed                     bool
}

const (
	all    = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	one    = `{"Effect":"Allow","Action":"ACTION","Resource":"*"}`
	except = `{"Effect":"Allow","NotAction":"ACTION","Resource":"*"}`
	never  = `{"Effect":"Deny","Action":"ACTION","Resource":"*"}`
)

var forms = map[string]form{
	"none":                 {allowed: false},
	"allow":                {identity: one, allowed: true},
	"allow of the others":  {identity: except, allowed: false},
	"deny":                 {identity: all + "," + never, allowed: false},
	"boundary":             {identity: all, boundary: one, allowed: true},
	"boundary without":     {identity: all, boundary: except, allowed: false},
	"boundary that denies": {identity: all, boundary: all + "," + never, allowed: false},
	"boundary alone":       {boundary: all, allowed: false},
	"session":              {identity: all, session: one, allowed: true},
	"session without":      {identity: all, session: except, allowed: false},
	"session that denies":  {identity: all, session: all + "," + never, allowed: false},
	"session alone":        {session: all, allowed: false},
	"all three":            {identity: all, boundary: all, session: all, allowed: true},
}

// grow are the operations that could give their caller or others more than the
// caller has: who is narrowed by a session policy may not, whatever is allowed,
// and who has a boundary not on what has another.
var grow = strings.Fields(`
	AddClientIDToOpenIDConnectProvider AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword
	CreateAccessKey CreateGroup CreateLoginProfile CreateOpenIDConnectProvider CreatePolicyVersion CreateRole CreateUser
	DeactivateMFADevice EnableMFADevice ResyncMFADevice
	DeleteGroupPolicy DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUserPermissionsBoundary DeleteUserPolicy
	DetachGroupPolicy DetachRolePolicy DetachUserPolicy PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy
	PutUserPermissionsBoundary PutUserPolicy RemoveUserFromGroup SetDefaultPolicyVersion TagRole TagUser UntagRole UntagUser
	UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup UpdateLoginProfile UpdateOpenIDConnectProviderThumbprint UpdateUser`)

// own are those of them that a user does to themself, where no other is named.
var own = strings.Fields("ChangePassword CreateAccessKey CreateLoginProfile DeactivateMFADevice UpdateAccessKey")

// owners are for the root of the installation's first account, whatever policies
// allow anybody.
var owners = strings.Fields("CloseAccount CreateAccount CreateAccountInvitation GetAccount ListAccounts")

// longTermOnly need no temporary credentials, and GetSessionToken no permission.
var longTermOnly = []string{"sts:GetSessionToken", "sts:GetFederationToken"}

// queryDoor is a door of the Query protocol.
type queryDoor interface {
	Operations() []string
	Required(operation string) []string
}

// matrix is a server with somebody to act on and a caller of each kind.
type matrix struct {
	*rig
	targets         []target
	bucketKey, host keys
	bounded         bool // the caller has a boundary
	maker           keys // of a user who makes sessions
	proved          keys // of caller's session that has shown the code of an MFA device
}

func newMatrix(t *testing.T) *matrix {
	m := &matrix{rig: newRig(t)}
	trail, err := audit.Open(filepath.Join(t.TempDir(), "audit"), audit.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, trail.Close()) })
	m.doors[cloudtrail.Service] = cloudtrail.New(m.access, trail)
	m.open()
	m.bucket("photos")
	made, err := m.lightsail(m.root).CreateBucketAccessKey(m.ctx, &lightsailsdk.CreateBucketAccessKeyInput{BucketName: aws.String("photos")})
	check(t, err)
	m.bucketKey = keys{id: *made.AccessKey.AccessKeyId, secret: *made.AccessKey.SecretAccessKey}
	_, token, err := m.ids.RegisterInstance(m.ctx, account, region, "web-1")
	check(t, err)
	m.host, _ = m.fetch(token.Reveal())
	m.maker = m.user("maker", allow("*", "*"))
	m.user("caller")
	victim := m.user("victim")
	m.role("target", trusts("arn:aws:iam::111122223333:root"))
	m.role("caller", trusts("arn:aws:iam::111122223333:root"))
	given := m.parameters(victim.id)
	for service, version := range map[string]string{"iam": iam.Version, "sts": sts.Version} {
		door := m.doors[service].(queryDoor)
		for _, name := range door.Operations() {
			if name == "AssumeRoleWithWebIdentity" {
				continue // nobody signs it
			}
			values, err := url.ParseQuery("Action=" + name + "&Version=" + version)
			check(t, err)
			for _, member := range door.Required(name) {
				if given[member] == nil {
					t.Fatalf("%s: no value for %s", name, member)
				}
				maps.Copy(values, given[member])
			}
			m.targets = append(m.targets, target{service: service, name: name, body: values.Encode()})
		}
	}
	for _, name := range m.doors["lightsail"].(*lightsail.Door).Operations() {
		m.targets = append(m.targets, target{"lightsail", name, "Lightsail_20161128." + name, "{}"})
	}
	for _, name := range m.doors[keycare.Service].(*keycare.Door).Operations() {
		m.targets = append(m.targets, target{"keyhaven", name, keycare.Target + "." + name, `{"bucketName":"photos","accessKeyId":"` + m.bucketKey.id + `","userName":"victim","secretAccessKey":"too short"}`})
	}
	m.targets = append(m.targets, target{"cloudtrail", "LookupEvents", cloudtrail.Target + ".LookupEvents", "{}"})
	return m
}

// parameters are the values of all members that operations require.
func (m *matrix) parameters(victimKey string) map[string]url.Values {
	doc, managed := allow("s3:GetObject", "*"), "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	provider := "arn:aws:iam::111122223333:oidc-provider/issuer.test"
	given := map[string]url.Values{
		"Tags":    {"Tags.member.1.Key": {"k"}, "Tags.member.1.Value": {"v"}},
		"TagKeys": {"TagKeys.member.1": {"k"}}, "PolicyInputList": {"PolicyInputList.member.1": {doc}},
		"ActionNames": {"ActionNames.member.1": {"s3:GetObject"}}, "ThumbprintList": {"ThumbprintList.member.1": {strings.Repeat("a", 40)}},
	}
	for member, v := range map[string]string{
		"UserName": "victim", "GroupName": "team", "RoleName": "target", "InstanceProfileName": "machines", "PolicyName": "p",
		"PolicyDocument": doc, "AssumeRolePolicyDocument": trusts("arn:aws:iam::111122223333:root"),
		"PolicyArn": managed, "PermissionsBoundary": managed, "VersionId": "v1",
		"AccessKeyId": victimKey, "Status": "Active", "OldPassword": "Correct-horse-1", "NewPassword": "Correct-horse-2", "Password": "Correct-horse-1",
		"PolicySourceArn": "arn:aws:iam::111122223333:user/victim", "Description": "d", "AccountAlias": "alias",
		"Url": "https://issuer.test", "OpenIDConnectProviderArn": provider, "ClientID": "c",
		"VirtualMFADeviceName": "phone", "SerialNumber": "arn:aws:iam::111122223333:mfa/phone", "AuthenticationCode1": "123456", "AuthenticationCode2": "654321",
		"Name": "jo", "RoleArn": "arn:aws:iam::111122223333:role/target", "RoleSessionName": "session",
	} {
		given[member] = url.Values{member: {v}}
	}
	return given
}

// try sends the request and says how it was refused: "" if it was not for want
// of a permission.
func (r *rig) try(o target, k keys) (refused, text string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, endpoint+"/", strings.NewReader(o.body))
	check(r.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if o.header != "" {
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", o.header)
	}
	hash := sha256.Sum256([]byte(o.body))
	check(r.t, v4.NewSigner().SignHTTP(r.ctx, aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token},
		req, hex.EncodeToString(hash[:]), o.service, region, time.Now()))
	req.Body = io.NopCloser(bytes.NewReader([]byte(o.body)))
	resp, err := r.Do(req)
	check(r.t, err)
	body, err := io.ReadAll(resp.Body)
	check(r.t, err)
	return refusal.FindString(string(body)), string(body)
}

var refusal = regexp.MustCompile(`AccessDenied|InvalidClientTokenId|UnrecognizedClient|MissingAuthentication|InvalidSignature|SignatureDoesNotMatch`)

// set gives the user and the role caller the policies of the form.
func (m *matrix) set(f form, action string) {
	m.t.Helper()
	c, name := m.iam(m.root), aws.String("caller")
	p := aws.String("own")
	if f.identity == "" {
		_, _ = c.DeleteUserPolicy(m.ctx, &iamsdk.DeleteUserPolicyInput{UserName: name, PolicyName: p}) // it may not be there
		_, _ = c.DeleteRolePolicy(m.ctx, &iamsdk.DeleteRolePolicyInput{RoleName: name, PolicyName: p})
	} else {
		doc := document(f.identity, action)
		_, err := c.PutUserPolicy(m.ctx, &iamsdk.PutUserPolicyInput{UserName: name, PolicyName: p, PolicyDocument: &doc})
		check(m.t, err)
		_, err = c.PutRolePolicy(m.ctx, &iamsdk.PutRolePolicyInput{RoleName: name, PolicyName: p, PolicyDocument: &doc})
		check(m.t, err)
	}
	if m.bounded {
		_, err := c.DeleteUserPermissionsBoundary(m.ctx, &iamsdk.DeleteUserPermissionsBoundaryInput{UserName: name})
		check(m.t, err)
		_, err = c.DeleteRolePermissionsBoundary(m.ctx, &iamsdk.DeleteRolePermissionsBoundaryInput{RoleName: name})
		check(m.t, err)
	}
	if m.bounded = f.boundary != ""; !m.bounded {
		return
	}
	arn := m.limit(document(f.boundary, action))
	_, err := c.PutUserPermissionsBoundary(m.ctx, &iamsdk.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: arn})
	check(m.t, err)
	_, err = c.PutRolePermissionsBoundary(m.ctx, &iamsdk.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: arn})
	check(m.t, err)
}

// limit is the ARN of the managed policy limit, made anew with this text.
func (m *matrix) limit(doc string) *string {
	m.t.Helper()
	c, arn := m.iam(m.root), aws.String("arn:aws:iam::111122223333:policy/limit")
	_, _ = c.DeletePolicy(m.ctx, &iamsdk.DeletePolicyInput{PolicyArn: arn}) // the first time there is none
	_, err := c.CreatePolicy(m.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("limit"), PolicyDocument: &doc})
	check(m.t, err)
	return arn
}

func document(statements, action string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.ReplaceAll(statements, "ACTION", action) + `]}`
}

// session are the credentials of the kind, narrowed by the form's session policy.
func (m *matrix) session(kind string, caller keys, f form, action string) keys {
	m.t.Helper()
	var narrow *string
	if f.session != "" {
		narrow = aws.String(document(f.session, action))
	}
	switch kind {
	case "role":
		out, err := m.sts(m.maker).AssumeRole(m.ctx, &stssdk.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:role/caller"), RoleSessionName: aws.String("session"), Policy: narrow})
		check(m.t, err)
		return of(out.Credentials)
	case "federated":
		out, err := m.sts(m.maker).GetFederationToken(m.ctx, &stssdk.GetFederationTokenInput{Name: aws.String("jo"), Policy: narrow})
		check(m.t, err)
		return of(out.Credentials)
	case "proved":
		return m.proved
	case "token":
		out, err := m.sts(caller).GetSessionToken(m.ctx, nil)
		check(m.t, err)
		return of(out.Credentials)
	}
	return caller
}

// TestS3_MatrixOfAllDoors holds each operation of each door against each kind of
// caller and each form of policies, all of them as clients come: policies stored
// by IAM, sessions made by STS, requests signed.
func TestS3_MatrixOfAllDoors(t *testing.T) {
	m := newMatrix(t)
	caller := m.key("caller")
	p := m.phone(m.root, "caller")
	p.enable(m.root, "caller")
	var err error
	m.proved, err = p.token(caller, p.code(0))
	check(t, err)
	checked := 0
	for _, o := range m.targets {
		for variant, f := range forms {
			m.set(f, o.action())
			for _, kind := range []string{"user", "token", "proved", "role", "federated"} {
				if !f.comes(kind) {
					continue
				}
				refused, text := m.try(o, m.session(kind, caller, f, o.action()))
				if got, want := refused != "", !m.may(o, f, kind); got != want {
					t.Errorf("%s, %s, by %s: refused %v, want %v: %s", o.action(), variant, kind, got, want, text)
				}
				checked++
			}
		}
	}
	if len(m.targets) < 150 || checked < 30*len(m.targets) {
		t.Errorf("%d cases of %d operations only", checked, len(m.targets))
	}
}

// comes reports whether callers of the kind come in this form. A user and a token
// of theirs have no session policy; a federated user has all that their maker
// has, as far as the session policy lets them.
func (f form) comes(kind string) bool {
	switch kind {
	case "user", "token", "proved":
		return f.session == ""
	case "federated":
		return f.boundary == "" && (f.identity == "" && f.session == "" || f.identity == all && f.session != "")
	}
	return true
}

// may is what must come of it, said without the engine of policies.
func (m *matrix) may(o target, f form, kind string) bool {
	switch {
	case o.action() == "sts:GetCallerIdentity":
		return true
	case o.service == "keyhaven" && slices.Contains(owners, o.name):
		return false
	case slices.Contains(longTermOnly, o.action()):
		return kind == "user" && (f.allowed || o.name == "GetSessionToken")
	case o.name == "ImportAccessKey" && (kind == "token" || kind == "federated" || f.session != "" || f.boundary != ""):
		return false // as IAM's CreateAccessKey
	case kind == "proved" && o.service == "sts" && o.name != "AssumeRole":
		return false // also with an MFA device
	case (kind == "token" || kind == "federated") && (o.service == "iam" || o.service == "sts" && o.name != "AssumeRole"):
		return false // "GetSessionToken" and "GetFederationToken", permissions
	case kind == "federated" && o.service == "sts":
		return false
	case o.name == "AddRoleToInstanceProfile" && f.allowed:
		return !slices.Contains([]string{f.identity, f.boundary, f.session}, one) // iam:PassRole as well
	case o.service == "iam" && slices.Contains(grow, o.name) && f.session != "":
		return false
	case o.service == "iam" && slices.Contains(grow, o.name) && f.boundary != "":
		return f.allowed && (kind == "user" || kind == "proved") && slices.Contains(own, o.name) // what has the same boundary: they themself
	}
	return f.allowed
}

// TestS7_AccountsAreTheOwners holds the operations on accounts against everybody who
// may do all else, in the first account and in another.
func TestS7_AccountsAreTheOwners(t *testing.T) {
	m := newMatrix(t)
	token := func(k keys) keys {
		out, err := m.sts(k).GetSessionToken(m.ctx, nil)
		check(t, err)
		return of(out.Credentials)
	}
	held := 0
	for _, o := range m.targets {
		if !slices.Contains(owners, o.name) {
			continue
		}
		held++
		for who, c := range map[string]struct {
			keys
			may bool
		}{
			"the owner":                  {m.root, true},
			"a token of the owner's key": {token(m.root), false},
			"a user who may all":         {m.maker, false},
			"another account's root":     {m.other, false},
			"a token of that root":       {token(m.other), false},
			"the bucket's key":           {m.bucketKey, false},
			"a machine":                  {m.host, false},
		} {
			refused, text := m.try(o, c.keys)
			if c.may != (refused == "") || !c.may && who != "a machine" && refused != "AccessDenied" {
				t.Errorf("%s by %s: refused %q: %s", o.name, who, refused, text)
			}
		}
	}
	if held != len(owners) {
		t.Errorf("the door has %d of these operations, want %d", held, len(owners))
	}
}

// TestS3_MatrixOfOthers holds each operation against callers who have no policies
// of their own, or none that would count.
func TestS3_MatrixOfOthers(t *testing.T) {
	m := newMatrix(t)
	for _, o := range m.targets {
		for who, c := range map[string]struct {
			keys
			may bool
		}{
			"the bucket's key":  {m.bucketKey, false},
			"a machine":         {m.host, false},
			"a wrong signature": {keys{id: m.bucketKey.id, secret: m.root.secret}, false},
			"an unknown key":    {keys{id: "AKIA" + strings.Repeat("A", 16), secret: m.root.secret}, false},
			"the root":          {m.root, o.action() != "sts:AssumeRole"},
		} {
			signed := who != "a wrong signature" && who != "an unknown key"
			want := !c.may && (o.action() != "sts:GetCallerIdentity" || !signed)
			if refused, text := m.try(o, c.keys); (refused != "") != want {
				t.Errorf("%s by %s: refused %q, want refused %v: %s", o.action(), who, refused, want, text)
			}
		}
	}
}
