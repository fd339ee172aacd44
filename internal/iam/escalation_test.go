package iam_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven/internal/keycare"
)

// TestS7_SessionsMintNothing: who is narrowed by a session policy makes nothing
// that would not be.
func TestS7_SessionsMintNothing(t *testing.T) {
	r := newRig(t)
	admin := r.user("admin", allow("*", "*"))
	arn := r.role("ops", trusts("arn:aws:iam::111122223333:user/admin"), allow("iam:* s3:*", "*"))
	out, err := r.sts(admin).AssumeRole(r.ctx, &stssdk.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1"), Policy: aws.String(allow("iam:*", "*"))})
	check(t, err)
	narrow := r.iam(of(out.Credentials))
	_, err = narrow.ListUsers(r.ctx, nil)
	check(t, err) // what makes nothing is allowed
	for what, err := range mints(r, narrow, "admin") {
		wantCode(t, what, err, "AccessDenied")
	}
	whole := r.iam(r.mustAssume(admin, arn))
	_, err = whole.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("by-role")})
	check(t, err) // a role with all of its rights is as good as a user
}

// mints tries everything that makes or widens rights of a user.
func mints(r *rig, c *iamsdk.Client, user string) map[string]error {
	errs := map[string]error{}
	name, doc := &user, aws.String(allow("*", "*"))
	admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	_, errs["CreateAccessKey"] = c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: name})
	_, errs["CreateLoginProfile"] = c.CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: name, Password: aws.String("Correct-horse-1")})
	_, errs["UpdateLoginProfile"] = c.UpdateLoginProfile(r.ctx, &iamsdk.UpdateLoginProfileInput{UserName: name, Password: aws.String("Correct-horse-2")})
	_, errs["PutUserPolicy"] = c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: name, PolicyName: aws.String("p"), PolicyDocument: doc})
	_, errs["AttachUserPolicy"] = c.AttachUserPolicy(r.ctx, &iamsdk.AttachUserPolicyInput{UserName: name, PolicyArn: admin})
	_, errs["CreateUser"] = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("new-" + user)})
	_, errs["CreateRole"] = c.CreateRole(r.ctx, &iamsdk.CreateRoleInput{RoleName: aws.String("new-" + user), AssumeRolePolicyDocument: aws.String(trusts("*"))})
	_, errs["CreateGroup"] = c.CreateGroup(r.ctx, &iamsdk.CreateGroupInput{GroupName: aws.String("new-" + user)})
	_, errs["DeleteUserPermissionsBoundary"] = c.DeleteUserPermissionsBoundary(r.ctx, &iamsdk.DeleteUserPermissionsBoundaryInput{UserName: name})
	return errs
}

// TestS7_BoundariesHold: who has a permissions boundary makes and changes only
// what has the same.
func TestS7_BoundariesHold(t *testing.T) {
	r := newRig(t)
	root := r.iam(r.root)
	p, err := root.CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("limit"), PolicyDocument: aws.String(allow("iam:* s3:*", "*"))})
	check(t, err)
	limit := p.Policy.Arn
	bob := r.user("bob", allow("*", "*"))
	wide := r.user("wide", allow("*", "*"))
	check(t, r.buckets(bob))
	_, err = root.PutUserPermissionsBoundary(r.ctx, &iamsdk.PutUserPermissionsBoundaryInput{UserName: aws.String("bob"), PermissionsBoundary: limit})
	check(t, err)
	wantCode(t, "beyond the boundary", r.buckets(bob), "AccessDeniedException")
	c := r.iam(bob)
	for what, err := range mints(r, c, "wide") {
		wantCode(t, what, err, "AccessDenied")
	}
	check(t, r.buckets(wide))
	_, err = c.DeleteUserPermissionsBoundary(r.ctx, &iamsdk.DeleteUserPermissionsBoundaryInput{UserName: aws.String("bob")})
	wantCode(t, "their own boundary", err, "AccessDenied")
	_, err = c.PutUserPermissionsBoundary(r.ctx, &iamsdk.PutUserPermissionsBoundaryInput{UserName: aws.String("bob"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	wantCode(t, "another boundary for themself", err, "AccessDenied")
	_, err = c.CreatePolicyVersion(r.ctx, &iamsdk.CreatePolicyVersionInput{PolicyArn: limit, PolicyDocument: aws.String(allow("*", "*")), SetAsDefault: true})
	wantCode(t, "another text of the boundary", err, "AccessDenied")

	_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("child"), PermissionsBoundary: limit})
	check(t, err)
	_, err = c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: aws.String("child"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("*", "*"))})
	check(t, err)
	made, err := c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: aws.String("child")})
	check(t, err)
	wantCode(t, "the child beyond the boundary", r.buckets(keys{id: *made.AccessKey.AccessKeyId, secret: *made.AccessKey.SecretAccessKey}), "AccessDeniedException")
	_, err = c.CreateAccessKey(r.ctx, nil)
	check(t, err) // their own second key is no more than the first
}

// careful is a request to Keyhaven's API for keys.
func careful(op, body string) target {
	return target{"keyhaven", op, keycare.Target + "." + op, body}
}

// TestS7_KeysBeyondIAM: the API for keys imports and changes keys of users for
// those who could make them by IAM.
func TestS7_KeysBeyondIAM(t *testing.T) {
	r := newRig(t)
	p, err := r.iam(r.root).CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("limit"), PolicyDocument: aws.String(allow("keyhaven:*", "*"))})
	check(t, err)
	bob, wide := r.user("bob", allow("*", "*")), r.user("wide", allow("*", "*"))
	r.user("new", allow("lightsail:GetBuckets", "*"))
	_, err = r.iam(r.root).PutUserPermissionsBoundary(r.ctx, &iamsdk.PutUserPermissionsBoundaryInput{UserName: aws.String("bob"), PermissionsBoundary: p.Policy.Arn})
	check(t, err)
	brought := keys{id: "AKIAIOSFODNN7EXAMPLE", secret: strings.Repeat("from-elsewhere", 3)}
	importing := careful("ImportAccessKey", `{"userName":"new","accessKeyId":"`+brought.id+`","secretAccessKey":"`+brought.secret+`","name":"moved"}`)
	off := careful("UpdateAccessKey", `{"accessKeyId":"`+wide.id+`","status":"Inactive"}`)
	for _, o := range []target{importing, off} {
		if refused, text := r.try(o, bob); !strings.Contains(text, "because the caller has a permissions boundary") {
			t.Errorf("%s by who has a boundary: %q, %s", o.name, refused, text)
		}
	}
	if refused, text := r.try(careful("GetAccessKey", `{"accessKeyId":"`+wide.id+`"}`), bob); refused != "" {
		t.Errorf("reading by who has a boundary: %s", text)
	}
	refused, text := r.try(importing, wide)
	if refused != "" || !strings.Contains(text, `"imported":true`) || !strings.Contains(text, `"name":"moved"`) || strings.Contains(text, brought.secret) {
		t.Errorf("the import answers %s", text)
	}
	check(t, r.buckets(brought))
	for body, want := range map[string]string{
		`{"userName":"new","accessKeyId":"` + brought.id + `","secretAccessKey":"` + brought.secret + `"}`:    "AlreadyExists",
		`{"userName":"none","accessKeyId":"AKIAIOSFODNN7EXAMPL2","secretAccessKey":"` + brought.secret + `"}`: "The user does not exist",
		`{"accessKeyId":"AKIAIOSFODNN7EXAMPL2","secretAccessKey":"` + brought.secret + `"}`:                   "The user does not exist",
		`{"userName":"new","accessKeyId":"AKIAIOSFODNN7EXAMPL2","secretAccessKey":"short"}`:                   "InvalidInput",
		`{"userName":"new","accessKeyId":"AKIAIOSFODNN7EXAMPL2","secretAccessKey":"` + brought.secret + `"}`:  "LimitExceeded",
	} {
		if _, text := r.try(careful("ImportAccessKey", body), r.root); !strings.Contains(text, want) {
			t.Errorf("%.60s… = %s, want %s", body, text, want)
		}
	}
}

// TestS7_RootsKeysAreGuarded: nobody but the root makes, lists or ends its keys.
func TestS7_RootsKeysAreGuarded(t *testing.T) {
	r := newRig(t)
	admin := r.user("admin", allow("*", "*"))
	c := r.iam(admin)
	for _, name := range []string{"root", "<root_account>", string(account), "arn:aws:iam::111122223333:root"} {
		if _, err := c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: &name}); err == nil {
			t.Errorf("an administrator makes a key of %s", name)
		}
	}
	_, err := c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{AccessKeyId: &r.root.id})
	wantCode(t, "the root's key by its id", err, "NoSuchEntity")
	_, err = c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: aws.String("admin"), AccessKeyId: &r.root.id, Status: "Inactive"})
	wantCode(t, "the root's key as a user's", err, "NoSuchEntity")
	out, err := r.sts(r.root).GetSessionToken(r.ctx, nil)
	check(t, err)
	_, err = r.iam(of(out.Credentials)).CreateAccessKey(r.ctx, nil)
	wantCode(t, "a session of the root mints", err, "InvalidClientTokenId")
	if _, err := r.whoami(r.root); err != nil {
		t.Errorf("the root: %v", err)
	}
}
