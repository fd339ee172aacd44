package iam_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
)

// TestIAM06_TwoKeysPerUser: inactive ones count (IAM-06), one of two can be
// replaced (IAM-07), and many callers at once do not get more.
func TestIAM06_TwoKeysPerUser(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	first := r.user("bob")
	second := r.key("bob")
	_, err := c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: &first.id, Status: types.StatusTypeInactive})
	check(t, err)
	_, err = c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: aws.String("bob")})
	wantCode(t, "a third key", err, "LimitExceeded")
	if err != nil && !strings.Contains(err.Error(), "Cannot exceed quota for AccessKeysPerUser: 2") {
		t.Errorf("the error says %v", err)
	}
	_, err = c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: &first.id})
	check(t, err)
	third := r.key("bob") // IAM-07
	for _, k := range []keys{second, third} {
		if arn, err := r.whoami(k); err != nil || arn != "arn:aws:iam::111122223333:user/bob" {
			t.Errorf("GetCallerIdentity() = %s, %v", arn, err)
		}
	}
	_, err = c.CreateUser(r.ctx, &iamsdk.CreateUserInput{UserName: aws.String("eve")})
	check(t, err)
	var wg sync.WaitGroup
	var made atomic.Int64
	for range 8 {
		wg.Go(func() {
			if _, err := c.CreateAccessKey(r.ctx, &iamsdk.CreateAccessKeyInput{UserName: aws.String("eve")}); err == nil {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 2 {
		t.Errorf("eight callers at once made %d keys", made.Load())
	}
}

// TestIAM08_09_10_KeyLifecycle: create, list, deactivate, activate, delete.
func TestIAM08_09_10_KeyLifecycle(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	k := r.user("bob", allow("lightsail:*", "*"))
	list, err := c.ListAccessKeys(r.ctx, &iamsdk.ListAccessKeysInput{UserName: aws.String("bob")})
	check(t, err)
	if len(list.AccessKeyMetadata) != 1 || *list.AccessKeyMetadata[0].AccessKeyId != k.id || *list.AccessKeyMetadata[0].UserName != "bob" ||
		list.AccessKeyMetadata[0].Status != types.StatusTypeActive || list.IsTruncated {
		t.Errorf("ListAccessKeys() = %+v", list)
	}
	works := func() error {
		_, err := r.lightsail(k).GetBuckets(r.ctx, &lightsailsdk.GetBucketsInput{})
		return err
	}
	check(t, works())
	for _, status := range []types.StatusType{types.StatusTypeInactive, types.StatusTypeActive} {
		_, err := c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: &k.id, Status: status})
		check(t, err)
		if status == types.StatusTypeInactive {
			wantCode(t, "an inactive key", works(), "UnrecognizedClientException")
			_, err := r.whoami(k)
			wantCode(t, "an inactive key", err, "InvalidClientTokenId")
		} else {
			check(t, works())
		}
	}
	_, err = c.UpdateAccessKey(r.ctx, &iamsdk.UpdateAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: &k.id, Status: "Broken"})
	wantCode(t, "an unknown status", err, "ValidationError")
	_, err = c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})
	wantCode(t, "a key that is not there", err, "NoSuchEntity")
	_, err = c.DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: &k.id})
	check(t, err)
	wantCode(t, "a deleted key", works(), "UnrecognizedClientException")
	_, err = c.ListAccessKeys(r.ctx, &iamsdk.ListAccessKeysInput{UserName: aws.String("nobody")})
	wantCode(t, "a user that is not there", err, "NoSuchEntity")
	if err != nil && !strings.Contains(err.Error(), "The user with name nobody cannot be found.") {
		t.Errorf("the error says %v", err)
	}
}

// TestIAM11_LastUsed: N/A before the first use, then date, service and region.
func TestIAM11_LastUsed(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	k := r.user("bob")
	used := func() *iamsdk.GetAccessKeyLastUsedOutput {
		t.Helper()
		out, err := c.GetAccessKeyLastUsed(r.ctx, &iamsdk.GetAccessKeyLastUsedInput{AccessKeyId: &k.id})
		check(t, err)
		return out
	}
	if u := used(); *u.UserName != "bob" || u.AccessKeyLastUsed.LastUsedDate != nil || *u.AccessKeyLastUsed.Region != "N/A" || *u.AccessKeyLastUsed.ServiceName != "N/A" {
		t.Errorf("before the first use: %+v", u.AccessKeyLastUsed)
	}
	_, err := r.whoami(k)
	check(t, err)
	if u := used().AccessKeyLastUsed; u.LastUsedDate == nil || *u.Region != region || *u.ServiceName != "sts" {
		t.Errorf("after it: %+v", u)
	}
	_, err = c.GetAccessKeyLastUsed(r.ctx, &iamsdk.GetAccessKeyLastUsedInput{AccessKeyId: &r.other.id})
	wantCode(t, "a key of another account", err, "AccessDenied")
}

// TestIAM12_SignersOwn: without a user name the signer's own keys are meant, also
// a root's (ACC-01), of which there are two at most (ACC-02).
func TestIAM12_SignersOwn(t *testing.T) {
	r := newRig(t)
	k := r.user("bob", allow("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}"))
	own, err := r.iam(k).ListAccessKeys(r.ctx, nil)
	check(t, err)
	if len(own.AccessKeyMetadata) != 1 || *own.AccessKeyMetadata[0].AccessKeyId != k.id {
		t.Errorf("ListAccessKeys() = %+v", own.AccessKeyMetadata)
	}
	made, err := r.iam(k).CreateAccessKey(r.ctx, nil)
	check(t, err)
	if *made.AccessKey.UserName != "bob" {
		t.Errorf("CreateAccessKey() made a key of %s", *made.AccessKey.UserName)
	}
	_, err = r.iam(k).DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{AccessKeyId: &r.root.id})
	wantCode(t, "the root's key", err, "NoSuchEntity")
	r.user("eve")
	_, err = r.iam(k).ListAccessKeys(r.ctx, &iamsdk.ListAccessKeysInput{UserName: aws.String("eve")})
	wantCode(t, "another user's keys", err, "AccessDenied")

	roots, err := r.iam(r.root).CreateAccessKey(r.ctx, nil) // ACC-01
	check(t, err)
	arn, err := r.whoami(keys{id: *roots.AccessKey.AccessKeyId, secret: *roots.AccessKey.SecretAccessKey})
	if err != nil || arn != "arn:aws:iam::111122223333:root" {
		t.Errorf("the root's second key is %s, %v", arn, err)
	}
	_, err = r.iam(r.root).CreateAccessKey(r.ctx, nil) // ACC-02
	wantCode(t, "a third key of the root", err, "LimitExceeded")
	_, err = r.iam(r.root).DeleteAccessKey(r.ctx, &iamsdk.DeleteAccessKeyInput{AccessKeyId: &r.other.id})
	wantCode(t, "a key of another account's root", err, "NoSuchEntity")
}
