package sigv4_test

import (
	"strings"
	"testing"
	"time"
)

// vector is one request of the AWS SigV4 test suite: key AKIDEXAMPLE, region
// us-east-1, service "service", 2015-08-30T12:36:00Z.
type vector struct {
	name, target string
	headers      []string
	body         string
	signed       string
	signature    string
}

const (
	suiteID   = "AKIDEXAMPLE"
	suiteDate = "X-Amz-Date:20150830T123600Z"
)

var suite = []vector{
	{
		"GET vanilla", "/", nil, "", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		"GET vanilla-empty-query-key", "/?Param1=value1", nil, "", "host;x-amz-date",
		"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
	},
	{
		"GET vanilla-query-order-key-case", "/?Param2=value2&Param1=value1", nil, "", "host;x-amz-date",
		"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	},
	{
		"GET vanilla-query-order-key", "/?Param1=value2&Param1=Value1", nil, "", "host;x-amz-date",
		"eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
	},
	{
		"GET vanilla-query-order-value", "/?Param1=value2&Param1=value1", nil, "", "host;x-amz-date",
		"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
	},
	{
		"GET vanilla-query-unreserved",
		"/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		nil, "", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	},
	{
		"GET vanilla-utf8-query", "/?\u1234=bar", nil, "", "host;x-amz-date",
		"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
	},
	{
		"GET unreserved", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", nil, "", "host;x-amz-date",
		"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	},
	{
		"GET utf8", "/\u1234", nil, "", "host;x-amz-date",
		"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
	},
	{
		"GET relative", "/example/..", nil, "", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		"GET relative-relative", "/example1/example2/../..", nil, "", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		"GET slash", "//", nil, "", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		"GET slash-dot-slash", "/./", nil, "", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		"GET slash-pointless-dot", "/./example", nil, "", "host;x-amz-date",
		"ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
	},
	{
		"GET slashes", "//example//", nil, "", "host;x-amz-date",
		"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
	},
	{
		"GET header-key-duplicate", "/",
		[]string{"My-Header1:value2", "My-Header1:value2", "My-Header1:value1"},
		"",
		"host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	},
	{
		"GET header-value-multiline", "/",
		[]string{"My-Header1:value1\r\n  value2\r\n     value3"},
		"",
		"host;my-header1;x-amz-date", "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
	},
	{
		"GET header-value-order", "/",
		[]string{"My-Header1:value4", "My-Header1:value1", "My-Header1:value3", "My-Header1:value2"},
		"",
		"host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	},
	{
		"GET header-value-trim", "/",
		[]string{"My-Header1: value1", "My-Header2: \"a   b   c\""},
		"",
		"host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	},
	{
		"POST vanilla", "/", nil, "", "host;x-amz-date",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	},
	{
		"POST vanilla-query", "/?Param1=value1", nil, "", "host;x-amz-date",
		"28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
	},
	{
		"POST header-key-case", "/", nil, "", "host;x-amz-date",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	},
	{
		"POST header-key-sort", "/",
		[]string{"My-Header1:value1"},
		"", "host;my-header1;x-amz-date",
		"c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	},
	{
		"POST header-value-case", "/",
		[]string{"My-Header1:VALUE1"},
		"", "host;my-header1;x-amz-date",
		"cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
	},
	{
		"POST sts-header-after", "/",
		[]string{"X-Amz-Security-Token:AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="},
		"", "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
	},
	{
		"POST x-www-form-urlencoded", "/",
		[]string{"Content-Type:application/x-www-form-urlencoded", "Content-Length:13"},
		"Param1=value1", "content-type;host;x-amz-date",
		"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
	},
	{
		"POST x-www-form-urlencoded-parameters", "/",
		[]string{"Content-Type:application/x-www-form-urlencoded; charset=utf8", "Content-Length:13"},
		"Param1=value1", "content-type;host;x-amz-date",
		"1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
	},
}

func TestSuiteVectors(t *testing.T) {
	for _, v := range suite {
		t.Run(v.name, func(t *testing.T) {
			method, _, _ := strings.Cut(v.name, " ")
			auth := "Authorization:AWS4-HMAC-SHA256 Credential=" + suiteID + "/20150830/us-east-1/service/aws4_request, " +
				"SignedHeaders=" + v.signed + ", Signature=" + v.signature
			lines := append([]string{method + " " + v.target + " HTTP/1.1", "Host:example.amazonaws.com", suiteDate, auth}, v.headers...)
			r := receive(t, strings.Join(lines, "\r\n")+"\r\n\r\n"+v.body)
			now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
			if _, err := accept(r, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", now); err != nil {
				t.Errorf("Verify = %v", err)
			}
		})
	}
}
