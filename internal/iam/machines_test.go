package iam_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lightsailsdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	lightsailtypes "github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/sts"
)

// fetch is what an SDK does on a machine.
func (r *rig) fetch(token string) (keys, int) {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.ctx, http.MethodGet, "/-/credentials", nil)
	req.Header.Set("Authorization", token)
	w := httptest.NewRecorder()
	sts.New(r.access, r.ids, sts.Options{}).Machines().ServeHTTP(w, req)
	var out struct{ AccessKeyID, SecretAccessKey, Token, Expiration string }
	check(r.t, json.Unmarshal(w.Body.Bytes(), &out))
	return keys{id: out.AccessKeyID, secret: out.SecretAccessKey, token: out.Token}, w.Code
}

func (r *rig) attach(k keys, machine, bucket string, access lightsailtypes.ResourceBucketAccess) error {
	_, err := r.lightsail(k).SetResourceAccessForBucket(r.ctx, &lightsailsdk.SetResourceAccessForBucketInput{BucketName: &bucket, ResourceName: &machine, Access: access})
	return err
}

// TestRES01_02_03_Machines: a registered machine fetches credentials, and uses
// the buckets that are open for it, from the moment that they are and as long.
func TestRES01_02_03_Machines(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	r.bucket("films")
	_, token, err := r.ids.RegisterInstance(r.ctx, account, region, "web-1")
	check(t, err)
	m, status := r.fetch(token.Reveal())
	if status != 200 || !strings.HasPrefix(m.id, "ASIA") {
		t.Fatalf("the machine is answered %d", status)
	}
	if arn, err := r.whoami(m); err != nil || !strings.HasPrefix(arn, "arn:aws:sts::111122223333:assumed-role/AmazonLightsailInstanceRole/i-") {
		t.Errorf("the machine is %s, %v", arn, err)
	}
	wantCode(t, "before", r.put(m, "photos", "a"), "AccessDenied")
	check(t, r.attach(r.root, "web-1", "photos", lightsailtypes.ResourceBucketAccessAllow)) // RES-01
	check(t, r.put(m, "photos", "a"))                                                       // RES-02
	check(t, r.get(m, "photos", "a"))
	wantCode(t, "another bucket", r.put(m, "films", "a"), "AccessDenied")
	got, err := r.lightsail(r.root).GetBuckets(r.ctx, &lightsailsdk.GetBucketsInput{BucketName: aws.String("photos"), IncludeConnectedResources: aws.Bool(true)})
	check(t, err)
	if in := got.Buckets[0].ResourcesReceivingAccess; len(in) != 1 || *in[0].Name != "web-1" || *in[0].ResourceType != "Instance" {
		t.Errorf("ResourcesReceivingAccess = %+v", in)
	}
	wantCode(t, "the machine at Lightsail", r.buckets(m), "AccessDeniedException")
	_, err = r.iam(m).ListUsers(r.ctx, nil)
	wantCode(t, "the machine at IAM", err, "InvalidClientTokenId")
	_, err = r.sts(m).GetSessionToken(r.ctx, nil)
	wantCode(t, "the machine wants a session", err, "AccessDenied")
	check(t, r.attach(r.root, "web-1", "photos", lightsailtypes.ResourceBucketAccessDeny)) // RES-03
	wantCode(t, "after", r.get(m, "photos", "a"), "AccessDenied")
	check(t, r.attach(r.root, "web-1", "photos", lightsailtypes.ResourceBucketAccessAllow))
	check(t, r.get(m, "photos", "a"))

	_, again, err := r.ids.RegisterInstance(r.ctx, account, region, "web-1")
	check(t, err)
	if _, status := r.fetch(token.Reveal()); status != 401 {
		t.Errorf("the old token is answered %d", status)
	}
	wantCode(t, "S11: credentials of the old token", r.get(m, "photos", "a"), "InvalidAccessKeyId")
	m, _ = r.fetch(again.Reveal())
	check(t, r.get(m, "photos", "a"))
	check(t, r.ids.RemoveInstance(r.ctx, account, "web-1"))
	wantCode(t, "S11: a machine that is removed", r.get(m, "photos", "a"), "InvalidAccessKeyId")
	for _, bad := range []string{"", "x", "khm1.", "khm1.i-1.", again.Reveal(), again.Reveal() + "x", strings.Replace(again.Reveal(), "i-", "AIDA", 1)} {
		if _, status := r.fetch(bad); status != 401 {
			t.Errorf("the token %q is answered %d", bad, status)
		}
	}
}

// TestRES04_RefusedMachines: of another region, of another account, or nobody's.
func TestRES04_RefusedMachines(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	_, _, err := r.ids.RegisterInstance(r.ctx, account, "eu-west-1", "far")
	check(t, err)
	_, _, err = r.ids.RegisterInstance(r.ctx, other, region, "stranger")
	check(t, err)
	for _, name := range []string{"far", "stranger", "nobody"} {
		wantCode(t, name, r.attach(r.root, name, "photos", lightsailtypes.ResourceBucketAccessAllow), "NotFoundException")
	}
	k := r.user("bob", allow("lightsail:GetBuckets", "*"))
	_, _, err = r.ids.RegisterInstance(r.ctx, account, region, "near")
	check(t, err)
	wantCode(t, "a user without permission", r.attach(k, "near", "photos", lightsailtypes.ResourceBucketAccessAllow), "AccessDeniedException")
	wantCode(t, "no access", r.attach(r.root, "near", "photos", "maybe"), "InvalidInputException")
	if _, _, err := r.ids.RegisterInstance(r.ctx, account, "eu-west-1", "near"); err == nil {
		t.Error("a name is registered in two regions")
	}
	for _, bad := range []string{"", "a", "-a", "a b"} {
		if _, _, err := r.ids.RegisterInstance(r.ctx, account, region, bad); err == nil {
			t.Errorf("RegisterInstance(%q) succeeds", bad)
		}
	}
}

// TestRES02_MachinesOfTheAPI: a machine that CreateInstances made has nothing until
// it is registered; then the API stops, starts, reboots and deletes it, each from
// the next request on.
func TestRES02_MachinesOfTheAPI(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	c := r.lightsail(r.root)
	name := aws.String("web-1")
	create := func(k keys) error {
		_, err := r.lightsail(k).CreateInstances(r.ctx, &lightsailsdk.CreateInstancesInput{
			InstanceNames: []string{"web-1"}, AvailabilityZone: aws.String(region + "a"), BlueprintId: aws.String("debian_12"), BundleId: aws.String("nano_3_0"),
		})
		return err
	}
	check(t, create(r.root))
	wantCode(t, "RES-04: pending", r.attach(r.root, "web-1", "photos", lightsailtypes.ResourceBucketAccessAllow), "InvalidInputException")
	made, token, err := r.ids.RegisterInstance(r.ctx, account, region, "web-1")
	check(t, err)
	if made.Zone != region+"a" || made.State != "running" {
		t.Errorf("registered: %+v", made)
	}
	check(t, r.attach(r.root, "web-1", "photos", lightsailtypes.ResourceBucketAccessAllow))
	m, _ := r.fetch(token.Reveal())
	check(t, r.put(m, "photos", "a"))

	_, err = c.StopInstance(r.ctx, &lightsailsdk.StopInstanceInput{InstanceName: name})
	check(t, err)
	wantCode(t, "stopped", r.get(m, "photos", "a"), "InvalidAccessKeyId")
	if _, status := r.fetch(token.Reveal()); status != 403 {
		t.Errorf("a stopped machine is answered %d", status)
	}
	_, err = c.StartInstance(r.ctx, &lightsailsdk.StartInstanceInput{InstanceName: name})
	check(t, err)
	check(t, r.get(m, "photos", "a"))

	_, err = c.RebootInstance(r.ctx, &lightsailsdk.RebootInstanceInput{InstanceName: name})
	check(t, err)
	wantCode(t, "from before the reboot", r.get(m, "photos", "a"), "InvalidAccessKeyId")
	m, _ = r.fetch(token.Reveal())
	check(t, r.get(m, "photos", "a"))

	_, err = c.DeleteInstance(r.ctx, &lightsailsdk.DeleteInstanceInput{InstanceName: name})
	check(t, err)
	wantCode(t, "deleted", r.get(m, "photos", "a"), "InvalidAccessKeyId")
	if _, status := r.fetch(token.Reveal()); status != 401 {
		t.Errorf("a deleted machine is answered %d", status)
	}
	check(t, create(r.root)) // another machine of the name has nothing of the old one's
	_, token, err = r.ids.RegisterInstance(r.ctx, account, region, "web-1")
	check(t, err)
	m, _ = r.fetch(token.Reveal())
	wantCode(t, "another machine", r.get(m, "photos", "a"), "AccessDenied")
	wantCode(t, "a machine makes machines", create(m), "AccessDeniedException")
}

// TestRegisterInstanceNames: registering keeps the rules that CreateInstances has.
func TestRegisterInstanceNames(t *testing.T) {
	r := newRig(t)
	r.bucket("photos")
	register := func(name string) error {
		_, _, err := r.ids.RegisterInstance(r.ctx, account, region, name)
		return err
	}
	check(t, register("web-1"))
	for _, name := range []string{"photos", "WEB-1"} {
		if err := register(name); !keyhaven.Is(err, keyhaven.AlreadyExists, keyhaven.NounInstance) {
			t.Errorf("registering %s: %v, want the name to be taken", name, err)
		}
	}
	for i := 1; i < identity.MaxInstances; i++ {
		check(t, register(fmt.Sprintf("m-%d", i)))
	}
	if err := register("one-more"); !keyhaven.Is(err, keyhaven.LimitExceeded, keyhaven.NounInstance) {
		t.Errorf("one machine too many: %v", err)
	}
	check(t, register("web-1")) // a new token for one that is there
}
