package lightsail_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keyhaven/keyhaven/internal/bucket"
)

func TestBKT02_CreateBucket(t *testing.T) {
	s := newServer(t)
	out := must(s.client(root, "us-east-2").CreateBucket(t.Context(), &sdk.CreateBucketInput{
		BucketName: aws.String("abc-def"), BundleId: aws.String("small_1_0"),
	}))(t)
	b := out.Bucket
	if aws.ToString(b.Name) != "abc-def" || aws.ToString(b.BundleId) != "small_1_0" || aws.ToString(b.ObjectVersioning) != "NeverEnabled" ||
		b.AccessRules.GetObject != types.AccessTypePrivate || aws.ToBool(b.AccessRules.AllowPublicOverrides) || !aws.ToBool(b.AbleToUpdateBundle) {
		t.Errorf("a new bucket = %+v", b)
	}
	if len(out.Operations) != 1 || out.Operations[0].OperationType != types.OperationTypeCreateBucket {
		t.Errorf("operations = %+v", out.Operations)
	}
}

func TestBKT03_CreateWithTagsAndVersioning(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("c")}}
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{
		BucketName: aws.String("abc-def"), BundleId: aws.String("small_1_0"), Tags: tags, EnableObjectVersioning: aws.Bool(true),
	}))(t)
	b := getBucket(t, c, "abc-def")
	if d := cmp.Diff(tags, b.Tags, cmpopts.IgnoreUnexported(types.Tag{})); d != "" || aws.ToString(b.ObjectVersioning) != "Enabled" {
		t.Errorf("versioning %q, tags (-want +got):\n%s", *b.ObjectVersioning, d)
	}
}

func TestBKT04_NamingRules(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	for _, name := range []string{"doc.example.bucket", "doc--example--bucket", "doc-example-bucket-", "-doc", "Doc", "ab", strings.Repeat("a", 55), "a_b"} {
		_, err := c.CreateBucket(t.Context(), &sdk.CreateBucketInput{BucketName: aws.String(name), BundleId: aws.String("small_1_0")})
		wantError(t, err, "InvalidInputException")
	}
	for _, name := range []string{"docexamplebucket1", "log-delivery-march-2020", "abc", strings.Repeat("a", 54)} {
		createBucket(t, c, name)
	}
}

func TestBKT05_NamesAreUniqueAcrossAccounts(t *testing.T) {
	s := newServer(t)
	own, other := s.client(root, "us-east-2"), s.client(otherRoot, "eu-west-1")
	createBucket(t, own, "abc-def")
	in := &sdk.CreateBucketInput{BucketName: aws.String("abc-def"), BundleId: aws.String("small_1_0")}
	for _, c := range []*sdk.Client{own, other} {
		_, err := c.CreateBucket(t.Context(), in)
		wantError(t, err, "InvalidInputException")
	}
	must(own.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("abc-def")}))(t)
	must(other.CreateBucket(t.Context(), in))(t)
}

func TestBKT07_ListAndGet(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	for _, name := range []string{"b-2", "b-1", "b-3"} {
		createBucket(t, c, name)
	}
	out := must(c.GetBuckets(t.Context(), nil))(t)
	var names []string
	for _, b := range out.Buckets {
		names = append(names, *b.Name)
	}
	if d := cmp.Diff([]string{"b-1", "b-2", "b-3"}, names); d != "" {
		t.Errorf("GetBuckets (-want +got):\n%s", d)
	}
	if sync := out.AccountLevelBpaSync; sync.Status != types.AccountLevelBpaSyncStatusInSync || aws.ToBool(sync.BpaImpactsLightsail) || sync.LastSyncedAt == nil {
		t.Errorf("accountLevelBpaSync = %+v (PERM-13)", sync)
	}
	_, err := c.GetBuckets(t.Context(), &sdk.GetBucketsInput{BucketName: aws.String("nope")})
	wantError(t, err, "NotFoundException")
}

func TestBKT08_Details(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	b := getBucket(t, c, "abc-def")
	if !strings.HasPrefix(aws.ToString(b.Arn), "arn:aws:lightsail:us-east-2:"+string(ownAccount)+":Bucket/") {
		t.Errorf("arn = %q", *b.Arn)
	}
	if got, want := aws.ToString(b.Url), "http://abc-def.localhost:9000"; got != want {
		t.Errorf("url = %q, want %q", got, want)
	}
	if b.Location == nil || aws.ToString(b.Location.AvailabilityZone) != "all" || b.Location.RegionName != types.RegionNameUsEast2 {
		t.Errorf("location = %+v", b.Location)
	}
	if !strings.HasPrefix(aws.ToString(b.SupportCode), string(ownAccount)+"/") || aws.ToString(b.State.Code) != "OK" || b.Tags == nil || aws.ToString(b.ResourceType) != "Bucket" {
		t.Errorf("supportCode %q, state %q, tags %v, type %q", *b.SupportCode, *b.State.Code, b.Tags, *b.ResourceType)
	}
}

func TestBKT10_DeleteEmptyBucket(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	in := &sdk.DeleteBucketInput{BucketName: aws.String("abc-def")}
	must(c.DeleteBucket(t.Context(), in))(t)
	_, err := c.GetBuckets(t.Context(), &sdk.GetBucketsInput{BucketName: in.BucketName})
	wantError(t, err, "NotFoundException")
	_, err = c.DeleteBucket(t.Context(), in)
	wantError(t, err, "NotFoundException")
}

func TestBKT11_BKT12_DeleteWithKeysNeedsForce(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	createKey(t, c, "abc-def")
	_, err := c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("abc-def")})
	wantError(t, err, "InvalidInputException")
	if err == nil || !strings.Contains(err.Error(), "access keys") {
		t.Errorf("error = %v, want what is left named", err)
	}
	must(c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: aws.String("abc-def"), ForceDelete: aws.Bool(true)}))(t)
}

// A bucket that S3 made may have a name that Lightsail would not give.
func TestBucketsMadeByS3CanBeManaged(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	if _, _, err := s.buckets.Create(t.Context(), bucket.CreateInput{Account: ownAccount, Region: "us-east-2", Name: "my.bucket--1"}); err != nil {
		t.Fatal(err)
	}
	createKey(t, c, "my.bucket--1")
	if got := getBucket(t, c, "my.bucket--1"); aws.ToString(got.BundleId) != "small_1_0" {
		t.Errorf("bundleId = %q", *got.BundleId)
	}
	must(c.TagResource(t.Context(), &sdk.TagResourceInput{
		ResourceName: aws.String("my.bucket--1"), Tags: []types.Tag{{Key: aws.String("a")}},
	}))(t)
}

func TestPLAN01_PLAN02_Bundles(t *testing.T) {
	s := newServer(t)
	for _, inactive := range []bool{false, true} {
		out := must(s.client(root, "us-east-2").GetBucketBundles(t.Context(), &sdk.GetBucketBundlesInput{IncludeInactive: &inactive}))(t)
		var got []string
		for _, b := range out.Bundles {
			got = append(got, fmt.Sprintf("%s $%.2f %d %d", *b.BundleId, *b.Price, *b.StoragePerMonthInGb, *b.TransferPerMonthInGb))
		}
		if d := cmp.Diff([]string{"small_1_0 $1.00 5 25", "medium_1_0 $3.00 100 250", "large_1_0 $5.00 250 500"}, got); d != "" {
			t.Errorf("bundles, inactive %v (-want +got):\n%s", inactive, d)
		}
	}
}

func TestPLAN03_PLAN04_PlanChangesOnceAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t).client(root, "us-east-2")
		createBucket(t, c, "abc-def")
		change := func(id string) error {
			_, err := c.UpdateBucketBundle(t.Context(), &sdk.UpdateBucketBundleInput{BucketName: aws.String("abc-def"), BundleId: aws.String(id)})
			return err
		}
		if err := change("medium_1_0"); err != nil {
			t.Fatalf("the first change: %v", err)
		}
		if b := getBucket(t, c, "abc-def"); *b.BundleId != "medium_1_0" || aws.ToBool(b.AbleToUpdateBundle) {
			t.Errorf("after the change: %s, able to change again: %v", *b.BundleId, *b.AbleToUpdateBundle)
		}
		wantError(t, change("large_1_0"), "InvalidInputException")
		time.Sleep(31 * 24 * time.Hour) // from the first of January to that of February
		if b := getBucket(t, c, "abc-def"); !aws.ToBool(b.AbleToUpdateBundle) {
			t.Error("the plan cannot change in the next month")
		}
		if err := change("large_1_0"); err != nil {
			t.Errorf("the change of the next month: %v", err)
		}
	})
}

func TestTAG01_TAG02_TAG03_TagAndUntag(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	b := createBucket(t, c, "abc-def")
	out := must(c.TagResource(t.Context(), &sdk.TagResourceInput{
		ResourceName: b.Name, ResourceArn: b.Arn,
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("only")}, {Key: aws.String("gone"), Value: aws.String("")}},
	}))(t)
	if len(out.Operations) != 1 || *out.Operations[0].ResourceName != "abc-def" {
		t.Errorf("operations = %+v", out.Operations)
	}
	must(c.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceName: b.Name, TagKeys: []string{"gone", "never"}}))(t)
	want := []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("only")}}
	if d := cmp.Diff(want, getBucket(t, c, "abc-def").Tags, cmpopts.IgnoreUnexported(types.Tag{})); d != "" {
		t.Errorf("tags (-want +got):\n%s", d)
	}
}

func TestTAG04_Limits(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	b := createBucket(t, c, "abc-def")
	tag := func(tags ...types.Tag) error {
		_, err := c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceName: b.Name, Tags: tags})
		return err
	}
	var fifty []types.Tag
	for i := range 50 {
		fifty = append(fifty, types.Tag{Key: aws.String(fmt.Sprintf("%s%02d", strings.Repeat("é", 126), i)), Value: aws.String(strings.Repeat("v", 256))})
	}
	if err := tag(fifty...); err != nil {
		t.Fatalf("50 tags of the greatest size: %v", err)
	}
	if err := tag(fifty[0]); err != nil {
		t.Errorf("one of them again: %v", err)
	}
	wantError(t, tag(types.Tag{Key: aws.String("51st")}), "InvalidInputException")
	wantError(t, tag(types.Tag{Key: aws.String(strings.Repeat("k", 129))}), "InvalidInputException")
	wantError(t, tag(types.Tag{Key: aws.String("k"), Value: aws.String(strings.Repeat("v", 257))}), "InvalidInputException")
	wantError(t, tag(types.Tag{Key: aws.String("aws:k")}), "InvalidInputException")
}

func TestACC03_ACC04_Regions(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	for _, zones := range []bool{false, true} {
		out := must(c.GetRegions(t.Context(), &sdk.GetRegionsInput{IncludeAvailabilityZones: &zones}))(t)
		if len(out.Regions) != 17 || out.Regions[1].Name != types.RegionNameUsEast2 || aws.ToString(out.Regions[1].DisplayName) != "Ohio" {
			t.Fatalf("%d regions, the second %+v", len(out.Regions), out.Regions[1])
		}
		for _, r := range out.Regions {
			if got := len(r.AvailabilityZones) > 0; got != zones || r.AvailabilityZones == nil || len(r.RelationalDatabaseAvailabilityZones) != 0 {
				t.Errorf("zones of %s = %+v, asked: %v", r.Name, r.AvailabilityZones, zones)
			}
		}
	}
}

func TestACC05_RegionsAreSeparate(t *testing.T) {
	s := newServer(t)
	ohio, ireland := s.client(root, "us-east-2"), s.client(root, "eu-west-1")
	b := createBucket(t, ohio, "abc-def")
	out := must(ireland.GetBuckets(t.Context(), nil))(t)
	names := must(ireland.GetActiveNames(t.Context(), nil))(t)
	if len(out.Buckets) != 0 || len(names.ActiveNames) != 0 {
		t.Errorf("in another region: %d buckets, names %v", len(out.Buckets), names.ActiveNames)
	}
	_, err := ireland.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: b.Name})
	wantError(t, err, "NotFoundException")
	_, err = ireland.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{BucketName: b.Name, ForceDelete: aws.Bool(true)})
	wantError(t, err, "NotFoundException")
	getBucket(t, ohio, "abc-def")
}

func TestCLI06_CloudFormationsConstantMembers(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	b := createBucket(t, c, "abc-def")
	out := must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{
		BucketName:             b.Name,
		Versioning:             aws.String("Suspended"),
		AccessRules:            &types.AccessRules{GetObject: types.AccessTypePrivate, AllowPublicOverrides: aws.Bool(false)},
		ReadonlyAccessAccounts: []string{},
		AccessLogConfig:        &types.BucketAccessLogConfig{Enabled: aws.Bool(false)},
		Cors:                   &types.BucketCorsConfig{Rules: []types.BucketCorsRule{}},
	}))(t)
	if got := aws.ToString(out.Bucket.ObjectVersioning); got != "NeverEnabled" {
		t.Errorf("versioning = %s, want NeverEnabled", got)
	}
}

func TestVER04_ChangingVersioningMakesPrivate(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	b := createBucket(t, c, "abc-def")
	update := func(versioning string, rules *types.AccessRules) *types.Bucket {
		in := &sdk.UpdateBucketInput{BucketName: b.Name, AccessRules: rules}
		if versioning != "" {
			in.Versioning = &versioning
		}
		return must(c.UpdateBucket(t.Context(), in))(t).Bucket
	}
	individual := &types.AccessRules{GetObject: types.AccessTypePrivate, AllowPublicOverrides: aws.Bool(true)}
	steps := []struct {
		versioning string
		rules      *types.AccessRules
		want       bool
	}{
		{"", individual, true},
		{"Enabled", nil, false},
		{"", individual, true},
		{"Enabled", nil, true}, // no change
		{"Suspended", individual, true},
		{"Enabled", nil, false},
	}
	for i, st := range steps {
		if got := aws.ToBool(update(st.versioning, st.rules).AccessRules.AllowPublicOverrides); got != st.want {
			t.Errorf("step %d: allowPublicOverrides = %v, want %v", i, got, st.want)
		}
	}
}
