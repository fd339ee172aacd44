package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven"
)

// minioPath is the path of everything that comes from MinIO.
const minioPath = "/minio/"

// MinIOOptions say how settings are taken over.
type MinIOOptions struct {
	// RootUser is the name of MinIO's root, whose service accounts are those of
	// nobody in the archive; "" when there are none.
	RootUser string
	DryRun   bool // change nothing
	Line     func(string)
}

// MinIODone counts what was taken over.
type MinIODone struct{ Made, Present, Failed int }

// ImportMinIO makes of MinIO's settings policies, groups, and users with the keys
// that their clients have: a user for each user and each service account. What is
// there already stays; what cannot be said here is told of by Line, and nobody gets
// more for it. The error is of ctx or of the server as a whole.
func ImportMinIO(ctx context.Context, to Endpoint, s *MinIOSettings, opts MinIOOptions) (MinIODone, error) {
	if to.HTTP == nil {
		to.HTTP = http.DefaultClient
	}
	im := &minioImport{ctx: ctx, to: to, s: s, opts: opts, arns: map[string]string{}, iam: iam.New(iam.Options{
		Region: to.Region, Credentials: to.credentials(), RetryMaxAttempts: attempts, BaseEndpoint: &to.URL, HTTPClient: to.HTTP, AppID: to.App,
	})}
	who, err := sts.New(sts.Options{
		Region: to.Region, Credentials: to.credentials(), RetryMaxAttempts: attempts, BaseEndpoint: &to.URL, HTTPClient: to.HTTP, AppID: to.App,
	}).GetCallerIdentity(ctx, nil)
	if err != nil {
		return im.done, err
	}
	im.account = *who.Account
	im.policies()
	im.groups()
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		im.user(name)
	}
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		im.serviceAccount(id)
	}
	return im.done, ctx.Err()
}

type minioImport struct {
	ctx     context.Context
	to      Endpoint
	iam     *iam.Client
	account string
	s       *MinIOSettings
	opts    MinIOOptions
	arns    map[string]string // of the policies that stand here
	done    MinIODone
}

func (im *minioImport) say(format string, args ...any) { im.opts.Line(fmt.Sprintf(format, args...)) }

// do makes one thing, and reports whether it is there now. own looks at one that
// was there before, and returns whether it comes from here. It is nil for what ties
// things together, which does no harm a second time and is not counted.
func (im *minioImport) do(what string, make func() error, own func() (bool, error)) bool {
	if im.ctx.Err() != nil {
		return false
	}
	if im.opts.DryRun {
		im.say("would make %s", what)
		im.done.Made++
		return true
	}
	switch err := make(); {
	case err == nil && own == nil:
		return true
	case err == nil:
		im.done.Made++
		return true
	case own != nil && hasCode(err, "EntityAlreadyExists", "AlreadyExistsException"):
		return im.present(what, own)
	default:
		im.fail(what, err)
		return false
	}
}

// present reports whether what is there already comes from here.
func (im *minioImport) present(what string, own func() (bool, error)) bool {
	mine, err := own()
	if err == nil && !mine {
		err = fmt.Errorf("there is another of this name")
	}
	if err != nil {
		im.fail(what, err)
		return false
	}
	im.done.Present++
	return true
}

func (im *minioImport) fail(what string, err error) {
	im.done.Failed++
	im.say("failed: %s: %v", what, err)
}

// policies makes the policies.
func (im *minioImport) policies() {
	for _, name := range slices.Sorted(maps.Keys(im.s.policies)) {
		im.policy(name, im.s.policies[name])
	}
}

// policy makes a policy and remembers its ARN: "" for one that says nothing here.
func (im *minioImport) policy(name string, raw json.RawMessage) (ok bool) {
	what := "policy " + name
	doc, left, err := convertPolicy(raw)
	if err != nil {
		im.fail(what, err)
		return false
	}
	if len(left) > 0 {
		im.say("note: %s without %s, which are MinIO's own", what, strings.Join(left, ", "))
	}
	if doc == "" {
		im.arns[name] = ""
		return true
	}
	arn := "arn:aws:iam::" + im.account + ":policy" + minioPath + name
	ok = im.do(what, func() error {
		_, err := im.iam.CreatePolicy(im.ctx, &iam.CreatePolicyInput{PolicyName: &name, Path: aws.String(minioPath), PolicyDocument: &doc})
		return err
	}, func() (bool, error) {
		_, err := im.iam.GetPolicy(im.ctx, &iam.GetPolicyInput{PolicyArn: &arn})
		return !hasCode(err, "NoSuchEntity"), err
	})
	if ok {
		im.arns[name] = arn
	}
	return ok
}

// attachable are the ARNs of policies. All or none: what is missing may deny.
func (im *minioImport) attachable(who string, names []string) []string {
	var arns []string
	for _, name := range names {
		arn, ok := im.arns[name]
		if !ok {
			im.fail(who, fmt.Errorf("the policy %s is not here, so no policy is attached: decide by hand", name))
			return nil
		}
		if arn != "" {
			arns = append(arns, arn)
		}
	}
	return arns
}

func (im *minioImport) groups() {
	for _, name := range slices.Sorted(maps.Keys(im.s.groups)) {
		what := "group " + name
		made := im.do(what, func() error {
			_, err := im.iam.CreateGroup(im.ctx, &iam.CreateGroupInput{GroupName: &name, Path: aws.String(minioPath)})
			return err
		}, func() (bool, error) {
			g, err := im.iam.GetGroup(im.ctx, &iam.GetGroupInput{GroupName: &name})
			return err == nil && *g.Group.Path == minioPath, err
		})
		if !made {
			continue
		}
		if im.s.groups[name].Status == "disabled" {
			im.say("note: %s is disabled: it has no policies here", what)
			continue
		}
		for _, arn := range im.attachable(what, split(im.s.groupMap[name].Policy)) {
			im.do(what+": policy", func() error {
				_, err := im.iam.AttachGroupPolicy(im.ctx, &iam.AttachGroupPolicyInput{GroupName: &name, PolicyArn: &arn})
				return err
			}, nil)
		}
	}
}

// person is a user to make.
type person struct {
	name     string // and the id of the key
	secret   keyhaven.Secret
	note     string
	title    string
	expires  time.Time
	inactive bool
	boundary string
	tags     []iamtypes.Tag
	policies []string // ARNs
	groups   []string
}

func (im *minioImport) user(name string) {
	u := im.s.users[name]
	im.person(person{
		name: name, secret: u.Secret, inactive: u.Status == "disabled", note: "from MinIO",
		policies: im.attachable("user "+name, im.policiesOf(name)), groups: im.groupsOf(name),
	})
}

func (im *minioImport) policiesOf(user string) []string {
	return split(im.s.users[user].Policy + "," + im.s.userMap[user].Policy)
}

func (im *minioImport) groupsOf(user string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(im.s.groups)) {
		if slices.Contains(im.s.groups[name].Members, user) {
			names = append(names, name)
		}
	}
	return names
}

// serviceAccount makes a user of a service account: with all that its parent has,
// and its own policy for a boundary.
func (im *minioImport) serviceAccount(id string) {
	a := im.s.accounts[id]
	what := "service account " + id
	_, known := im.s.users[a.Parent]
	root := a.Parent != "" && a.Parent == im.opts.RootUser
	if !known && !root {
		im.fail(what, fmt.Errorf("its parent %q is no user in the archive (the root's are taken with --root-user)", a.Parent))
		return
	}
	p := person{
		name: id, secret: a.Secret, inactive: a.Status == "off" || a.Status == "disabled", expires: a.Expiration, title: a.Name, note: a.Description,
		tags: []iamtypes.Tag{{Key: aws.String("minio-parent"), Value: &a.Parent}},
	}
	p.title = strings.TrimSpace(p.title)
	own, ok := im.sessionPolicy(what, id, a.SessionPolicy)
	if !ok {
		return
	}
	switch {
	case known:
		p.policies, p.groups, p.boundary = im.attachable(what, im.policiesOf(a.Parent)), im.groupsOf(a.Parent), own
	case own != "":
		p.policies = []string{own}
	default:
		p.policies = []string{"arn:aws:iam::aws:policy/AmazonS3FullAccess"}
	}
	im.person(p)
}

// sessionPolicy makes the policy that a service account has of its own, and returns
// its ARN: "" where it has none.
func (im *minioImport) sessionPolicy(what, id string, raw json.RawMessage) (arn string, ok bool) {
	var doc struct{ Statement []json.RawMessage }
	if len(raw) == 0 || json.Unmarshal(raw, &doc) == nil && len(doc.Statement) == 0 {
		return "", true
	}
	name := "service-account-" + id
	if !im.policy(name, raw) {
		return "", false
	}
	if arn = im.arns[name]; arn == "" {
		im.fail(what, fmt.Errorf("its policy says nothing of S3, so it is not made"))
		return "", false
	}
	return arn, true
}

// person makes a user, then its key, and gives it rights in the end.
func (im *minioImport) person(p person) {
	what := "user " + p.name
	made := im.do(what, func() error {
		in := &iam.CreateUserInput{UserName: &p.name, Path: aws.String(minioPath), Tags: p.tags}
		if p.boundary != "" {
			in.PermissionsBoundary = &p.boundary
		}
		_, err := im.iam.CreateUser(im.ctx, in)
		return err
	}, func() (bool, error) {
		u, err := im.iam.GetUser(im.ctx, &iam.GetUserInput{UserName: &p.name})
		return err == nil && *u.User.Path == minioPath, err
	})
	if !made || !im.do(what+": key", func() error { return im.importKey(p) }, func() (bool, error) {
		u, err := im.iam.GetAccessKeyLastUsed(im.ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &p.name})
		return err == nil && aws.ToString(u.UserName) == p.name, err
	}) {
		return
	}
	if p.inactive && !im.opts.DryRun {
		_, err := im.iam.UpdateAccessKey(im.ctx, &iam.UpdateAccessKeyInput{UserName: &p.name, AccessKeyId: &p.name, Status: iamtypes.StatusTypeInactive})
		if err != nil {
			im.fail(what+": its key should be inactive", err)
			return
		}
	}
	for _, arn := range p.policies {
		im.do(what+": policy", func() error {
			_, err := im.iam.AttachUserPolicy(im.ctx, &iam.AttachUserPolicyInput{UserName: &p.name, PolicyArn: &arn})
			return err
		}, nil)
	}
	for _, group := range p.groups {
		im.do(what+": group "+group, func() error {
			_, err := im.iam.AddUserToGroup(im.ctx, &iam.AddUserToGroupInput{UserName: &p.name, GroupName: &group})
			return err
		}, nil)
	}
}

// importKey calls ImportAccessKey of Keyhaven's own API.
func (im *minioImport) importKey(p person) error {
	in := map[string]any{"userName": p.name, "accessKeyId": p.name, "secretAccessKey": p.secret.Reveal(), "name": cut(p.title, keyhaven.MaxKeyName), "note": cut(p.note, keyhaven.MaxKeyNote)}
	if !p.expires.IsZero() {
		in["expiresAt"] = p.expires.Unix()
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(im.ctx, http.MethodPost, im.to.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "Keyhaven_20261201.ImportAccessKey")
	if im.to.App != "" {
		req.Header.Set("User-Agent", "app/"+im.to.App)
	}
	creds, err := im.to.credentials().Retrieve(im.ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(im.ctx, creds, req, hex.EncodeToString(hash[:]), "keyhaven", im.to.Region, time.Now()); err != nil {
		return err
	}
	resp, err := im.to.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || resp.StatusCode == http.StatusOK {
		return err
	}
	var e apiError
	if json.Unmarshal(answer, &e) != nil {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	return &e
}

// cut keeps the first n characters of one line.
func cut(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	return string(r[:min(n, len(r))])
}
