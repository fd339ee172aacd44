package transfer

import (
	"strings"
	"testing"
)

// TestConvertPolicy: what MinIO's policies say is said, or nothing is.
func TestConvertPolicy(t *testing.T) {
	for in, want := range map[string]struct{ doc, left, err string }{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::b/*"],"Sid":"","Condition":{}}]}`: {
			doc: `{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::b/*"]}],"Version":"2012-10-17"}`,
		},
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`: {
			doc: `{"Statement":[{"Action":["s3:*"],"Effect":"Allow","Resource":["arn:aws:s3:::*"]}],"Version":"2012-10-17"}`,
		},
		`{"Statement":[{"Effect":"Allow","Action":["admin:*"]},{"Effect":"Allow","Action":["kms:*"],"Resource":["arn:minio:kms:::*"]}]}`: {left: "admin:* kms:*"},
		`{"Statement":[{"Effect":"Allow","Action":["s3:GetObject","admin:Heal"],"Resource":["arn:aws:s3:::${aws:username}/*"],"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`: {
			doc:  `{"Statement":[{"Action":["s3:GetObject"],"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}},"Effect":"Allow","Resource":["arn:aws:s3:::${aws:username}/*"]}],"Version":"2012-10-17"}`,
			left: "admin:Heal",
		},
		`{"Statement":[{"Effect":"Deny","NotAction":["s3:GetObject"],"Resource":["arn:aws:s3:::*"]}]}`:                                    {err: "NotAction"},
		`{"Statement":[{"Effect":"Allow","Action":["s3:*"]}]}`:                                                                            {err: "no resource"},
		`{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::${jwt:sub}/*"]}]}`:                                   {err: "variable"},
		`{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"],"Condition":{"StringLike":{"ldap:user":"x"}}}]}`: {err: "ldap:user"},
		`{"Statement":[{"Effect":"Allow","Action":{"x":1},"Resource":["arn:aws:s3:::*"]}]}`:                                               {err: "not what"},
		`[]`: {err: "no policy"},
		`{}`: {},
	} {
		doc, left, err := convertPolicy([]byte(in))
		if doc != want.doc || strings.Join(left, " ") != want.left || (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
			t.Errorf("convertPolicy(%s) =\n%s, %q, %v, want\n%s, %q, %s", in, doc, left, err, want.doc, want.left, want.err)
		}
	}
}
