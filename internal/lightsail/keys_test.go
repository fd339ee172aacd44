package lightsail_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func TestKEY03_CreateAnswersIDSecretStatusAndTime(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	before := time.Now().Truncate(time.Millisecond)
	k := createKey(t, c, "abc-def")
	if aws.ToString(k.AccessKeyId) == "" || aws.ToString(k.SecretAccessKey) == "" || k.Status != types.StatusTypeActive {
		t.Errorf("key = %+v, want an id, a secret and Active", k)
	}
	if at := aws.ToTime(k.CreatedAt); at.Before(before) || at.After(time.Now()) {
		t.Errorf("createdAt = %v, want now", at)
	}
	if k.LastUsed != nil {
		t.Errorf("lastUsed = %+v in the answer of a create, want none (KEY-09)", k.LastUsed)
	}
}

func TestKEY05_SecretIsShownOnce(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	secret := *createKey(t, c, "abc-def").SecretAccessKey
	for _, op := range s.door.Operations() {
		if op == "CreateBucketAccessKey" {
			continue
		}
		w := s.post(t, root, "Lightsail_20161128."+op, `{"bucketName":"abc-def","resourceName":"abc-def","bundleId":"small_1_0"}`)
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s shows the secret", op)
		}
	}
	if strings.Contains(s.log.String(), secret) {
		t.Error("the log shows the secret")
	}
}

func TestKEY06_KeysAreListed(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	for n := range 3 {
		keys := bucketKeys(t, c, "abc-def")
		if len(keys) != n {
			t.Fatalf("%d keys, want %d", len(keys), n)
		}
		for _, k := range keys {
			if k.SecretAccessKey != nil || k.Status != types.StatusTypeActive {
				t.Errorf("listed key = %+v, want no secret and Active (KEY-05, KEY-21)", k)
			}
		}
		if n < 2 {
			createKey(t, c, "abc-def")
		}
	}
}

func TestKEY07_ThirdKeyRefused(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	first := createKey(t, c, "abc-def")
	createKey(t, c, "abc-def")
	_, err := c.CreateBucketAccessKey(t.Context(), &sdk.CreateBucketAccessKeyInput{BucketName: aws.String("abc-def")})
	wantError(t, err, "InvalidInputException")
	must(c.DeleteBucketAccessKey(t.Context(), &sdk.DeleteBucketAccessKeyInput{
		BucketName: aws.String("abc-def"), AccessKeyId: first.AccessKeyId,
	}))(t)
	createKey(t, c, "abc-def")
}

func TestKEY08_FormsOfIDAndSecret(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	k := createKey(t, c, "abc-def")
	if id := *k.AccessKeyId; !regexp.MustCompile(`^AKIA[A-Z0-9]{16}$`).MatchString(id) {
		t.Errorf("id = %q, want AKIA and 16 of A-Z0-9", id)
	}
	if secret := *k.SecretAccessKey; !regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`).MatchString(secret) {
		t.Errorf("the secret has %d characters, want 40 of A-Za-z0-9/+", len(secret))
	}
}

func TestKEY09_UnusedKeyReportsNA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := s.client(root, "us-east-2")
		createBucket(t, c, "abc-def")
		k := createKey(t, c, "abc-def")
		u := bucketKeys(t, c, "abc-def")[0].LastUsed
		if u == nil || aws.ToString(u.Region) != "N/A" || aws.ToString(u.ServiceName) != "N/A" || u.LastUsedDate != nil {
			t.Errorf("lastUsed of an unused key = %+v, want N/A and no date", u)
		}
		time.Sleep(time.Hour)
		_, err := s.client(keyPair{*k.AccessKeyId, *k.SecretAccessKey}, "eu-west-3").GetBuckets(t.Context(), nil)
		wantError(t, err, "AccessDeniedException")
		u = bucketKeys(t, c, "abc-def")[0].LastUsed
		if aws.ToString(u.Region) != "eu-west-3" || aws.ToString(u.ServiceName) != "lightsail" || !aws.ToTime(u.LastUsedDate).Equal(time.Now()) {
			t.Errorf("lastUsed after a use = %v %v %v", u.LastUsedDate, *u.Region, *u.ServiceName)
		}
	})
}

func TestKEY12_DeletedKeyIsGone(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	createBucket(t, c, "other")
	k := createKey(t, c, "abc-def")
	_, err := c.DeleteBucketAccessKey(t.Context(), &sdk.DeleteBucketAccessKeyInput{BucketName: aws.String("other"), AccessKeyId: k.AccessKeyId})
	wantError(t, err, "NotFoundException")

	in := &sdk.DeleteBucketAccessKeyInput{BucketName: aws.String("abc-def"), AccessKeyId: k.AccessKeyId}
	out := must(c.DeleteBucketAccessKey(t.Context(), in))(t)
	if len(out.Operations) != 1 || out.Operations[0].OperationType != types.OperationTypeDeleteBucketAccessKey {
		t.Errorf("operations = %+v", out.Operations)
	}
	if keys := bucketKeys(t, c, "abc-def"); len(keys) != 0 {
		t.Errorf("%d keys are left", len(keys))
	}
	_, err = s.client(keyPair{*k.AccessKeyId, *k.SecretAccessKey}, "us-east-2").GetBuckets(t.Context(), nil)
	wantError(t, err, "UnrecognizedClientException")
	_, err = c.DeleteBucketAccessKey(t.Context(), in)
	wantError(t, err, "NotFoundException")
}

func TestKEY19_KeyCannotCallLightsail(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	k := createKey(t, c, "abc-def")
	for _, op := range s.door.Operations() {
		w := s.post(t, keyPair{*k.AccessKeyId, *k.SecretAccessKey}, "Lightsail_20161128."+op, `{"bucketName":"abc-def"}`)
		if got := w.Header().Get("X-Amzn-ErrorType"); got != "AccessDeniedException" {
			t.Errorf("%s with a bucket key = %d %s, want AccessDeniedException", op, w.Code, got)
		}
	}
}

func TestKEY21_StatusIsReported(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	createKey(t, c, "abc-def")
	if got := bucketKeys(t, c, "abc-def")[0].Status; got != types.StatusTypeActive {
		t.Errorf("status = %q, want Active", got)
	}
}

func TestKEY23_MissingBucket(t *testing.T) {
	_, err := newServer(t).client(root, "us-east-2").CreateBucketAccessKey(t.Context(), &sdk.CreateBucketAccessKeyInput{BucketName: aws.String("nope")})
	wantError(t, err, "NotFoundException")
}

func TestKEY24_OperationOfCreate(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	out := must(c.CreateBucketAccessKey(t.Context(), &sdk.CreateBucketAccessKeyInput{BucketName: aws.String("abc-def")}))(t)
	if len(out.Operations) != 1 || out.Operations[0].OperationType != types.OperationTypeCreateBucketAccessKey || aws.ToString(out.Operations[0].ResourceName) != "abc-def" {
		t.Fatalf("operations = %+v", out.Operations)
	}
	got := must(c.GetOperation(t.Context(), &sdk.GetOperationInput{OperationId: out.Operations[0].Id}))(t)
	if got.Operation.Status != types.OperationStatusSucceeded || !aws.ToBool(got.Operation.IsTerminal) {
		t.Errorf("GetOperation = %+v, want a terminal success", got.Operation)
	}
}

func TestKEY25_InvalidBucketName(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"", "ab", "Abc", "a_b", "-ab", "ab-", "a..b", strings.Repeat("a", 64), strings.Repeat("a", 1<<19), "\x00\x01\x02", "é-é-é"} {
		_, err := s.client(root, "us-east-2").CreateBucketAccessKey(t.Context(), &sdk.CreateBucketAccessKeyInput{BucketName: aws.String(name)})
		wantError(t, err, "InvalidInputException")
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("the error repeats %d bytes", len(err.Error()))
		}
	}
}

func TestKEY27_UnsignedAndBadSignatures(t *testing.T) {
	s := newServer(t)
	for _, tt := range []struct {
		key  keyPair
		want string
	}{
		{keyPair{root.id, "wrong"}, "InvalidSignatureException"},
		{keyPair{"AKIAUNKNOWNUNKNOWNUN", "x"}, "UnrecognizedClientException"},
	} {
		_, err := s.client(tt.key, "us-east-2").GetBuckets(t.Context(), nil)
		wantError(t, err, tt.want)
	}
	w := s.unsigned(t, "Lightsail_20161128.GetBuckets", "{}")
	if got := w.Header().Get("X-Amzn-ErrorType"); w.Code != 400 || got != "MissingAuthenticationTokenException" {
		t.Errorf("unsigned = %d %s", w.Code, got)
	}
}
