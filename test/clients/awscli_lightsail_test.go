//go:build e2e

package clients

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCLI03BucketVerbs walks the bucket verbs of aws lightsail in the order in
// which a bucket lives.
func TestCLI03BucketVerbs(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, aws awsCLI) {
		root, name := aws.as(s.root), "verbs-"+aws.name
		created := verbsCreate(t, root, name)
		verbsRead(t, root, name)
		verbsUpdate(t, root, name)
		verbsOperations(t, root, name, created)
		verbsDelete(t, root, name)
	})
}

type bucketAnswer struct {
	Name, Arn, URL, BundleID, SupportCode, ResourceType, ObjectVersioning string
	AbleToUpdateBundle                                                    bool
	Location                                                              struct{ RegionName, AvailabilityZone string }
	State                                                                 struct{ Code string }
	AccessRules                                                           struct {
		GetObject            string
		AllowPublicOverrides bool
	}
	Tags []struct {
		Key   string
		Value *string
	}
}

// verbsCreate covers BKT-02, BKT-03 and BKT-08.
func verbsCreate(t *testing.T, root awsCLI, name string) operationAnswer {
	var out struct {
		Bucket     bucketAnswer
		Operations []operationAnswer
	}
	root.answer(t, &out, "lightsail create-bucket --bucket-name "+name+" --bundle-id small_1_0 --tags key=team,value=web key=plain")
	b := out.Bucket
	if b.Name != name || b.BundleID != "small_1_0" || b.ResourceType != "Bucket" || b.State.Code != "OK" {
		t.Errorf("create-bucket: bucket %+v", b)
	}
	arn := regexp.MustCompile(`^arn:aws:lightsail:us-east-1:\d{12}:Bucket/[0-9a-f-]{36}$`)
	if !arn.MatchString(b.Arn) || !strings.Contains(b.SupportCode, "/") || b.URL != root.server.endpoint+"/"+name {
		t.Errorf("create-bucket: arn %q, support code %q, url %q", b.Arn, b.SupportCode, b.URL)
	}
	if b.Location.RegionName != region || b.Location.AvailabilityZone != "all" || b.ObjectVersioning != "NeverEnabled" {
		t.Errorf("create-bucket: location %+v, versioning %q", b.Location, b.ObjectVersioning)
	}
	if len(b.Tags) != 2 || b.Tags[0].Key != "plain" && b.Tags[1].Key != "plain" {
		t.Errorf("create-bucket: tags %+v, want team=web and plain", b.Tags)
	}
	if len(out.Operations) != 1 || out.Operations[0].OperationType != "CreateBucket" || out.Operations[0].Status != "Succeeded" {
		t.Fatalf("create-bucket: operations %+v", out.Operations)
	}
	return out.Operations[0]
}

// verbsRead covers BKT-07, PLAN-01, ACC-03, ACC-04 and API-09.
func verbsRead(t *testing.T, root awsCLI, name string) {
	if got := root.line(t, "lightsail get-buckets --bucket-name "+name+" --query buckets[].name --output text"); strings.TrimSpace(got) != name {
		t.Errorf("get-buckets --bucket-name: %q, want %s", got, name)
	}
	wantText(t, "get-buckets", root.line(t, "lightsail get-buckets --query buckets[].name --output text"), name)
	var bundles struct {
		Bundles []struct {
			BundleID             string
			Price                float64
			StoragePerMonthInGb  int
			TransferPerMonthInGb int
			IsActive             bool
		}
	}
	root.answer(t, &bundles, "lightsail get-bucket-bundles")
	if len(bundles.Bundles) < 3 {
		t.Errorf("get-bucket-bundles: %+v, want three or more", bundles.Bundles)
	}
	for _, b := range bundles.Bundles {
		if !b.IsActive || b.Price <= 0 || b.StoragePerMonthInGb <= 0 || b.TransferPerMonthInGb <= 0 {
			t.Errorf("get-bucket-bundles: %+v", b)
		}
	}
	regions := root.line(t, "lightsail get-regions --include-availability-zones --query regions[].[name,availabilityZones[0].zoneName] --output text")
	wantText(t, "get-regions", regions, "us-east-1\tus-east-1a", "us-east-2\tus-east-2a")
	wantText(t, "get-active-names", root.line(t, "lightsail get-active-names --output text"), name)
}

// verbsUpdate covers UpdateBucket, PLAN-03, PLAN-04, TAG-01 and TAG-02.
func verbsUpdate(t *testing.T, root awsCLI, name string) {
	var out struct{ Bucket bucketAnswer }
	root.answer(t, &out, "lightsail update-bucket --bucket-name "+name+" --access-rules getObject=public,allowPublicOverrides=false")
	if out.Bucket.AccessRules.GetObject != "public" {
		t.Errorf("update-bucket: rules %+v, want public", out.Bucket.AccessRules)
	}
	root.line(t, "lightsail update-bucket --bucket-name "+name+" --access-rules getObject=private,allowPublicOverrides=false")
	root.line(t, "lightsail update-bucket-bundle --bucket-name "+name+" --bundle-id medium_1_0")
	var got struct{ Buckets []bucketAnswer }
	root.answer(t, &got, "lightsail get-buckets --bucket-name "+name)
	if b := got.Buckets[0]; b.BundleID != "medium_1_0" || b.AbleToUpdateBundle || b.AccessRules.GetObject != "private" {
		t.Errorf("get-buckets after the updates: %+v", b)
	}
	root.refused(t, "InvalidInputException", "UpdateBucketBundle",
		"lightsail update-bucket-bundle --bucket-name "+name+" --bundle-id large_1_0")

	root.line(t, "lightsail tag-resource --resource-name "+name+" --tags key=cost,value=42 key=team,value=ops")
	root.line(t, "lightsail untag-resource --resource-name "+name+" --tag-keys plain")
	tags := strings.Split(strings.TrimSpace(root.line(t,
		"lightsail get-buckets --bucket-name "+name+" --query buckets[0].tags[].[key,value] --output text")), "\n")
	slices.Sort(tags)
	if got := strings.Join(tags, ";"); got != "cost\t42;team\tops" {
		t.Errorf("tags after tag-resource and untag-resource: %q", got)
	}
}

// verbsOperations covers API-07 and API-08.
func verbsOperations(t *testing.T, root awsCLI, name string, created operationAnswer) {
	var one struct{ Operation operationAnswer }
	root.answer(t, &one, "lightsail get-operation --operation-id "+created.ID)
	if one.Operation != created {
		t.Errorf("get-operation: %+v, want %+v", one.Operation, created)
	}
	types := "--query operations[].operationType --output text"
	got := root.line(t, "lightsail get-operations-for-resource --resource-name "+name+" "+types)
	wantText(t, "get-operations-for-resource", got, "CreateBucket", "UpdateBucket", "UpdateBucketBundle", "TagResource", "UntagResource")
	wantText(t, "get-operations", root.line(t, "lightsail get-operations "+types), "CreateBucket")
}

// verbsDelete covers the three verbs of keys, SEC-04, BKT-10, BKT-11 and BKT-12.
func verbsDelete(t *testing.T, root awsCLI, name string) {
	leaked := root.createKey(t, name)
	root.as(leaked).line(t, "s3api put-object --bucket "+name+" --key k --content-type text/plain")
	if keys := root.keys(t, name); len(keys) != 1 || keys[0].AccessKeyID != leaked.id || keys[0].SecretAccessKey != "" {
		t.Errorf("get-bucket-access-keys: %+v, want %s without its secret", keys, leaked.id)
	}
	root.line(t, "lightsail delete-bucket-access-key --bucket-name "+name+" --access-key-id "+leaked.id)
	root.as(leaked).refused(t, "InvalidAccessKeyId", "ListObjectsV2", "s3api list-objects-v2 --bucket "+name)
	fresh := root.createKey(t, name)
	root.as(fresh).line(t, "s3api head-object --bucket "+name+" --key k")
	if fresh.id == leaked.id || fresh.secret == leaked.secret {
		t.Error("SEC-04: the new key repeats the deleted one")
	}

	root.refused(t, "InvalidInputException", "DeleteBucket", "lightsail delete-bucket --bucket-name "+name)
	root.line(t, "lightsail delete-bucket --bucket-name "+name+" --force-delete")
	root.refused(t, "NotFoundException", "GetBuckets", "lightsail get-buckets --bucket-name "+name)
	root.as(fresh).refused(t, "InvalidAccessKeyId", "ListObjectsV2", "s3api list-objects-v2 --bucket "+name)
	root.line(t, "lightsail create-bucket --bucket-name "+name+" --bundle-id small_1_0")
	root.line(t, "lightsail delete-bucket --bucket-name "+name)
}

// TestErrorsAsTheCLIPrintsThem covers what people see who get something wrong.
func TestErrorsAsTheCLIPrintsThem(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "taken")
	aws := newAWSCLI(t, s, "current")
	root := aws.as(s.root)
	for _, c := range []struct{ id, code, operation, command string }{
		{"BKT-05", "InvalidInputException", "CreateBucket", "lightsail create-bucket --bucket-name taken --bundle-id small_1_0"},
		{"BKT-04", "InvalidInputException", "CreateBucket", "lightsail create-bucket --bucket-name Upper.Case --bundle-id small_1_0"},
		{"PLAN-01", "InvalidInputException", "CreateBucket", "lightsail create-bucket --bucket-name other --bundle-id huge_9_9"},
		{"KEY-23", "NotFoundException", "CreateBucketAccessKey", "lightsail create-bucket-access-key --bucket-name nope"},
		{"KEY-23 delete", "NotFoundException", "DeleteBucketAccessKey", "lightsail delete-bucket-access-key --bucket-name taken --access-key-id AKIAIOSFODNN7EXAMPLE"},
		{"no bucket", "NoSuchBucket", "ListObjectsV2", "s3api list-objects-v2 --bucket nope"},
		{"no key", "NoSuchKey", "GetObject", "s3api get-object --bucket taken --key nope out"},
		{"no key head", "404", "HeadObject", "s3api head-object --bucket taken --key nope"},
		{"no upload", "NoSuchUpload", "ListParts", "s3api list-parts --bucket taken --key nope --upload-id nope"},
	} {
		t.Run(c.id, func(t *testing.T) { root.refused(t, c.code, c.operation, c.command) })
	}
	wrong := aws.as(accessKey{s.root.id, "not" + s.root.secret})
	wrong.refused(t, "InvalidSignatureException", "GetBuckets", "lightsail get-buckets")
	wrong.refused(t, "SignatureDoesNotMatch", "ListBuckets", "s3api list-buckets")
	nobody := aws.as(accessKey{"AKIAIOSFODNN7EXAMPLE", s.root.secret})
	nobody.refused(t, "UnrecognizedClientException", "GetBuckets", "lightsail get-buckets")
	nobody.refused(t, "InvalidAccessKeyId", "ListBuckets", "s3api list-buckets")
}

// TestBKT05NameIsFreedByDelete covers the life of a name.
func TestBKT05NameIsFreedByDelete(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	aws := newAWSCLI(t, s, "current").as(s.root)
	const create = "lightsail create-bucket --bucket-name phoenix --bundle-id small_1_0"
	aws.line(t, create)
	aws.refused(t, "InvalidInputException", "CreateBucket", create)
	aws.line(t, "lightsail delete-bucket --bucket-name phoenix")
	aws.line(t, create)
}

// TestACC05RegionsAreApart covers calls in two Regions.
func TestACC05RegionsAreApart(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	aws := newAWSCLI(t, s, "current").as(s.root)
	aws.line(t, "lightsail create-bucket --bucket-name virginia --bundle-id small_1_0")
	aws.line(t, "lightsail create-bucket --bucket-name ohio --bundle-id small_1_0 --region us-east-2")
	for _, c := range []struct{ region, want string }{{"us-east-1", "virginia"}, {"us-east-2", "ohio"}} {
		got := aws.line(t, "lightsail get-buckets --query buckets[].name --output text --region "+c.region)
		if strings.TrimSpace(got) != c.want {
			t.Errorf("get-buckets in %s: %q, want %s", c.region, got, c.want)
		}
	}
}

// TestCLI06UpdateThatRepeatsTheState covers a client that always sends all
// members, as a provisioning tool does.
func TestCLI06UpdateThatRepeatsTheState(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "provisioned")
	aws := newAWSCLI(t, s, "current").as(s.root)
	var out struct{ Bucket bucketAnswer }
	aws.answer(t, &out, "lightsail update-bucket --bucket-name provisioned --versioning Suspended"+
		" --access-rules getObject=private,allowPublicOverrides=false")
	if v := out.Bucket.ObjectVersioning; v != "NeverEnabled" {
		t.Errorf("versioning after Suspended on a new bucket: %q, want NeverEnabled", v)
	}
}

// TestCLI02EndpointToldOnce tells aws-cli where the server is: a current one by
// the environment, Debian's by the one way it knows.
func TestCLI02EndpointToldOnce(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*server{"http": startServer(t), "https": startTLSServer(t)} {
		t.Run(name, func(t *testing.T) {
			s.newBucket(t, "named-once")
			aws := newAWSCLI(t, s, "current").as(s.root)
			run := aws.do
			if hasCurrent() {
				run = aws.with("AWS_ENDPOINT_URL=" + s.endpoint).run
			}
			wantText(t, "get-buckets", run(t, "lightsail", "get-buckets", "--output", "text"), "named-once")
			wantText(t, "s3 ls", run(t, "s3", "ls"), "named-once")
		})
	}
}
