package s3_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// reported returns the reports that wait for a webhook, the test message first.
func (s *server) reported(t *testing.T, webhook string) (events []map[string]any) {
	t.Helper()
	err := s.meta.View(t.Context(), func(r *meta.Reader) error {
		waiting, err := r.Events(webhook, 1000)
		for _, e := range waiting {
			var doc map[string]any
			if err := json.Unmarshal(e.Body, &doc); err != nil {
				return err
			}
			if list, ok := doc["Records"].([]any); ok {
				doc = list[0].(map[string]any)
			}
			events = append(events, doc)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func at(doc map[string]any, path string) any {
	var v any = doc
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func TestNotifications(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	s.versioning(t, "photos", keyhaven.VersioningEnabled)
	key := s.newKey(t, "photos")
	s.must(t, root, "PUT", "/photos/img/before", "x")
	s.must(t, root, "PUT", "/photos?notification", strings.Replace(oneNotification, "</QueueConfiguration>", `</QueueConfiguration>
<QueueConfiguration><Id>meta</Id><Queue>arn:aws:sqs:us-east-1:111122223333:other</Queue><Event>s3:ObjectTagging:*</Event><Event>s3:ObjectAcl:Put</Event></QueueConfiguration>`, 1))

	put := s.must(t, key, "PUT", "/photos/img/a%20b.jpg", "hello")
	s.must(t, root, "PUT", "/photos/other/a.jpg", "hello") // no rule
	s.must(t, root, "PUT", "/photos/img/c", "", "X-Amz-Copy-Source: photos/img/a%20b.jpg")
	up := s.must(t, root, "POST", "/photos/img/big?uploads", "").element("UploadId")
	part := s.must(t, root, "PUT", "/photos/img/big?partNumber=1&uploadId="+up, "x").header.Get("Etag")
	complete := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + part + "</ETag></Part></CompleteMultipartUpload>"
	s.must(t, root, "POST", "/photos/img/big?uploadId="+up, complete)
	s.must(t, root, "POST", "/photos/img/big?uploadId="+up, complete) // the same again
	s.must(t, root, "PUT", "/photos/img/c?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>")
	s.must(t, root, "DELETE", "/photos/img/c?tagging", "")
	s.must(t, root, "PUT", "/photos/img/c?acl", "", "X-Amz-Acl: private")
	s.must(t, root, "DELETE", "/photos/img/c", "")
	s.must(t, root, "DELETE", "/photos/img/a%20b.jpg?versionId="+put.header.Get("X-Amz-Version-Id"), "")
	s.must(t, root, "DELETE", "/photos/img/none?versionId="+put.header.Get("X-Amz-Version-Id"), "") // nothing there
	s.must(t, root, "POST", "/photos?delete", "<Delete><Object><Key>img/big</Key></Object><Object><Key>x/y</Key></Object></Delete>")
	s.do(t, root, "PUT", "/photos/img/d", "x", "If-Match: none").want(t, 404, "NoSuchKey") // did not happen

	var names []string
	events := s.reported(t, "audit")
	for _, e := range events[1:] {
		names = append(names, at(e, "eventName").(string)+" "+at(e, "s3.object.key").(string))
	}
	want := []string{
		"ObjectCreated:Put img%2Fa+b.jpg", "ObjectCreated:Copy img%2Fc", "ObjectCreated:CompleteMultipartUpload img%2Fbig",
		"ObjectRemoved:DeleteMarkerCreated img%2Fc", "ObjectRemoved:Delete img%2Fa+b.jpg", "ObjectRemoved:DeleteMarkerCreated img%2Fbig",
	}
	if strings.Join(names, "\n") != strings.Join(want, "\n") {
		t.Errorf("reports:\n%s\nwant:\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	if at(events[0], "Event") != "s3:TestEvent" || at(events[0], "Bucket") != "photos" {
		t.Errorf("the first message = %v", events[0])
	}
	for path, want := range map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region,
		"userIdentity.principalId":            "AWS:arn:aws:lightsail::111122223333:bucket-access-key/photos/" + key.id,
		"requestParameters.sourceIPAddress":   "192.0.2.1",
		"responseElements.x-amz-request-id":   put.header.Get("X-Amz-Request-Id"),
		"s3.s3SchemaVersion":                  "1.0",
		"s3.configurationId":                  "images",
		"s3.bucket.name":                      "photos",
		"s3.bucket.ownerIdentity.principalId": string(account),
		"s3.bucket.arn":                       "arn:aws:s3:::photos",
		"s3.object.size":                      float64(5),
		"s3.object.eTag":                      strings.Trim(put.header.Get("Etag"), `"`),
		"s3.object.versionId":                 put.header.Get("X-Amz-Version-Id"),
	} {
		if got := at(events[1], path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	if first, second := at(events[1], "s3.object.sequencer").(string), at(events[2], "s3.object.sequencer").(string); len(first) != 16 || first >= second {
		t.Errorf("sequencers %s, %s are not in order", first, second)
	}
	if at(events[4], "s3.object.size") != nil || at(events[4], "s3.object.eTag") != nil {
		t.Errorf("a removal = %v", events[4])
	}
	var other []string
	for _, e := range s.reported(t, "other")[1:] {
		other = append(other, at(e, "eventName").(string))
	}
	if strings.Join(other, " ") != "ObjectTagging:Put ObjectTagging:Delete ObjectAcl:Put" {
		t.Errorf("reports to the other webhook: %q", other)
	}
	// Without rules nothing is reported any more.
	s.must(t, root, "PUT", "/photos?notification", "<NotificationConfiguration/>")
	s.must(t, root, "PUT", "/photos/img/e", "x")
	if n := len(s.reported(t, "audit")); n != len(events) {
		t.Errorf("%d reports, want %d", n, len(events))
	}
}

func TestNotificationsOfLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.newBucket(t, "photos")
		s.must(t, root, "PUT", "/photos?notification", `<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:111122223333:audit</Queue>
<Event>s3:LifecycleExpiration:*</Event><Event>s3:ObjectRemoved:*</Event></QueueConfiguration></NotificationConfiguration>`, "X-Amz-Skip-Destination-Validation: true")
		s.must(t, root, "PUT", "/photos?lifecycle", "<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>")
		s.must(t, root, "PUT", "/photos/a.jpg", "hello")
		time.Sleep(72 * time.Hour)
		if err := s.objects.Lifecycles(t.Context()); err != nil {
			t.Fatal(err)
		}
		events := s.reported(t, "audit")
		if len(events) != 1 || at(events[0], "eventName") != "LifecycleExpiration:Delete" || at(events[0], "userIdentity.principalId") != "s3.amazonaws.com" {
			t.Errorf("reports = %v", events)
		}
	})
}
