package s3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

// openPolicy lets anybody read the objects of a bucket.
func openPolicy(bucket string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
}

// blockOf is a block of public access with these settings on.
func blockOf(settings ...string) string {
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "<%s>true</%s>", s, s)
	}
	return "<PublicAccessBlockConfiguration>" + b.String() + "</PublicAccessBlockConfiguration>"
}

func ownershipOf(who string) string {
	return "<OwnershipControls><Rule><ObjectOwnership>" + who + "</ObjectOwnership></Rule></OwnershipControls>"
}

// control sends a request of the S3 Control API.
func (s *server) control(t testing.TB, k keyPair, method string, account keyhaven.AccountID, body string) *answer {
	t.Helper()
	return s.do(t, k, method, "/v20180820/configuration/publicAccessBlock", body, "X-Amz-Account-Id: "+string(account))
}

// TestS5_PolicyConditions: conditions of a bucket's policy hold for every way to
// sign and send a request, and what a client only claims does not count.
func TestS5_PolicyConditions(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/red/a.txt", "hello", "X-Amz-Tagging: team=red")
	s.must(t, root, "PUT", "/photos/blue/a.txt", "hello", "X-Amz-Tagging: team=blue")
	key := s.newKey(t, "photos")
	const deny = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"],"Condition":{%s}}}`
	for _, c := range []struct {
		condition, method, target, body string
		headers                         []string
		status                          int
	}{
		{`"StringEquals":{"s3:ExistingObjectTag/team":"red"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"StringEquals":{"s3:ExistingObjectTag/Team":"red"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"StringEquals":{"s3:ExistingObjectTag/team":"red"}`, "GET", "/photos/blue/a.txt", "", nil, 200},
		{`"StringEquals":{"s3:RequestObjectTag/team":"red"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Tagging: team=red"}, 403},
		{`"StringEquals":{"s3:RequestObjectTag/team":"red"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Tagging: team=blue"}, 200},
		{`"ForAnyValue:StringEquals":{"s3:RequestObjectTagKeys":["team"]}`, "PUT", "/photos/n", "x", []string{"X-Amz-Tagging: a=1&team=blue"}, 403},
		{`"StringEquals":{"s3:RequestObjectTag/team":"red"}`, "PUT", "/photos/blue/a.txt?tagging", "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>", nil, 403},
		{`"StringEquals":{"s3:RequestObjectTag/team":"red"}`, "PUT", "/photos/blue/a.txt?tagging", "<Tagging><TagSet><Tag><Key>team</Key><Value>blue</Value></Tag></TagSet></Tagging>", nil, 200},
		{`"StringNotLike":{"s3:prefix":"red/*"}`, "GET", "/photos?prefix=blue/", "", nil, 403},
		{`"StringNotLike":{"s3:prefix":"red/*"}`, "GET", "/photos?list-type=2&prefix=red/", "", nil, 200},
		{`"StringEquals":{"s3:delimiter":"/"}`, "GET", "/photos?delimiter=/", "", nil, 403},
		{`"NumericGreaterThan":{"s3:max-keys":"10"}`, "GET", "/photos?max-keys=11", "", nil, 403},
		{`"NumericGreaterThan":{"s3:max-keys":"10"}`, "GET", "/photos?max-keys=10", "", nil, 200},
		{`"StringEquals":{"s3:x-amz-acl":"public-read"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Acl: public-read"}, 403},
		{`"StringEquals":{"s3:VersionId":"null"}`, "GET", "/photos/red/a.txt?versionId=null", "", nil, 403},
		{`"StringEquals":{"s3:authType":"REST-HEADER"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"StringEquals":{"s3:authType":"REST-QUERY-STRING"}`, "GET", "/photos/red/a.txt", "", nil, 200},
		{`"StringEquals":{"s3:signatureversion":"AWS4-HMAC-SHA256"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"NumericLessThan":{"s3:signatureAge":"60000"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"Bool":{"aws:SecureTransport":"false"}`, "GET", "/photos/red/a.txt", "", []string{"X-Forwarded-Proto: https"}, 403},
		{`"Null":{"s3:TlsVersion":"true"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}`, "GET", "/photos/red/a.txt", "", []string{"X-Forwarded-For: 198.51.100.1", "X-Real-Ip: 198.51.100.1"}, 403},
		{`"StringEquals":{"s3:ResourceAccount":"111122223333"}`, "GET", "/photos/red/a.txt", "", nil, 403},
		{`"Bool":{"s3:ObjectCreationOperation":"true"}`, "PUT", "/photos/n", "x", nil, 403},
		{`"Bool":{"s3:ObjectCreationOperation":"true"}`, "GET", "/photos/red/a.txt", "", nil, 200},
		{`"Null":{"s3:if-none-match":"false"}`, "PUT", "/photos/n2", "x", []string{"If-None-Match: *"}, 403},
		{`"StringLike":{"s3:x-amz-copy-source":"*blue*"}`, "PUT", "/photos/n", "", []string{"X-Amz-Copy-Source: photos/blue/a.txt"}, 403},
		{`"StringEquals":{"s3:x-amz-metadata-directive":"REPLACE"}`, "PUT", "/photos/n", "", []string{"X-Amz-Copy-Source: photos/blue/a.txt", "X-Amz-Metadata-Directive: REPLACE"}, 403},
	} {
		s.must(t, root, "PUT", "/photos?policy", fmt.Sprintf(deny, c.condition))
		a := s.do(t, key, c.method, c.target, c.body, c.headers...)
		if a.status != c.status {
			t.Errorf("%s: %s %s = %d %s, want %d", c.condition, c.method, c.target, a.status, a.code(), c.status)
		}
		s.must(t, root, "DELETE", "/photos?policy", "")
	}
}

// TestPolicy_Anonymous: a policy opens what it names to anybody, for the objects
// that it names, and closes it again.
func TestPolicy_Anonymous(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	s.must(t, root, "PUT", "/photos?policy", openPolicy("photos"))
	s.do(t, anonymous, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	s.do(t, anonymous, "GET", "/photos/missing", "").want(t, 403, "AccessDenied")
	s.do(t, anonymous, "GET", "/photos", "").want(t, 403, "AccessDenied")
	list := strings.NewReplacer("s3:GetObject", "s3:ListBucket", "photos/*", "photos").Replace(openPolicy("photos"))
	s.must(t, root, "PUT", "/photos?policy", list)
	s.do(t, anonymous, "GET", "/photos/missing", "").want(t, 404, "NoSuchKey")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	if got := s.must(t, anonymous, "GET", "/photos", "").elements(t, "Key"); len(got) != 1 {
		t.Errorf("anybody sees %q", got)
	}
	s.must(t, root, "DELETE", "/photos?policy", "")
	s.do(t, anonymous, "GET", "/photos", "").want(t, 403, "AccessDenied")
}

// TestPolicy_PerKey: each key of DeleteObjects needs its own permission (S3).
func TestS3_PolicyPerKey(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	key := s.newKey(t, "photos")
	for _, k := range []string{"keep/a", "a"} {
		s.must(t, root, "PUT", "/photos/"+k, "hello")
	}
	deny := strings.NewReplacer("Allow", "Deny", "s3:GetObject", "s3:DeleteObject", "photos/*", "photos/keep/*").Replace(openPolicy("photos"))
	s.must(t, root, "PUT", "/photos?policy", deny)
	a := s.must(t, key, "POST", "/photos?delete", "<Delete><Object><Key>keep/a</Key></Object><Object><Key>a</Key></Object></Delete>")
	if a.code() != "AccessDenied" || strings.Count(a.body, "<Deleted>") != 1 {
		t.Errorf("DeleteObjects = %s", a.body)
	}
	if got := s.must(t, root, "GET", "/photos", "").elements(t, "Key"); len(got) != 1 || got[0] != "keep/a" {
		t.Errorf("the bucket holds %q", got)
	}
}

// TestACL_Grants: grants to another account, to everybody with an account and to
// everybody, on objects and on the bucket.
func TestACL_Grants(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	owner := s.must(t, root, "GET", "/photos?acl", "").element("ID")
	guest := s.canonical(t, otherRoot)
	denied := func() {
		t.Helper()
		for _, k := range []keyPair{otherRoot, anonymous} {
			s.do(t, k, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
			s.do(t, k, "GET", "/photos", "").want(t, 403, "AccessDenied")
			s.do(t, k, "PUT", "/photos/b.txt", "x").want(t, 403, "AccessDenied")
			s.do(t, k, "GET", "/photos/a.txt?acl", "").want(t, 403, "AccessDenied")
			s.do(t, k, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private").want(t, 403, "AccessDenied")
		}
	}
	denied()
	s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Grant-Read: id="+guest, "X-Amz-Grant-Read-Acp: id="+guest, "X-Amz-Grant-Full-Control: id="+owner)
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	s.do(t, otherRoot, "GET", "/photos/a.txt?acl", "").want(t, 200, "")
	s.do(t, otherRoot, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private").want(t, 403, "AccessDenied")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: authenticated-read")
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	s.must(t, root, "PUT", "/photos/a.txt?acl", "", "X-Amz-Grant-Write-Acp: id="+guest)
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	s.must(t, otherRoot, "PUT", "/photos/a.txt?acl", "", "X-Amz-Acl: private")
	denied()
	s.must(t, root, "PUT", "/photos?acl", "", "X-Amz-Grant-Write: id="+guest, "X-Amz-Grant-Read: id="+guest)
	s.do(t, otherRoot, "PUT", "/photos/b.txt", "x").want(t, 200, "")
	s.do(t, otherRoot, "GET", "/photos", "").want(t, 200, "")
	s.do(t, otherRoot, "GET", "/photos/b.txt", "").want(t, 403, "AccessDenied")
	s.do(t, anonymous, "GET", "/photos", "").want(t, 403, "AccessDenied")
	s.must(t, root, "DELETE", "/photos/b.txt", "")
	s.must(t, root, "PUT", "/photos?acl", "", "X-Amz-Acl: private")
	denied()
	// Lists go with the object: into versions, copies and uploads.
	s.must(t, root, "PUT", "/photos/c.txt", "hello", "X-Amz-Grant-Read: id="+guest)
	s.do(t, otherRoot, "GET", "/photos/c.txt", "").wantBody(t, 200, "hello")
	s.must(t, root, "PUT", "/photos/d.txt", "", "X-Amz-Copy-Source: photos/c.txt")
	s.do(t, otherRoot, "GET", "/photos/d.txt", "").want(t, 403, "AccessDenied")
}

// canonical is the canonical id of the account that a key belongs to.
func (s *server) canonical(t testing.TB, k keyPair) string {
	t.Helper()
	return s.must(t, k, http.MethodGet, "/", "").element("ID")
}

// TestPERM12_AccountBlock: the account's block of public access overrides rules,
// lists and policies at once, and lets them act again when it is removed.
func TestPERM12_AccountBlock(t *testing.T) {
	s := newServer(t)
	s.control(t, root, "GET", account, "").want(t, 404, "NoSuchPublicAccessBlockConfiguration")
	s.newLightsailBucket(t, "all")
	s.rules(t, "all", true, false)
	s.newLightsailBucket(t, "some")
	s.rules(t, "some", false, true)
	s.newBucket(t, "policy")
	s.must(t, root, "PUT", "/policy?policy", openPolicy("policy"))
	for _, b := range []string{"all", "some", "policy"} {
		s.must(t, root, "PUT", "/"+b+"/a.txt", "hello", "X-Amz-Acl: public-read")
		s.do(t, anonymous, "GET", "/"+b+"/a.txt", "").wantBody(t, 200, "hello")
	}
	for settings, want := range map[string]string{
		"BlockPublicAcls": "all some policy", "BlockPublicPolicy": "all some policy",
		"IgnorePublicAcls": "policy", "RestrictPublicBuckets": "policy", // by its list
		"IgnorePublicAcls RestrictPublicBuckets": "",
	} {
		s.control(t, root, "PUT", account, blockOf(strings.Fields(settings)...)).want(t, 200, "")
		for _, b := range []string{"all", "some", "policy"} {
			status := 403
			if strings.Contains(want, b) {
				status = 200
			}
			if a := s.do(t, anonymous, "GET", "/"+b+"/a.txt", ""); a.status != status {
				t.Errorf("%s: %s = %d, want %d", settings, b, a.status, status)
			}
		}
	}
	s.control(t, root, "PUT", account, blockOf("BlockPublicAcls", "BlockPublicPolicy")).want(t, 200, "")
	s.do(t, root, "PUT", "/some/b.txt", "x", "X-Amz-Acl: public-read").want(t, 403, "AccessDenied")
	s.do(t, root, "PUT", "/some/b.txt", "x").want(t, 200, "")
	s.do(t, root, "PUT", "/some/b.txt?acl", "", "X-Amz-Acl: public-read").want(t, 403, "AccessDenied")
	s.do(t, root, "PUT", "/policy?policy", openPolicy("policy")).want(t, 403, "AccessDenied")
	s.do(t, root, "PUT", "/new", "", "X-Amz-Acl: public-read").want(t, 400, "InvalidBucketAclWithBlockPublicAccessError")
	s.newLightsailBucket(t, "later")
	public := true
	_, _, err := s.buckets.Update(t.Context(), bucket.UpdateInput{Account: account, Region: region, Name: "later", GetObjectPublic: &public})
	if !keyhaven.Is(err, keyhaven.Denied, keyhaven.NounAccessRules) {
		t.Errorf("a bucket is made public: %v", err)
	}
	if got := s.control(t, root, "GET", account, "").element("BlockPublicAcls"); got != "true" {
		t.Errorf("BlockPublicAcls = %q", got)
	}
	s.control(t, otherRoot, "PUT", account, blockOf()).want(t, 403, "AccessDenied")
	s.control(t, s.newKey(t, "all"), "GET", account, "").want(t, 403, "AccessDenied")
	s.control(t, anonymous, "DELETE", account, "").want(t, 403, "AccessDenied")
	s.control(t, root, "DELETE", account, "").want(t, 204, "")
	s.control(t, root, "POST", account, "").want(t, 501, "NotImplemented")
	s.do(t, anonymous, "GET", "/policy/a.txt", "").wantBody(t, 200, "hello")
}

// TestXACC02_OtherAccountReads: an account on the list reads objects and lists
// them, and changes nothing.
func TestXACC02_OtherAccountReads(t *testing.T) {
	s := newServer(t)
	s.newLightsailBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	set := func(ids ...keyhaven.AccountID) {
		t.Helper()
		_, _, err := s.buckets.Update(t.Context(), bucket.UpdateInput{Account: account, Region: region, Name: "photos", ReadonlyAccounts: &ids})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(other)
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").wantBody(t, 200, "hello")
	s.do(t, otherRoot, "HEAD", "/photos/a.txt", "").wantBody(t, 200, "")
	s.do(t, otherRoot, "GET", "/photos?list-type=2", "").want(t, 200, "")
	s.do(t, otherRoot, "GET", "/photos/missing", "").want(t, 404, "NoSuchKey")
	for _, c := range [][2]string{{"PUT", "/photos/a.txt"}, {"DELETE", "/photos/a.txt"}, {"POST", "/photos/a.txt?uploads"}, {"PUT", "/photos/a.txt?acl"}, {"DELETE", "/photos"}, {"GET", "/photos?policy"}} {
		s.do(t, otherRoot, c[0], c[1], "", "X-Amz-Acl: private").want(t, 403, "AccessDenied")
	}
	s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
	set()
	s.do(t, otherRoot, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
}

// TestPERM10_BucketOwnerFullControl: the canned list that IAM users of a
// Lightsail bucket are told to send is taken everywhere, and is private.
func TestPERM10_BucketOwnerFullControl(t *testing.T) {
	run(t, func(t *testing.T, s *server) {
		s.newLightsailBucket(t, "photos")
		s.rules(t, "photos", false, true)
		const acl = "X-Amz-Acl: bucket-owner-full-control"
		s.must(t, root, "PUT", "/photos/a.txt", "hello", acl)
		s.must(t, root, "PUT", "/photos/b.txt", "", acl, "X-Amz-Copy-Source: photos/a.txt")
		s.must(t, root, "POST", "/photos/c.txt?uploads", "", acl)
		s.must(t, root, "PUT", "/photos/a.txt?acl", "", acl)
		s.do(t, anonymous, "GET", "/photos/a.txt", "").want(t, 403, "AccessDenied")
		s.do(t, root, "PUT", "/photos/a.txt", "x", "X-Amz-Acl: public-read-write").want(t, 400, "AccessControlListNotSupported")
	})
}

// TestS5_LockConditions: the conditions about locks hold for headers and for
// documents alike. The bucket locks nothing, so what is allowed is invalid.
func TestS5_LockConditions(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.must(t, root, "PUT", "/photos/red/a.txt", "hello")
	const deny = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::photos/*","Condition":{%s}}}`
	for _, c := range []struct {
		condition, method, target, body string
		headers                         []string
		status                          int
	}{
		{`"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}`, "PUT", "/photos/red/a.txt?retention", "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2090-01-01T00:00:00Z</RetainUntilDate></Retention>", nil, 403},
		{`"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Object-Lock-Mode: COMPLIANCE"}, 403},
		{`"NumericGreaterThan":{"s3:object-lock-remaining-retention-days":"10"}`, "PUT", "/photos/red/a.txt?retention", "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2090-01-01T00:00:00Z</RetainUntilDate></Retention>", nil, 403},
		{`"NumericGreaterThan":{"s3:object-lock-remaining-retention-days":"10"}`, "PUT", "/photos/n", "x", nil, 200},
		{`"DateGreaterThan":{"s3:object-lock-retain-until-date":"2080-01-01T00:00:00Z"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Object-Lock-Mode: GOVERNANCE", "X-Amz-Object-Lock-Retain-Until-Date: 2090-01-01T00:00:00Z"}, 403},
		{`"StringEquals":{"s3:object-lock-legal-hold":"ON"}`, "PUT", "/photos/red/a.txt?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>", nil, 403},
		{`"StringEquals":{"s3:object-lock-legal-hold":"ON"}`, "PUT", "/photos/n", "x", []string{"X-Amz-Object-Lock-Legal-Hold: ON"}, 403},
		{`"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}`, "PUT", "/photos/red/a.txt?retention", "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2090-01-01T00:00:00Z</RetainUntilDate></Retention>", nil, 400},
		{`"StringEquals":{"s3:object-lock-legal-hold":"ON"}`, "PUT", "/photos/red/a.txt?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>", nil, 400},
		{`"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}`, "PUT", "/photos/red/a.txt?retention", "no XML", nil, 400},
	} {
		s.must(t, root, "PUT", "/photos?policy", fmt.Sprintf(deny, c.condition))
		if a := s.do(t, root, c.method, c.target, c.body, c.headers...); a.status != c.status {
			t.Errorf("%s: %s %s = %d %s, want %d", c.condition, c.method, c.target, a.status, a.code(), c.status)
		}
	}
}
