//go:build e2e

package clients

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// session returns the CLI with temporary credentials in its environment.
func (a awsCLI) session(id, secret, token string) awsCLI {
	a = a.as(accessKey{id, secret})
	a.program = a.with("AWS_SESSION_TOKEN=" + token)
	return a
}

// newUserKey makes a key of a user.
func (a awsCLI) newUserKey(t testing.TB, user string) accessKey {
	t.Helper()
	var out struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey, Status, UserName string }
	}
	a.answer(t, &out, "iam create-access-key --user-name "+user)
	a.server.remember(out.AccessKey.SecretAccessKey)
	if out.AccessKey.Status != "Active" || out.AccessKey.UserName != user {
		t.Errorf("create-access-key = %+v", out.AccessKey)
	}
	return accessKey{out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey}
}

// TestIAM08AWSCLI manages people with the CLI: users, keys, policies and groups,
// and uses the keys at Lightsail and S3 (IAM-06 … IAM-21).
func TestIAM08AWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, a awsCLI) {
		root, bob, bucket := a.as(s.root), "bob-"+a.name, "iam-"+a.name
		s.newBucket(t, bucket)
		root.line(t, "iam create-user --user-name "+bob+" --path /staff/ --tags Key=team,Value=web")
		wantText(t, "get-user", root.line(t, "iam get-user --user-name "+bob), `:user/staff/`+bob, "AIDA")
		key := root.newUserKey(t, bob)
		user := a.as(key)
		wantText(t, "an unused key", root.line(t, "iam get-access-key-last-used --access-key-id "+key.id), `"Region": "N/A"`)
		user.refused(t, "AccessDeniedException", "GetBuckets", "lightsail get-buckets")
		doc := a.write(t, "policy.json", `{"Version":"2012-10-17","Statement":[{"Sid":"LightsailAccess","Effect":"Allow","Action":"lightsail:*","Resource":"*"},`+
			`{"Sid":"S3BucketAccess","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::`+bucket+`/*","arn:aws:s3:::`+bucket+`"]}]}`)
		root.line(t, "iam put-user-policy --user-name "+bob+" --policy-name manager --policy-document file://"+doc)
		wantText(t, "get-user-policy", root.line(t, "iam get-user-policy --user-name "+bob+" --policy-name manager"), `"Sid": "LightsailAccess"`)
		user.line(t, "lightsail get-buckets")
		user.line(t, "s3 cp "+doc+" s3://"+bucket+"/policy.json")
		wantText(t, "s3 ls", user.line(t, "s3 ls s3://"+bucket), "policy.json")
		wantText(t, "a used key", root.line(t, "iam get-access-key-last-used --access-key-id "+key.id), `"ServiceName": "s3"`, `"UserName": "`+bob+`"`)

		second := root.newUserKey(t, bob)
		root.refused(t, "LimitExceeded", "CreateAccessKey", "iam create-access-key --user-name "+bob)
		root.line(t, "iam update-access-key --user-name "+bob+" --access-key-id "+key.id+" --status Inactive")
		user.refused(t, "UnrecognizedClientException", "GetBuckets", "lightsail get-buckets")
		root.line(t, "iam delete-access-key --user-name "+bob+" --access-key-id "+key.id)
		wantText(t, "list-access-keys", root.line(t, "iam list-access-keys --user-name "+bob), second.id)
		a.as(second).line(t, "lightsail get-buckets")

		root.line(t, "iam create-group --group-name g-"+a.name)
		root.line(t, "iam attach-group-policy --group-name g-"+a.name+" --policy-arn arn:aws:iam::aws:policy/IAMReadOnlyAccess")
		root.line(t, "iam add-user-to-group --group-name g-"+a.name+" --user-name "+bob)
		wantText(t, "list-users by a member", a.as(second).line(t, "iam list-users"), bob)
		a.as(second).refused(t, "AccessDenied", "CreateUser", "iam create-user --user-name x")
		root.refused(t, "DeleteConflict", "DeleteUser", "iam delete-user --user-name "+bob)
		root.refused(t, "EntityAlreadyExists", "CreateUser", "iam create-user --user-name "+strings.ToUpper(bob))
		root.line(t, "iam create-login-profile --user-name "+bob+" --password Correct-horse-1")
		root.line(t, "iam generate-credential-report")
		wantText(t, "get-account-summary", root.line(t, "iam get-account-summary"), `"AccessKeysPerUserQuota": 2`)
		wantText(t, "simulate", root.line(t, "iam simulate-principal-policy --policy-source-arn arn:aws:iam::"+s.account(t)+":user/staff/"+bob+" --action-names s3:GetObject --resource-arns arn:aws:s3:::"+bucket+"/x"), `"EvalDecision": "allowed"`)
	})
}

// account is the id of the account that the installation began with.
func (s *server) account(t testing.TB) string {
	t.Helper()
	out, err := sts.NewFromConfig(s.config(), s.stsEndpoint).GetCallerIdentity(t.Context(), nil)
	check(t, err)
	return *out.Account
}

func (s *server) config() aws.Config {
	return aws.Config{Region: region, Credentials: s.root.credentials(), HTTPClient: s.httpClient()}
}

func (s *server) stsEndpoint(o *sts.Options) { o.BaseEndpoint = &s.endpoint }

// TestACC06AWSCLI asks who the callers are and works with sessions (ACC-06 …
// ACC-08).
func TestACC06AWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, a awsCLI) {
		root, user, account := a.as(s.root), "sts-"+a.name, s.account(t)
		wantText(t, "the root", root.line(t, "sts get-caller-identity"), `"arn:aws:iam::`+account+`:root"`)
		root.line(t, "iam create-user --user-name "+user)
		key := root.newUserKey(t, user)
		doc := a.write(t, "allow.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lightsail:GetBuckets","sts:*"],"Resource":"*"}]}`)
		root.line(t, "iam put-user-policy --user-name "+user+" --policy-name p --policy-document file://"+doc)
		trust := a.write(t, "trust.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"sts:AssumeRole"}]}`)
		role := "role-" + a.name
		root.line(t, "iam create-role --role-name "+role+" --assume-role-policy-document file://"+trust)
		root.line(t, "iam attach-role-policy --role-name "+role+" --policy-arn arn:aws:iam::aws:policy/AmazonLightsailFullAccess")
		type answer struct {
			Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken, Expiration string }
		}
		for _, command := range []string{"sts get-session-token --duration-seconds 900", "sts assume-role --role-arn arn:aws:iam::" + account + ":role/" + role + " --role-session-name cli"} {
			var out answer
			a.as(key).answer(t, &out, command)
			c := out.Credentials
			s.remember(c.SecretAccessKey)
			temporary := a.session(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
			wantText(t, command, temporary.line(t, "sts get-caller-identity"), account)
			temporary.line(t, "lightsail get-buckets")
			temporary.refused(t, "AccessDenied", "GetSessionToken", "sts get-session-token")
		}
		root.line(t, "iam delete-access-key --user-name "+user+" --access-key-id "+key.id)
	})
}

// loopback is the address of the process itself: botocore fetches credentials from
// an authority that it does not know over no TLS.
func (s *server) loopback() string {
	if s.front != "" {
		return "http://" + s.listen
	}
	return s.endpoint
}

// TestRES02AWSCLI: a machine without keys reads and writes by the CLI.
func TestRES02AWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "photos")
	out := keyhaven(t).run(t, "instance", "register", "web-1", "--data", s.data)
	_, token, ok := strings.Cut(out, "AWS_CONTAINER_AUTHORIZATION_TOKEN=")
	if !ok {
		t.Fatalf("instance register printed %s", out)
	}
	token = strings.TrimSpace(token)
	s.remember(token)
	a := newAWSCLI(t, s, "debian")
	a.as(s.root).line(t, "lightsail set-resource-access-for-bucket --resource-name web-1 --bucket-name photos --access allow")
	machine := a
	machine.program = a.with("AWS_CONTAINER_CREDENTIALS_FULL_URI="+s.loopback()+"/-/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN="+token)
	file := a.write(t, "hello.txt", "hello")
	machine.line(t, "s3 cp "+file+" s3://photos/hello.txt")
	wantText(t, "s3 ls", machine.line(t, "s3 ls s3://photos"), "hello.txt")
	wantText(t, "instance list", keyhaven(t).run(t, "instance", "list", "--data", s.data), "web-1")
	keyhaven(t).run(t, "instance", "remove", "web-1", "--data", s.data)
	wantText(t, "a machine that is removed", machine.fails(t, machine.at([]string{"s3", "ls", "s3://photos"})...), "redentials")
}
