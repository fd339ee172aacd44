package s3

import (
	"bufio"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
)

// FuzzRoute: any request names a bucket and a key, or is refused in S3's words;
// what it names is what its path says.
func FuzzRoute(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/photos/a.txt?versionId=null", "localhost"},
		{"PUT", "/photos?policy", "photos.example.test"},
		{"DELETE", "//", "s3.example.test"},
		{"POST", "/a%2fb/%2e%2e//%00?uploads&delete", ".example.test"},
		{"OPTIONS", "*", "x"},
		{"GET", "http://photos.example.test/a?%zz", "a"},
		{"HEAD", "/%ff", "photos.s3.us-east-1.example.test:80"},
		{"GET", "/b?list-type=2&prefix", "b.s3.example.test."},
		{"PUT", "//x", "h"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	table := newRoutes(operations)
	f.Fuzz(func(t *testing.T, method, target, host string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
		if err != nil {
			return
		}
		tg, err := parseTarget(r, "example.test")
		if err != nil {
			wantKnown(t, err)
			return
		}
		if (tg.scope == onObject) != (tg.key != "") || (tg.scope == onService) != (tg.bucketName == "") {
			t.Fatalf("scope %d of bucket %q key %q", tg.scope, tg.bucketName, tg.key)
		}
		path := strings.TrimPrefix(r.URL.Path, "/")
		if tg.virtualHost && tg.key != path || !tg.virtualHost && tg.key != "" && tg.bucketName+"/"+tg.key != path {
			t.Fatalf("path %q is bucket %q key %q", path, tg.bucketName, tg.key)
		}
		if !tg.virtualHost && strings.Contains(tg.bucketName, "/") {
			t.Fatalf("bucket %q", tg.bucketName)
		}
		op, err := table.find(r.Method, tg, r.Header)
		if err != nil {
			wantKnown(t, err)
		} else if op.method != r.Method || op.scope != tg.scope || op.action == "" {
			t.Fatalf("%s %s reaches %s", method, target, op.name)
		}
	})
}

// wantKnown fails on an error that the door would call its own fault.
func wantKnown(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*wireError](err); ok {
		return
	}
	if e, ok := errors.AsType[*keyhaven.Error](err); !ok || domainErrors[kindNoun{e.Kind, e.Noun}] == nil {
		t.Fatalf("unknown error %v", err)
	}
}

// FuzzRange: a range that counts is written in one way only.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=5-3", "bytes=1-2,3-4", "bytes=-", "bytes=00-09", "bytes=99999999999999999999-", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		r := byteRange(v)
		if r == nil {
			return
		}
		if r.First < -1 || r.Last < -1 || r.First == -1 && r.Last == -1 || r.First >= 0 && r.Last >= 0 && r.First > r.Last {
			t.Fatalf("byteRange(%q) = %+v", v, r)
		}
		text := "bytes="
		if r.First >= 0 {
			text += itoa(r.First)
		}
		text += "-"
		if r.Last >= 0 {
			text += itoa(r.Last)
		}
		if again := byteRange(text); again == nil || *again != *r {
			t.Fatalf("byteRange(%q) = %+v, but of %q %+v", v, r, text, again)
		}
	})
}

func FuzzListToken(f *testing.F) {
	for _, seed := range []string{"", "1YQ", "1", "YQ", "1YQ==", "1\n", encodeListToken("dir/é\x00")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if last, err := decodeListToken(s); err == nil && encodeListToken(last) != s {
			t.Fatalf("decodeListToken(%q) = %q, which is written %q", s, last, encodeListToken(last))
		} else if err != nil {
			wantKnown(t, err)
		}
		if s == "" || len(s) > keyhaven.MaxObjectKey {
			return
		}
		if got, err := decodeListToken(encodeListToken(s)); err != nil || got != s {
			t.Fatalf("decodeListToken(encodeListToken(%q)) = %q, %v", s, got, err)
		}
	})
}

func FuzzCopySource(f *testing.F) {
	for _, seed := range []string{
		"b/k", "/b/k?versionId=null", "b%2fk", "//k", "b/", "b/%2e%2e/x", "b/k?versionId=", "b/%zz", "b/k%3fversionId=null", "b/k?x", "%00/%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		bucketName, key, version, err := parseCopySource(v)
		if err != nil {
			wantKnown(t, err)
			return
		}
		if bucketName == "" || strings.Contains(bucketName, "/") || keyhaven.ValidObjectKey(key) != nil {
			t.Fatalf("parseCopySource(%q) = %q %q", v, bucketName, key)
		}
		written := "/" + encodePath(bucketName) + "/" + encodePath(key)
		if version != nil {
			written += "?versionId=" + version.String()
		}
		b, k, ver, err := parseCopySource(written)
		if err != nil || b != bucketName || k != key || (ver == nil) != (version == nil) || ver != nil && *ver != *version {
			t.Fatalf("parseCopySource(%q) = %q %q %v, but of %q %q %q %v %v", v, bucketName, key, version, written, b, k, ver, err)
		}
	})
}

func FuzzDeleteXML(f *testing.F) {
	for _, seed := range []string{
		"<Delete><Object><Key>a</Key><VersionId>null</VersionId></Object></Delete>", "<Delete><Quiet>true</Quiet></Delete>", "<Delete",
		`<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>`, "<Delete>" + strings.Repeat("<Object/>", 1001) + "</Delete>",
		"<Delete/><Delete/>", "<?xml version='1.0'?><!-- x --><Delete xmlns='u'><Object><Key>&#13;</Key></Object></Delete>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var req deleteRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		if len(req.Objects) > keyhaven.MaxDeleteObjects {
			t.Fatalf("%d objects", len(req.Objects))
		}
		for _, o := range req.Objects {
			if !utf8.ValidString(o.Key) {
				t.Fatalf("key %q", o.Key)
			}
		}
	})
}

func FuzzCompleteXML(f *testing.F) {
	for _, seed := range []string{
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>",
		"<CompleteMultipartUpload><Part><PartNumber> 1 </PartNumber></Part></CompleteMultipartUpload>", "<CompleteMultipartUpload/>",
		"<CompleteMultipartUpload><Part><PartNumber>99999999999999999999</PartNumber></Part></CompleteMultipartUpload>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var req completeRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		if len(req.Parts) > keyhaven.MaxPartNumber {
			t.Fatalf("%d parts", len(req.Parts))
		}
		for i := range req.Parts {
			if sum, err := req.Parts[i].checksum(); err != nil {
				wantKnown(t, err)
			} else if sum != nil && len(sum.Value) == 0 {
				t.Fatalf("part %d has an empty checksum", i)
			}
		}
	})
}

// FuzzEncodeName: names come back from every way in which they are written.
func FuzzEncodeName(f *testing.F) {
	for _, seed := range []string{"a/b c", "100%", "é", "\x00\r\n", "a+b", "\xff", "<&>\"'", "\ufffe", "]]>", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := url.QueryUnescape(encodeName(s)); err != nil || got != s {
			t.Fatalf("encodeName(%q) = %q, which reads %q %v", s, encodeName(s), got, err)
		}
		if got, err := url.PathUnescape(encodePath(s)); err != nil || got != s {
			t.Fatalf("encodePath(%q) = %q, which reads %q %v", s, encodePath(s), got, err)
		}
		text := appendText(nil, s)
		if !utf8.Valid(text) || strings.ContainsAny(string(text), "<>\r\n\x00") {
			t.Fatalf("appendText(%q) = %q", s, text)
		}
		// What XML 1.0 can carry at all comes back.
		carried := utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
			return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
		}) < 0
		var got string
		if err := xml.Unmarshal([]byte("<x>"+string(text)+"</x>"), &got); carried && (err != nil || got != s) {
			t.Fatalf("appendText(%q) = %q, which reads %q %v", s, text, got, err)
		}
	})
}

func FuzzCORSXML(f *testing.F) {
	f.Add([]byte("<CORSConfiguration><CORSRule><AllowedOrigin>http://*.a</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>"), "http://x.a", "GET", "x-y")
	f.Add([]byte("<CORSConfiguration><CORSRule><MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule></CORSConfiguration>"), "", "", "")
	f.Fuzz(func(t *testing.T, raw []byte, origin, method, header string) {
		var req corsRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		doc, err := req.document()
		if err != nil {
			wantKnown(t, err)
			return
		}
		rule, match := doc.Match(origin, method, []string{header})
		if (rule == nil) != (match == keyhaven.OriginNone) {
			t.Fatalf("Match() = %v, %v", rule, match)
		}
	})
}

func FuzzWebsiteXML(f *testing.F) {
	f.Add([]byte("<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>"), "a/x")
	f.Add([]byte("<WebsiteConfiguration><RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo></WebsiteConfiguration>"), "")
	f.Fuzz(func(t *testing.T, raw []byte, key string) {
		var req websiteRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		doc, err := req.document()
		if err != nil {
			wantKnown(t, err)
			return
		}
		if rule := doc.Rule(key, 0); rule != nil && rule.Redirect.Host != "" && strings.ContainsAny(rule.Redirect.Host, "/\r\n ") {
			t.Fatalf("a redirect to the host %q", rule.Redirect.Host)
		}
	})
}

// FuzzLifecycleXML: what is accepted can be told again and means something.
func FuzzLifecycleXML(f *testing.F) {
	f.Add([]byte("<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"))
	f.Add([]byte("<LifecycleConfiguration><Rule><ID>a</ID><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Disabled</Status><NoncurrentVersionExpiration><NoncurrentDays>2147483647</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var req lifecycleRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		doc, err := req.lifecycle()
		if err != nil {
			wantKnown(t, err)
			return
		}
		for _, r := range doc.Rules {
			if r.ID == "" || r.Days < 0 || r.NoncurrentDays < 0 || r.AbortDays < 0 || r.Filter.Bare && r.Filter.Prefix == nil {
				t.Errorf("accepted %+v", r)
			}
		}
		now := time.Now()
		if at, rule := doc.Expiry(&keyhaven.Object{Key: "k", ModTime: now}); rule != nil && rule.Days > 0 && !at.After(now) {
			t.Errorf("a new object expires at %v by %+v", at, rule)
		}
	})
}

func FuzzNotificationXML(f *testing.F) {
	f.Add([]byte("<NotificationConfiguration><QueueConfiguration><Id>a</Id><Queue>arn:aws:sqs:us-east-1:1:audit</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>a</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>"), "ObjectCreated:Put", "a")
	f.Add([]byte("<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"), "", "")
	f.Fuzz(func(t *testing.T, raw []byte, event, key string) {
		var req notificationRequest
		if err := parseXML(raw, &req); err != nil {
			wantKnown(t, err)
			return
		}
		doc, err := req.document(func(string) bool { return true })
		if err != nil || doc == nil {
			if err != nil {
				wantKnown(t, err)
			}
			return
		}
		matched := 0
		_ = doc.Match(event, key, func(*keyhaven.NotificationRule) error { matched++; return nil })
		if matched > 1 && validEvents[event] {
			t.Fatalf("%d rules match one event", matched)
		}
	})
}

var validEvents = map[string]bool{"ObjectCreated:Put": true, "ObjectRemoved:Delete": true, "ObjectAcl:Put": true}
