package s3_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
)

// prepare does one line of preparation:
//
//	! bucket NAME            make a bucket of the account in us-east-1
//	! key BUCKET             make a key for it: {KEY1}, {KEY2} …
//	! rules BUCKET private|individual|public
//	! versioning BUCKET Enabled|Suspended
//	! logging BUCKET TARGET PREFIX
//	! website BUCKET         make it a website with rules
//	! notify BUCKET          report what is put and removed under img/
//	! cors BUCKET            set two rules of cross-origin sharing
//	! policy BUCKET          let anybody read its objects
//	! block BUCKET SETTING…  block public access
//	! ownership BUCKET WHO
//	! put BUCKET KEY TEXT    store an object as the root
//	! sleep DURATION
func prepare(t *testing.T, s *server, n *names, words []string) {
	t.Helper()
	switch words[0] {
	case "bucket":
		s.newBucket(t, words[1])
	case "key":
		k := s.newKey(t, words[1])
		n.secrets[k.id] = k.secret
		n.name("KEY", k.id)
	case "rules":
		s.rules(t, words[1], words[2] == "public", words[2] == "individual")
	case "versioning":
		s.versioning(t, words[1], keyhaven.Versioning(words[2]))
	case "logging":
		s.must(t, root, "PUT", "/"+words[1]+"?logging", logTo(words[2], words[3]))
	case "website":
		s.must(t, root, "PUT", "/"+words[1]+"?website", oneWebsite)
	case "notify":
		s.must(t, root, "PUT", "/"+words[1]+"?notification", oneNotification)
	case "cors":
		s.must(t, root, "PUT", "/"+words[1]+"?cors", twoCORSRules)
	case "policy":
		s.must(t, root, "PUT", "/"+words[1]+"?policy", openPolicy(words[1]))
	case "block":
		s.must(t, root, "PUT", "/"+words[1]+"?publicAccessBlock", blockOf(words[2:]...))
	case "ownership":
		s.must(t, root, "PUT", "/"+words[1]+"?ownershipControls", ownershipOf(words[2]))
	case "put":
		s.must(t, root, "PUT", "/"+words[1]+"/"+words[2], strings.Join(words[3:], " "))
	case "sleep":
		pause, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
	default:
		t.Fatalf("unknown preparation %q", words)
	}
}

const oneWebsite = `<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument>
<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect></RoutingRule>
<RoutingRule><Condition><HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals><KeyPrefixEquals>old/</KeyPrefixEquals></Condition>
<Redirect><HostName>old.example.com</HostName><Protocol>https</Protocol><HttpRedirectCode>307</HttpRedirectCode></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`

const oneNotification = `<NotificationConfiguration><QueueConfiguration><Id>images</Id><Queue>arn:aws:sqs:us-east-1:111122223333:audit</Queue>
<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>img/</Value></FilterRule></S3Key></Filter>
</QueueConfiguration></NotificationConfiguration>`

const twoCORSRules = `<CORSConfiguration><CORSRule><ID>app</ID><AllowedOrigin>https://app.example.com</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>
<MaxAgeSeconds>600</MaxAgeSeconds></CORSRule><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`

// names are the values that differ from run to run, by the name that stands
// for them.
type names struct {
	values  map[string]string
	secrets map[string]string // by key id
}

func (n *names) key(name string) keyPair {
	switch name {
	case "NOBODY":
		return anonymous
	case "ROOT":
		return root
	case "OTHER":
		return otherRoot
	case "UNKNOWN":
		return keyPair{"AKIAUNKNOWNUNKNOWNUN", "secret"}
	}
	return keyPair{n.values[name], n.secrets[n.values[name]]}
}

var (
	requestIDs = regexp.MustCompile(`<(RequestId|HostId)>[0-9A-F]{16}</(?:RequestId|HostId)>`)
	keyIDs     = regexp.MustCompile(`AKIA[A-Z2-7]{16}`)
	// Ids begin with the time, which is that of the bubble.
	versions = regexp.MustCompile(`(?:Version-Id: |VersionId>|VersionIdMarker>)(0d2[0-9a-f]{29})`)
	uploads  = regexp.MustCompile(`(?:UploadId>|UploadIdMarker>)(0d2[0-9a-f]{29})`)
)

func (n *names) hide(text string) string {
	for _, m := range versions.FindAllStringSubmatch(text, -1) {
		text = strings.ReplaceAll(text, m[1], n.name("VERSION", m[1]))
	}
	for _, m := range uploads.FindAllStringSubmatch(text, -1) {
		text = strings.ReplaceAll(text, m[1], n.name("UPLOAD", m[1]))
	}
	return keyIDs.ReplaceAllStringFunc(text, func(id string) string {
		if n.secrets[id] == "" {
			return id // a fixed one
		}
		return n.name("KEY", id)
	})
}

func (n *names) name(kind, value string) string {
	for name, v := range n.values {
		if v == value {
			return "{" + name + "}"
		}
	}
	for i := 1; ; i++ {
		if free := fmt.Sprint(kind, i); n.values[free] == "" {
			n.values[free] = value
			return "{" + free + "}"
		}
	}
}

func (n *names) show(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "Authorization: {") {
			continue
		}
		for name, value := range n.values {
			line = strings.ReplaceAll(line, "{"+name+"}", value)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
