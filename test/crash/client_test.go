package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// client is the api of a running server, on the wire.
type client struct {
	endpoint string
	http     *http.Client
	key      accessKey
}

var _ api = (*client)(nil)

func newClient(endpoint string) *client {
	return &client{
		endpoint: endpoint,
		http:     &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, DisableCompression: true}},
		key:      accessKey{rootID, rootSecret},
	}
}

func (c *client) signer(service string) sigv4test.Signer {
	return sigv4test.Signer{AccessKeyID: c.key.id, Secret: keyhaven.NewSecret(c.key.secret), Region: region, Service: service}
}

// statusError is an answer that is no success.
type statusError struct {
	status int
	code   string
	body   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("status %d %s: %.300s", e.status, e.code, e.body)
}

// failure puts an answer into the words of the workload. After 5xx the outcome
// is open.
func failure(status int, body []byte) error {
	e := &statusError{status: status, body: string(body)}
	var doc struct{ Code string }
	if xml.Unmarshal(body, &doc) == nil {
		e.code = doc.Code
	}
	switch {
	case status == http.StatusNotFound, strings.Contains(e.body, "NotFoundException"):
		return fmt.Errorf("%w: %w", errAbsent, e)
	case status >= 400 && status < 500 && e.code != "RequestTimeout":
		return fmt.Errorf("%w: %w", errRefused, e)
	}
	return e
}

// do sends a request of S3 and returns the answer's body.
func (c *client) do(method, path string, query url.Values, body []byte, header http.Header) (http.Header, []byte, error) {
	u := c.endpoint + (&url.URL{Path: path}).EscapedPath()
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(context.Background(), method, u, nil)
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	c.signer("s3").SignHeader(req, body)
	return c.send(req)
}

func (c *client) send(req *http.Request) (http.Header, []byte, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: body: %w", req.Method, req.URL, err)
	}
	if res.StatusCode >= 300 {
		return res.Header, answer, fmt.Errorf("%s %s: %w", req.Method, req.URL, failure(res.StatusCode, answer))
	}
	return res.Header, answer, nil
}

// lightsail sends a call of Lightsail.
func (c *client) lightsail(operation string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.endpoint+"/", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "Lightsail_20161128."+operation)
	c.signer("lightsail").SignHeader(req, body)
	_, answer, err := c.send(req)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

func (c *client) createBucket(name string, versioned bool) error {
	err := c.lightsail("CreateBucket", map[string]any{"bucketName": name, "bundleId": keyhaven.DefaultBundleID}, nil)
	if err != nil || !versioned {
		return err
	}
	return c.lightsail("UpdateBucket", map[string]any{"bucketName": name, "versioning": "Enabled"}, nil)
}

func (c *client) deleteBucket(name string) error {
	return c.lightsail("DeleteBucket", map[string]any{"bucketName": name, "forceDelete": true}, nil)
}

func (c *client) buckets() ([]string, error) {
	_, body, err := c.do(http.MethodGet, "/", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Names []string `xml:"Buckets>Bucket>Name"`
	}
	err = xml.Unmarshal(body, &doc)
	return doc.Names, err
}

func (c *client) put(bucket, key string, body []byte, ifAbsent bool) error {
	header := http.Header{}
	if ifAbsent {
		header.Set("If-None-Match", "*")
	}
	h, _, err := c.do(http.MethodPut, "/"+bucket+"/"+key, nil, body, header)
	if err == nil && h.Get("Etag") != `"`+sumOf(body)+`"` {
		return fmt.Errorf("put of %s: entity tag %s of other bytes", key, h.Get("Etag"))
	}
	return err
}

func (c *client) copyObject(bucket, from, to string) error {
	_, body, err := c.do(http.MethodPut, "/"+bucket+"/"+to, nil, nil, http.Header{"X-Amz-Copy-Source": {"/" + bucket + "/" + from}})
	if err == nil && !bytes.Contains(body, []byte("CopyObjectResult")) {
		return fmt.Errorf("copy to %s: %s", to, body) // an error may come with 200
	}
	return err
}

func (c *client) get(bucket, key, version string) ([]byte, error) {
	query := url.Values{}
	if version != "" {
		query.Set("versionId", version)
	}
	h, body, err := c.do(http.MethodGet, "/"+bucket+"/"+key, query, nil, nil)
	if err != nil {
		return nil, err
	}
	if tag := strings.Trim(h.Get("Etag"), `"`); !strings.Contains(tag, "-") && tag != sumOf(body) {
		return nil, fmt.Errorf("R16: %s has the entity tag %s, the answer the MD5 %s", key, tag, sumOf(body))
	}
	return body, nil
}

func (c *client) remove(bucket, key, version string) error {
	query := url.Values{}
	if version != "" {
		query.Set("versionId", version)
	}
	_, _, err := c.do(http.MethodDelete, "/"+bucket+"/"+key, query, nil, nil)
	return err
}

func (c *client) list(bucket string) (all []listed, err error) {
	query := url.Values{"list-type": {"2"}, "max-keys": {"100"}}
	for {
		_, body, err := c.do(http.MethodGet, "/"+bucket, query, nil, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Contents []struct {
				Key  string
				Size int64
				ETag string
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		if err := xml.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			all = append(all, listed{o.Key, o.Size, strings.Trim(o.ETag, `"`)})
		}
		if !page.IsTruncated {
			return all, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
}

func (c *client) versions(bucket, key string) ([]version, error) {
	_, body, err := c.do(http.MethodGet, "/"+bucket, url.Values{"versions": {""}, "prefix": {key}}, nil, nil)
	if err != nil {
		return nil, err
	}
	// Versions and delete markers are mixed, in order.
	var doc struct {
		Entries []struct {
			XMLName   xml.Name
			Key       string
			VersionID string `xml:"VersionId"`
			IsLatest  bool
		} `xml:",any"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	var all []version
	for _, e := range doc.Entries {
		if (e.XMLName.Local == "Version" || e.XMLName.Local == "DeleteMarker") && e.Key == key {
			all = append(all, version{e.VersionID, e.XMLName.Local == "DeleteMarker", e.IsLatest})
		}
	}
	return all, nil
}

func (c *client) createUpload(bucket, key string) (string, error) {
	_, body, err := c.do(http.MethodPost, "/"+bucket+"/"+key, url.Values{"uploads": {""}}, nil, nil)
	if err != nil {
		return "", err
	}
	var doc struct {
		ID string `xml:"UploadId"`
	}
	err = xml.Unmarshal(body, &doc)
	return doc.ID, err
}

func (c *client) putPart(bucket, key, id string, number int, body []byte) (string, error) {
	h, _, err := c.do(http.MethodPut, "/"+bucket+"/"+key, url.Values{"partNumber": {strconv.Itoa(number)}, "uploadId": {id}}, body, nil)
	return strings.Trim(h.Get("Etag"), `"`), err
}

func (c *client) complete(bucket, key, id string, parts []part) error {
	var doc bytes.Buffer
	doc.WriteString("<CompleteMultipartUpload>")
	for _, p := range parts {
		fmt.Fprintf(&doc, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", p.number, p.etag)
	}
	doc.WriteString("</CompleteMultipartUpload>")
	_, body, err := c.do(http.MethodPost, "/"+bucket+"/"+key, url.Values{"uploadId": {id}}, doc.Bytes(), nil)
	if err == nil && !bytes.Contains(body, []byte("CompleteMultipartUploadResult")) {
		return failure(http.StatusBadRequest, body) // an error may come with 200
	}
	return err
}

func (c *client) abort(bucket, key, id string) error {
	_, _, err := c.do(http.MethodDelete, "/"+bucket+"/"+key, url.Values{"uploadId": {id}}, nil, nil)
	return err
}

func (c *client) uploads(bucket string) ([]upload, error) {
	_, body, err := c.do(http.MethodGet, "/"+bucket, url.Values{"uploads": {""}}, nil, nil)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Upload []struct {
			Key string
			ID  string `xml:"UploadId"`
		}
	}
	err = xml.Unmarshal(body, &doc)
	var all []upload
	for _, u := range doc.Upload {
		all = append(all, upload{u.Key, u.ID})
	}
	return all, err
}

func (c *client) parts(bucket, key, id string) ([]part, error) {
	_, body, err := c.do(http.MethodGet, "/"+bucket+"/"+key, url.Values{"uploadId": {id}}, nil, nil)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Part []struct {
			PartNumber int
			ETag       string
			Size       int64
		}
	}
	err = xml.Unmarshal(body, &doc)
	var all []part
	for _, p := range doc.Part {
		all = append(all, part{p.PartNumber, strings.Trim(p.ETag, `"`), p.Size})
	}
	return all, err
}

func (c *client) createKey(bucket string) (accessKey, error) {
	var out struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	err := c.lightsail("CreateBucketAccessKey", map[string]any{"bucketName": bucket}, &out)
	return accessKey{out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey}, err
}

func (c *client) deleteKey(bucket, id string) error {
	return c.lightsail("DeleteBucketAccessKey", map[string]any{"bucketName": bucket, "accessKeyId": id}, nil)
}

func (c *client) keys(bucket string) (ids []string, err error) {
	var out struct {
		AccessKeys []struct{ AccessKeyID string }
	}
	err = c.lightsail("GetBucketAccessKeys", map[string]any{"bucketName": bucket}, &out)
	for _, k := range out.AccessKeys {
		ids = append(ids, k.AccessKeyID)
	}
	slices.Sort(ids)
	return ids, err
}

// accepted signs a request with the key: what is refused for its signature is
// not accepted, whatever else the key may or may not do.
func (c *client) accepted(bucket string, k accessKey) (bool, error) {
	as := *c
	as.key = k
	_, _, err := as.do(http.MethodGet, "/"+bucket, url.Values{"list-type": {"2"}, "max-keys": {"1"}}, nil, nil)
	if err == nil {
		return true, nil
	}
	switch {
	case strings.Contains(err.Error(), "InvalidAccessKeyId"), strings.Contains(err.Error(), "SignatureDoesNotMatch"):
		return false, nil
	case strings.Contains(err.Error(), "AccessDenied"), strings.Contains(err.Error(), "NoSuchBucket"):
		return true, nil
	}
	return false, err
}
