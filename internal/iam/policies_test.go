package iam_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	lightsailtypes "github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func (r *rig) buckets(k keys) error {
	_, err := r.lightsail(k).GetBuckets(r.ctx, &lightsailsdk.GetBucketsInput{})
	return err
}

// TestIAM16_Policies: inline and attached policies, versions, and that each change
// is in force at once.
func TestIAM16_Policies(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	bob := aws.String("bob")
	k := r.user("bob")
	wantCode(t, "no policy", r.buckets(k), "AccessDeniedException")
	doc := allow("lightsail:GetBuckets", "*")
	_, err := c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: bob, PolicyName: aws.String("in"), PolicyDocument: &doc})
	check(t, err)
	check(t, r.buckets(k))
	got, err := c.GetUserPolicy(r.ctx, &iamsdk.GetUserPolicyInput{UserName: bob, PolicyName: aws.String("in")})
	check(t, err)
	if text, err := url.PathUnescape(*got.PolicyDocument); err != nil || text != doc || !strings.Contains(*got.PolicyDocument, "%22") {
		t.Errorf("GetUserPolicy() = %s", *got.PolicyDocument)
	}
	_, err = c.DeleteUserPolicy(r.ctx, &iamsdk.DeleteUserPolicyInput{UserName: bob, PolicyName: aws.String("in")})
	check(t, err)
	wantCode(t, "a deleted policy", r.buckets(k), "AccessDeniedException")

	p, err := c.CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("managed"), Path: aws.String("/x/"), PolicyDocument: &doc, Description: aws.String("d")})
	check(t, err)
	arn := p.Policy.Arn
	if *arn != "arn:aws:iam::111122223333:policy/x/managed" || *p.Policy.DefaultVersionId != "v1" || !strings.HasPrefix(*p.Policy.PolicyId, "ANPA") {
		t.Errorf("CreatePolicy() = %+v", p.Policy)
	}
	for range 2 { // again does no harm
		_, err = c.AttachUserPolicy(r.ctx, &iamsdk.AttachUserPolicyInput{UserName: bob, PolicyArn: arn})
		check(t, err)
	}
	check(t, r.buckets(k))
	list, err := c.ListAttachedUserPolicies(r.ctx, &iamsdk.ListAttachedUserPoliciesInput{UserName: bob})
	if err != nil || len(list.AttachedPolicies) != 1 || *list.AttachedPolicies[0].PolicyName != "managed" {
		t.Errorf("ListAttachedUserPolicies() = %+v, %v", list, err)
	}
	_, err = c.DeletePolicy(r.ctx, &iamsdk.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, "a policy that is attached", err, "DeleteConflict")
	v2, err := c.CreatePolicyVersion(r.ctx, &iamsdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny("lightsail:*", "*")), SetAsDefault: true})
	check(t, err)
	if *v2.PolicyVersion.VersionId != "v2" || !v2.PolicyVersion.IsDefaultVersion {
		t.Errorf("CreatePolicyVersion() = %+v", v2.PolicyVersion)
	}
	wantCode(t, "a new version that denies", r.buckets(k), "AccessDeniedException")
	_, err = c.SetDefaultPolicyVersion(r.ctx, &iamsdk.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	check(t, err)
	check(t, r.buckets(k))
	for range 3 {
		_, err = c.CreatePolicyVersion(r.ctx, &iamsdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &doc})
		check(t, err)
	}
	_, err = c.CreatePolicyVersion(r.ctx, &iamsdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &doc})
	wantCode(t, "a sixth version", err, "LimitExceeded")
	_, err = c.DeletePolicyVersion(r.ctx, &iamsdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	wantCode(t, "the version in force", err, "DeleteConflict")
	_, err = c.DeletePolicyVersion(r.ctx, &iamsdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	check(t, err)
	v6, err := c.CreatePolicyVersion(r.ctx, &iamsdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &doc})
	if err != nil || *v6.PolicyVersion.VersionId != "v6" {
		t.Errorf("a version after a deleted one = %+v, %v", v6, err)
	}
	_, err = c.DetachUserPolicy(r.ctx, &iamsdk.DetachUserPolicyInput{UserName: bob, PolicyArn: arn})
	check(t, err)
	wantCode(t, "a detached policy", r.buckets(k), "AccessDeniedException")
	_, err = c.DetachUserPolicy(r.ctx, &iamsdk.DetachUserPolicyInput{UserName: bob, PolicyArn: arn})
	wantCode(t, "a policy that is not attached", err, "NoSuchEntity")
	_, err = c.DeletePolicy(r.ctx, &iamsdk.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, "a policy with versions", err, "DeleteConflict")
}

// TestS5_PolicyDocuments: what would not be evaluated to the letter is refused
// when it is stored.
func TestS5_PolicyDocuments(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	r.user("bob")
	for _, doc := range []string{
		`{`, `{}`, `[]`, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Conditions":{}}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringSounds":{"aws:username":"x"}}}]}`,
	} {
		_, err := c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p"), PolicyDocument: &doc})
		wantCode(t, doc, err, "MalformedPolicyDocument")
		_, err = c.CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: &doc})
		wantCode(t, doc, err, "MalformedPolicyDocument")
		_, err = c.CreateRole(r.ctx, &iamsdk.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: &doc})
		wantCode(t, doc, err, "MalformedPolicyDocument")
	}
	long := allow("s3:*", "arn:aws:s3:::"+strings.Repeat("x", 2100))
	_, err := c.PutUserPolicy(r.ctx, &iamsdk.PutUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p"), PolicyDocument: &long})
	wantCode(t, "too much inline", err, "LimitExceeded")
}

// TestIAM17_LightsailFullAccess and the managed policies that people attach by
// habit.
func TestIAM17_LightsailFullAccess(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	check(t, r.put(r.root, "photos", "a"))
	for arn, want := range map[string]struct{ lightsail, read, write bool }{
		"AdministratorAccess":       {true, true, true},
		"AmazonS3FullAccess":        {false, true, true},
		"AmazonS3ReadOnlyAccess":    {false, true, false},
		"AmazonLightsailFullAccess": {true, false, false},
	} {
		k := r.user("u-" + arn)
		_, err := r.iam(r.root).AttachUserPolicy(r.ctx, &iamsdk.AttachUserPolicyInput{UserName: aws.String("u-" + arn), PolicyArn: aws.String("arn:aws:iam::aws:policy/" + arn)})
		check(t, err)
		for what, try := range map[string]struct {
			err  error
			want bool
			code string
		}{
			"lightsail": {r.buckets(k), want.lightsail, "AccessDeniedException"},
			"read":      {r.get(k, "photos", "a"), want.read, "AccessDenied"},
			"write":     {r.put(k, "photos", "b"), want.write, "AccessDenied"},
		} {
			if try.want && try.err != nil {
				t.Errorf("%s: %s: %v", arn, what, try.err)
			} else if !try.want {
				wantCode(t, arn+": "+what, try.err, try.code)
			}
		}
	}
}

// TestIAM18_BucketManager: the policy of the Lightsail guide: all of Lightsail,
// and S3 on one bucket.
func TestIAM18_BucketManager(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	r.bucket("films")
	k := r.user("manager", `{"Version":"2012-10-17","Statement":[`+
		`{"Sid":"LightsailAccess","Effect":"Allow","Action":"lightsail:*","Resource":"*"},`+
		`{"Sid":"S3BucketAccess","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::photos/*","arn:aws:s3:::photos"]}]}`)
	check(t, r.buckets(k))
	check(t, r.put(k, "photos", "a"))
	check(t, r.get(k, "photos", "a"))
	wantCode(t, "another bucket", r.put(k, "films", "a"), "AccessDenied")
	_, err := r.lightsail(k).CreateBucketAccessKey(r.ctx, &lightsailsdk.CreateBucketAccessKeyInput{BucketName: aws.String("films")})
	check(t, err)
}

// TestIAM19_OneBucketARN and TestIAM20_Tags: permissions on one bucket by its
// ARN, and by its tags.
func TestIAM19_OneBucketARN(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	r.bucket("films")
	got, err := r.lightsail(r.root).GetBuckets(r.ctx, &lightsailsdk.GetBucketsInput{BucketName: aws.String("photos")})
	check(t, err)
	k := r.user("bob", allow("lightsail:DeleteBucket lightsail:CreateBucketAccessKey", *got.Buckets[0].Arn))
	create := func(name string) error {
		_, err := r.lightsail(k).CreateBucketAccessKey(r.ctx, &lightsailsdk.CreateBucketAccessKeyInput{BucketName: &name})
		return err
	}
	check(t, create("photos"))
	wantCode(t, "KEY-26: another bucket", create("films"), "AccessDeniedException")
	_, err = r.lightsail(k).DeleteBucket(r.ctx, &lightsailsdk.DeleteBucketInput{BucketName: aws.String("films")})
	wantCode(t, "deleting another bucket", err, "AccessDeniedException")
	if err != nil && !strings.Contains(err.Error(), "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: lightsail:DeleteBucket on resource: arn:aws:lightsail:us-east-1:111122223333:Bucket/") {
		t.Errorf("the denial says %v", err)
	}
	_, err = r.lightsail(k).DeleteBucket(r.ctx, &lightsailsdk.DeleteBucketInput{BucketName: aws.String("photos"), ForceDelete: aws.Bool(true)})
	check(t, err)
}

func TestIAM20_Tags(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	r.bucket("films")
	_, err := r.lightsail(r.root).TagResource(r.ctx, &lightsailsdk.TagResourceInput{
		ResourceName: aws.String("photos"), Tags: []lightsailtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	check(t, err)
	k := r.user("bob", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lightsail:UpdateBucket","Resource":"*",`+
		`"Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}]}`)
	_, err = r.iam(r.root).TagUser(r.ctx, &iamsdk.TagUserInput{UserName: aws.String("bob"), Tags: tag("team", "web")})
	check(t, err)
	update := func(name string) error {
		_, err := r.lightsail(k).UpdateBucket(r.ctx, &lightsailsdk.UpdateBucketInput{BucketName: &name, Versioning: aws.String("Enabled")})
		return err
	}
	check(t, update("photos"))
	wantCode(t, "a bucket without the tag", update("films"), "AccessDeniedException")
	_, err = r.iam(r.root).UntagUser(r.ctx, &iamsdk.UntagUserInput{UserName: aws.String("bob"), TagKeys: []string{"TEAM"}})
	check(t, err)
	wantCode(t, "a user without the tag", update("photos"), "AccessDeniedException")
}

// TestIAM21_Groups: what a group may, its members may, from the moment that they
// are and as long as they are.
func TestIAM21_Groups(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	k := r.user("bob")
	devs := aws.String("devs")
	g, err := c.CreateGroup(r.ctx, &iamsdk.CreateGroupInput{GroupName: devs})
	check(t, err)
	if *g.Group.Arn != "arn:aws:iam::111122223333:group/devs" || !strings.HasPrefix(*g.Group.GroupId, "AGPA") {
		t.Errorf("CreateGroup() = %+v", g.Group)
	}
	_, err = c.AttachGroupPolicy(r.ctx, &iamsdk.AttachGroupPolicyInput{GroupName: devs, PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonLightsailFullAccess")})
	check(t, err)
	wantCode(t, "before", r.buckets(k), "AccessDeniedException")
	_, err = c.AddUserToGroup(r.ctx, &iamsdk.AddUserToGroupInput{GroupName: devs, UserName: aws.String("bob")})
	check(t, err)
	check(t, r.buckets(k))
	members, err := c.GetGroup(r.ctx, &iamsdk.GetGroupInput{GroupName: devs})
	if err != nil || len(members.Users) != 1 || *members.Users[0].UserName != "bob" {
		t.Errorf("GetGroup() = %+v, %v", members, err)
	}
	of, err := c.ListGroupsForUser(r.ctx, &iamsdk.ListGroupsForUserInput{UserName: aws.String("bob")})
	if err != nil || len(of.Groups) != 1 || *of.Groups[0].GroupName != "devs" {
		t.Errorf("ListGroupsForUser() = %+v, %v", of, err)
	}
	_, err = c.PutGroupPolicy(r.ctx, &iamsdk.PutGroupPolicyInput{GroupName: devs, PolicyName: aws.String("no"), PolicyDocument: aws.String(deny("lightsail:*", "*"))})
	check(t, err)
	wantCode(t, "the group's deny", r.buckets(k), "AccessDeniedException")
	_, err = c.DeleteGroupPolicy(r.ctx, &iamsdk.DeleteGroupPolicyInput{GroupName: devs, PolicyName: aws.String("no")})
	check(t, err)
	_, err = c.UpdateGroup(r.ctx, &iamsdk.UpdateGroupInput{GroupName: devs, NewGroupName: aws.String("developers")})
	check(t, err)
	check(t, r.buckets(k))
	_, err = c.RemoveUserFromGroup(r.ctx, &iamsdk.RemoveUserFromGroupInput{GroupName: aws.String("developers"), UserName: aws.String("bob")})
	check(t, err)
	wantCode(t, "after", r.buckets(k), "AccessDeniedException")
}
