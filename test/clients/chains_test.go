//go:build e2e

package clients

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven/internal/webidentity/oidctest"
)

// chain is a place where an SDK looks for credentials by itself.
type chain struct {
	name string
	env  []string
	arn  string // of who it is, in part
	sts  bool   // the SDK calls STS on its own
}

// TestCredentialChains: SDKs find credentials in their usual places, with nothing
// told to them but the endpoint: keys in the environment and in a file, a
// profile that assumes a role, a web identity, and a container's.
func TestCredentialChains(t *testing.T) {
	s, chains := startChains(t)
	for _, c := range []struct {
		name string
		old  bool // knows no AWS_ENDPOINT_URL, and so no STS but Amazon's for its chain
		who  func(t *testing.T, env []string) string
	}{
		{"go", false, s.whoGo},
		{"js", false, s.whoScript("node", "js/whoami.mjs")},
		{"boto3", true, s.whoScript("/usr/bin/python3", "testdata/whoami.py")},
		{"aws-cli", true, s.whoScript("/bin/sh", "testdata/whoami.sh")},
		{"boto3-current", false, s.whoScript(venv("python"), "testdata/whoami.py")},
		{"aws-cli-current", false, s.whoScript("/bin/sh", "testdata/whoami.sh", "PATH="+venv("")+":/usr/bin:/bin")},
	} {
		if strings.HasSuffix(c.name, "-current") && !hasCurrent() {
			continue
		}
		for _, at := range chains {
			if c.old && (at.sts || at.name == "container-token-file" && c.name == "boto3") {
				continue
			}
			t.Run(c.name+"/"+at.name, func(t *testing.T) {
				env := append([]string{"AWS_ENDPOINT_URL=" + s.endpoint, "AWS_ENDPOINT_URL_STS=" + s.endpoint, "ENDPOINT=" + s.endpoint,
					"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
					"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null"}, at.env...)
				out := c.who(t, env)
				wantText(t, "who calls, and what is in the bucket", out, at.arn, "hello.txt")
			})
		}
	}
}

// startChains starts a server with a user, a role for the user, one for tokens of
// an issuer, and a machine, each of whom may read the bucket chains.
func startChains(t *testing.T) (*server, []chain) {
	t.Helper()
	issuer := oidctest.New(t)
	home := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(home, name)
		check(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Certificate().Raw})))
	s := newServer(t, "--oidc-private")
	s.direct = true // its roots are the issuer's alone
	s.env = []string{"SSL_CERT_FILE=" + ca}
	s.start()
	s.putHello(t, s.newBucket(t, "chains"))
	account := s.account(t)
	key, provider := s.chainPeople(t, account, issuer.URL)
	out := keyhaven(t).run(t, "instance", "register", "web-1", "--data", s.data)
	_, enrolment, ok := strings.Cut(out, "AWS_CONTAINER_AUTHORIZATION_TOKEN=")
	if !ok || provider == "" {
		t.Fatalf("instance register printed %s", out)
	}
	enrolment = strings.TrimSpace(enrolment)
	s.remember(enrolment)
	newAWSCLI(t, s, "debian").as(s.root).line(t, "lightsail set-resource-access-for-bucket --resource-name web-1 --bucket-name chains --access allow")

	pair := "aws_access_key_id = " + key.id + "\naws_secret_access_key = " + key.secret + "\n"
	role := "arn:aws:iam::" + account + ":role/"
	token := file("token", issuer.Token(issuer.Key, nil))
	profiles := file("config", "[profile base]\n"+pair+
		"[profile user]\nrole_arn = "+role+"by-user\nsource_profile = base\nrole_session_name = chain\n"+
		"[profile token]\nrole_arn = "+role+"by-token\nweb_identity_token_file = "+token+"\n")
	profile := func(name string) []string {
		return []string{"AWS_CONFIG_FILE=" + profiles, "AWS_PROFILE=" + name}
	}
	user, assumed := "arn:aws:iam::"+account+":user/ci", "arn:aws:sts::"+account+":assumed-role/"
	return s, []chain{
		{"environment", []string{"AWS_ACCESS_KEY_ID=" + key.id, "AWS_SECRET_ACCESS_KEY=" + key.secret}, user, false},
		{"shared-credentials", []string{"AWS_SHARED_CREDENTIALS_FILE=" + file("credentials", "[default]\n"+pair)}, user, false},
		{"profile", profile("base"), user, false},
		{"assume-role", profile("user"), assumed + "by-user/chain", true},
		{"web-identity-profile", profile("token"), assumed + "by-token/", true},
		{"web-identity", []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + token, "AWS_ROLE_ARN=" + role + "by-token", "AWS_ROLE_SESSION_NAME=pod"}, assumed + "by-token/pod", true},
		{"container", []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + s.loopback() + "/-/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + enrolment}, assumed + "AmazonLightsailInstanceRole/i-", false},
		{"container-token-file", []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + s.loopback() + "/-/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + file("enrolment", enrolment)}, assumed + "AmazonLightsailInstanceRole/i-", false},
	}
}

// chainPeople makes the user ci with a key and the roles by-user and by-token.
func (s *server) chainPeople(t *testing.T, account, issuer string) (key accessKey, provider string) {
	t.Helper()
	ctx := t.Context()
	admin := iam.NewFromConfig(s.config(), func(o *iam.Options) { o.BaseEndpoint = &s.endpoint })
	_, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ci")})
	check(t, err)
	read := aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
	_, err = admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ci"), PolicyArn: read})
	check(t, err)
	made, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("ci")})
	check(t, err)
	s.remember(*made.AccessKey.SecretAccessKey)
	open, err := admin.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"sts.test"}})
	check(t, err)
	for name, trust := range map[string]string{
		"by-user":  `{"AWS":"arn:aws:iam::` + account + `:user/ci"},"Action":"sts:AssumeRole"`,
		"by-token": `{"Federated":"` + *open.OpenIDConnectProviderArn + `"},"Action":"sts:AssumeRoleWithWebIdentity"`,
	} {
		_, err = admin.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + trust + `}]}`)})
		check(t, err)
		_, err = admin.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: read})
		check(t, err)
	}
	return accessKey{*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey}, *open.OpenIDConnectProviderArn
}

// whoGo asks by the Go SDK, which reads the environment of this process.
func (s *server) whoGo(t *testing.T, env []string) string {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	check(t, err)
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	check(t, err)
	list, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("chains")})
	check(t, err)
	for _, o := range list.Contents {
		*who.Arn += " " + *o.Key
	}
	return *who.Arn
}

// whoScript asks by a script.
func (s *server) whoScript(interpreter, script string, more ...string) func(*testing.T, []string) string {
	return func(t *testing.T, env []string) string {
		path, err := filepath.Abs(script)
		check(t, err)
		return installed(t, interpreter).with(env...).with(more...).with(s.awsEnv()...).run(t, path)
	}
}

func (s *server) putHello(t *testing.T, key accessKey) {
	t.Helper()
	_, err := s.s3(key).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("chains"), Key: aws.String("hello.txt"), Body: strings.NewReader("hello")})
	check(t, err)
}
