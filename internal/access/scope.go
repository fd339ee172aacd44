package access

import (
	"encoding/json"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// literal keeps what a policy would take for a wildcard or a variable what it is
// (IAM User Guide, "IAM policy elements: variables": special characters).
var literal = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

type scopeStatement struct {
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// scopePolicies are the scope of a bucket's key as a session policy: the key may
// what both it and the bucket's other keys may. Nil for a key without one.
func scopePolicies(k *keyhaven.AccessKey) (*Policies, error) {
	if k.Owner != keyhaven.OwnerBucket || k.Care.Scope.IsZero() {
		return nil, nil
	}
	text, err := scopeDocument(k.BucketName, &k.Care.Scope)
	if err != nil {
		return nil, err
	}
	doc, err := policy.Parse(policy.Identity, text)
	if err != nil {
		return nil, err
	}
	return &Policies{Session: []policy.Policy{{Document: doc, ID: k.ID, Type: "Access Key Scope"}}}, nil
}

func scopeDocument(bucket string, s *keyhaven.KeyScope) ([]byte, error) {
	arn := "arn:aws:s3:::" + bucket
	objects := []string{arn + "/*"}
	var prefixes []string
	if len(s.Prefixes) > 0 {
		objects = nil
		for _, p := range s.Prefixes {
			objects = append(objects, arn+"/"+literal.Replace(p)+"*")
			prefixes = append(prefixes, literal.Replace(p)+"*")
		}
	}
	onObjects, onBucket := []string{"s3:*"}, []string{"s3:*"}
	if s.ReadOnly {
		onObjects = []string{"s3:GetObject*", "s3:ListMultipartUploadParts"}
		onBucket = []string{"s3:GetBucket*", "s3:ListBucket*", "s3:Get*Configuration"}
	}
	statements := []scopeStatement{{Effect: "Allow", Action: onObjects, Resource: objects}}
	if prefixes == nil {
		statements = append(statements, scopeStatement{Effect: "Allow", Action: onBucket, Resource: []string{arn}})
	} else {
		statements = append(statements,
			scopeStatement{Effect: "Allow", Action: []string{"s3:GetBucketLocation", "s3:GetBucketVersioning"}, Resource: []string{arn}},
			scopeStatement{
				Effect: "Allow", Action: []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}, Resource: []string{arn},
				Condition: map[string]map[string][]string{"StringLike": {"s3:prefix": prefixes}},
			})
	}
	if len(s.Networks) > 0 {
		for i := range statements {
			if statements[i].Condition == nil {
				statements[i].Condition = map[string]map[string][]string{}
			}
			statements[i].Condition["IpAddress"] = map[string][]string{"aws:SourceIp": s.Networks}
		}
	}
	return json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
}
