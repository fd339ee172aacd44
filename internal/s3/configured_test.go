package s3_test

import (
	"fmt"
	"testing"
)

// configurations are documents that are accepted, by the parameter that sets
// them.
var configurations = []struct{ param, doc string }{
	{"encryption", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"},
	{"lifecycle", "<LifecycleConfiguration><Rule><Filter><Prefix>log/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"},
	{"cors", twoCORSRules},
	{"website", oneWebsite},
	{"tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
	{"ownershipControls", ownershipOf("BucketOwnerEnforced")},
	{"publicAccessBlock", blockOf("BlockPublicAcls", "IgnorePublicAcls")},
	{"versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"},
	{"logging", logTo("photos", "access/")},
	{"object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"},
}

// TestK3_ConfiguredBucketsWork: a bucket goes on to work with every
// configuration that it accepted, one after the other and all at once, and tells
// each again. What a configuration is refused with stands in the transcripts.
func TestK3_ConfiguredBucketsWork(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	for i, c := range configurations {
		s.must(t, root, "PUT", "/photos?"+c.param, c.doc)
		s.must(t, root, "GET", "/photos?"+c.param, "")
		path := fmt.Sprintf("/photos/k%d", i)
		s.must(t, root, "PUT", path, "hello")
		s.must(t, root, "GET", path, "").wantBody(t, 200, "hello")
		s.must(t, root, "HEAD", path, "")
		s.must(t, root, "PUT", path+"-copy", "", "X-Amz-Copy-Source: "+path)
		up := s.must(t, root, "POST", path+"-parts?uploads", "").element("UploadId")
		etag := s.must(t, root, "PUT", path+"-parts?partNumber=1&uploadId="+up, "part").header.Get("Etag")
		s.must(t, root, "POST", path+"-parts?uploadId="+up, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+etag+"</ETag></Part></CompleteMultipartUpload>")
		s.must(t, root, "GET", path+"-parts", "").wantBody(t, 200, "part")
		s.must(t, root, "GET", "/photos?list-type=2", "")
		s.must(t, root, "DELETE", path, "")
		s.do(t, root, "GET", path, "").want(t, 404, "NoSuchKey")
	}
}
