package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// TestIAM13_Users: create, get, list, rename, delete.
func TestIAM13_Users(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	made, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{
		UserName: aws.String("Bob"), Path: aws.String("/staff/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	check(t, err)
	u := made.User
	if *u.Arn != "arn:aws:iam::111122223333:user/staff/Bob" || !strings.HasPrefix(*u.UserId, "AIDA") || len(*u.UserId) != 21 || len(u.Tags) != 1 {
		t.Errorf("CreateUser() = %+v", u)
	}
	for _, name := range []string{"Bob", "bOB"} {
		_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: &name})
		wantCode(t, name+" again", err, "EntityAlreadyExists")
	}
	got, err := c.GetUser(r.ctx, &iamsdk.GetUserInput{UserName: aws.String("Bob")})
	check(t, err)
	if *got.User.UserId != *u.UserId || !got.User.CreateDate.Equal(*u.CreateDate) {
		t.Errorf("GetUser() = %+v", got.User)
	}
	_, err = c.GetUser(r.ctx, &iamsdk.GetUserInput{UserName: aws.String("bob")})
	wantCode(t, "a name in other case", err, "NoSuchEntity")
	k := r.key("Bob")
	_, err = c.UpdateUser(r.ctx, &iamsdk.UpdateUserInput{UserName: aws.String("Bob"), NewUserName: aws.String("robert"), NewPath: aws.String("/")})
	check(t, err)
	if arn, err := r.whoami(k); err != nil || arn != "arn:aws:iam::111122223333:user/robert" {
		t.Errorf("after a rename the key is %s, %v", arn, err)
	}
	_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("Bob")})
	check(t, err) // the name is free
	_, err = c.UpdateUser(r.ctx, &iamsdk.UpdateUserInput{UserName: aws.String("Bob"), NewUserName: aws.String("ROBERT")})
	wantCode(t, "a rename to a taken name", err, "EntityAlreadyExists")
	root, err := c.GetUser(r.ctx, nil)
	check(t, err)
	if *root.User.Arn != "arn:aws:iam::111122223333:root" || *root.User.UserId != string(account) || root.User.UserName != nil {
		t.Errorf("GetUser() of the root = %+v", root.User)
	}
	_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: aws.String("Bob")})
	check(t, err)
	_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: aws.String("Bob")})
	wantCode(t, "a user that is gone", err, "NoSuchEntity")
}

// TestIAM14_DeleteConflict: a user that has something cannot be deleted.
func TestIAM14_DeleteConflict(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	bob := aws.String("bob")
	k := r.user("bob", allow("s3:*", "*"))
	remove := func(what string) {
		t.Helper()
		_, err := c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: bob})
		wantCode(t, what, err, "DeleteConflict")
		if err != nil && !strings.Contains(err.Error(), what) {
			t.Errorf("the error says %v, want %q", err, what)
		}
	}
	remove("must delete access keys first.")
	_, err := c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: bob, AccessKeyId: &k.id})
	check(t, err)
	_, err = c.CreateLoginProfile(r.ctx, &iamsdk.CreateLoginProfileInput{UserName: bob, Password: aws.String("Correct-horse-1")})
	check(t, err)
	remove("must delete login profile first.")
	_, err = c.DeleteLoginProfile(r.ctx, &iamsdk.DeleteLoginProfileInput{UserName: bob})
	check(t, err)
	remove("must delete policies first.")
	_, err = c.DeleteUserPolicy(r.ctx, &iamsdk.DeleteUserPolicyInput{UserName: bob, PolicyName: aws.String("p0")})
	check(t, err)
	_, err = c.AttachUserPolicy(r.ctx, &iamsdk.AttachUserPolicyInput{UserName: bob, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	check(t, err)
	remove("must detach all policies first.")
	_, err = c.DetachUserPolicy(r.ctx, &iamsdk.DetachUserPolicyInput{UserName: bob, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	check(t, err)
	_, err = c.CreateGroup(r.ctx, &iamsdk.CreateGroupInput{GroupName: aws.String("devs")})
	check(t, err)
	_, err = c.AddUserToGroup(r.ctx, &iamsdk.AddUserToGroupInput{GroupName: aws.String("devs"), UserName: bob})
	check(t, err)
	remove("must remove users from group first.")
	_, err = c.DeleteGroup(r.ctx, &iamsdk.DeleteGroupInput{GroupName: aws.String("devs")})
	wantCode(t, "a group with members", err, "DeleteConflict")
	_, err = c.RemoveUserFromGroup(r.ctx, &iamsdk.RemoveUserFromGroupInput{GroupName: aws.String("devs"), UserName: bob})
	check(t, err)
	_, err = c.DeleteUser(r.ctx, &iamsdk.DeleteUserInput{UserName: bob})
	check(t, err)
}

// TestPaging: every listing goes on where its marker says, and has each once.
func TestPaging(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	for i := range 7 {
		_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String(fmt.Sprintf("user%d", i)), Path: aws.String("/p/")})
		check(t, err)
	}
	_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("elsewhere")})
	check(t, err)
	var names []string
	pages := iamsdk.NewListUsersPaginator(c, &iamsdk.ListUsersInput{PathPrefix: aws.String("/p/"), MaxItems: aws.Int32(3)})
	n := 0
	for pages.HasMorePages() {
		p, err := pages.NextPage(r.ctx)
		check(t, err)
		for _, u := range p.Users {
			names = append(names, *u.UserName)
		}
		n++
	}
	if strings.Join(names, " ") != "user0 user1 user2 user3 user4 user5 user6" || n != 3 {
		t.Errorf("%d pages of %q", n, names)
	}
	_, err = c.ListUsers(r.ctx, &iamsdk.ListUsersInput{Marker: aws.String("!!")})
	wantCode(t, "a marker of nobody's", err, "ValidationError")
	_, err = c.ListUsers(r.ctx, &iamsdk.ListUsersInput{MaxItems: aws.Int32(1001)})
	wantCode(t, "too long a page", err, "ValidationError")

	seen := map[string]bool{}
	policies := iamsdk.NewListPoliciesPaginator(c, &iamsdk.ListPoliciesInput{MaxItems: aws.Int32(3)})
	_, err = c.CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allow("s3:*", "*"))})
	check(t, err)
	for policies.HasMorePages() {
		p, err := policies.NextPage(r.ctx)
		check(t, err)
		for _, one := range p.Policies {
			if seen[*one.Arn] {
				t.Errorf("%s is listed twice", *one.Arn)
			}
			seen[*one.Arn] = true
		}
	}
	for _, arn := range []string{"arn:aws:iam::111122223333:policy/own", "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"} {
		if !seen[arn] {
			t.Errorf("%s is not listed", arn)
		}
	}
}

// TestS12_Names: what is no name is refused, and names nothing.
func TestS12_Names(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	for _, name := range []string{"", "a/b", "../x", "a b", "a\x00b", "*", "a\nb", "ü", strings.Repeat("a", 65), "bob)(uid=*", "'; drop"} {
		_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: &name})
		if err == nil {
			t.Errorf("CreateUser(%q) succeeds", name)
		}
		_, err = c.GetUser(r.ctx, &iamsdk.GetUserInput{UserName: &name})
		if err == nil {
			t.Errorf("GetUser(%q) succeeds", name)
		}
	}
	for _, path := range []string{"x", "/x", "x/", "/a b/", "//"} {
		_, err := c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("x"), Path: &path})
		wantCode(t, "the path "+path, err, "ValidationError")
	}
}

// TestAccountsAreApart: nobody sees or touches another account's.
func TestAccountsAreApart(t *testing.T) {
	r := newRig(t)
	r.user("bob")
	c := r.iam(r.other)
	_, err := c.GetUser(r.ctx, &iamsdk.GetUserInput{UserName: aws.String("bob")})
	wantCode(t, "GetUser", err, "NoSuchEntity")
	list, err := c.ListUsers(r.ctx, nil)
	if err != nil || len(list.Users) != 0 {
		t.Errorf("ListUsers() = %v, %v", list, err)
	}
	p, err := r.iam(r.root).CreatePolicy(r.ctx, &iamsdk.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allow("s3:*", "*"))})
	check(t, err)
	_, err = c.GetPolicy(r.ctx, &iamsdk.GetPolicyInput{PolicyArn: p.Policy.Arn})
	wantCode(t, "GetPolicy", err, "NoSuchEntity")
	_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("eve")})
	check(t, err)
	_, err = c.AttachUserPolicy(r.ctx, &iamsdk.AttachUserPolicyInput{UserName: aws.String("eve"), PolicyArn: p.Policy.Arn})
	wantCode(t, "AttachUserPolicy", err, "NoSuchEntity")
	_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("bob")})
	check(t, err) // the name is free there
}

// TestUnknownActions: what is not built is told, and nothing else happens.
func TestUnknownActions(t *testing.T) {
	r := newRig(t)
	_, err := r.iam(r.root).ListSAMLProviders(r.ctx, nil)
	wantCode(t, "an action that is not built", err, "InvalidAction")
	_, err = r.iam(keys{id: "AKIAIOSFODNN7EXAMPLE", secret: "x"}).ListUsers(r.ctx, nil)
	wantCode(t, "an unknown key", err, "InvalidClientTokenId")
	_, err = r.iam(keys{id: r.root.id, secret: "x"}).ListUsers(r.ctx, nil)
	wantCode(t, "a wrong secret", err, "SignatureDoesNotMatch")
}
