//go:build e2e

package clients

import (
	"net/http"
	"testing"
)

// TestPERM_PolicyVerbs makes a bucket public by a policy, by a list and not at
// all, as aws-cli says it.
func TestPERM_PolicyVerbs(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, aws awsCLI) {
		bucket := "policy-verbs-" + aws.name
		aws = aws.as(s.root)
		api := func(command string) string { return aws.line(t, "s3api "+command+" --bucket "+bucket) }
		api("create-bucket")
		file := aws.write(t, "hello.txt", "hello")
		api("put-object --key a.txt --body " + file)
		want := func(status int) {
			t.Helper()
			r, err := http.Get(s.endpoint + "/" + bucket + "/a.txt")
			check(t, err)
			check(t, r.Body.Close())
			if r.StatusCode != status {
				t.Errorf("anybody gets %d, want %d", r.StatusCode, status)
			}
		}
		want(403)
		policy := aws.write(t, "policy.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/*"}]}`)
		api("put-bucket-policy --policy file://" + policy)
		want(200)
		wantText(t, "get-bucket-policy", api("get-bucket-policy --output text"), `"Action":"s3:GetObject"`)
		wantText(t, "get-bucket-policy-status", api("get-bucket-policy-status --output json"), `"IsPublic": true`)
		api("put-public-access-block --public-access-block-configuration RestrictPublicBuckets=true,BlockPublicPolicy=true")
		want(403)
		aws.refused(t, "AccessDenied", "PutBucketPolicy", "s3api put-bucket-policy --policy file://"+policy+" --bucket "+bucket)
		wantText(t, "get-public-access-block", api("get-public-access-block --output json"), `"RestrictPublicBuckets": true`)
		api("delete-public-access-block")
		want(200)
		api("delete-bucket-policy")
		want(403)
		api("put-object-acl --key a.txt --acl public-read")
		want(200)
		wantText(t, "get-object-acl", api("get-object-acl --key a.txt --output json"), "global/AllUsers")
		api("put-bucket-ownership-controls --ownership-controls Rules=[{ObjectOwnership=BucketOwnerEnforced}]")
		want(403)
		aws.refused(t, "AccessControlListNotSupported", "PutObjectAcl", "s3api put-object-acl --key a.txt --acl public-read --bucket "+bucket)
		wantText(t, "get-bucket-ownership-controls", api("get-bucket-ownership-controls --output json"), "BucketOwnerEnforced")
		wantText(t, "get-bucket-acl", api("get-bucket-acl --output json"), "FULL_CONTROL")
	})
}
