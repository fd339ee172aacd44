package lightsail

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

// facts are the condition keys that this door knows of a request: the tags that
// it gives or takes (Service Authorization Reference, "Condition keys for Amazon
// Lightsail").
type facts struct{ in any }

// Lookup implements policy.Context.
func (f facts) Lookup(key string) []string {
	tags, keys := f.tags()
	if key == "aws:tagkeys" {
		if keys != nil {
			return keys
		}
		return access.TagKeys(tags)
	}
	if name, ok := strings.CutPrefix(key, "aws:requesttag/"); ok {
		return access.TagValue(tags, name)
	}
	return nil
}

// tags are those that the request gives, or the keys of those that it takes.
// Tags without a key are refused later.
func (f facts) tags() (tags []keyhaven.Tag, keys []string) {
	switch in := f.in.(type) {
	case *lightsail.CreateBucketInput:
		tags, _ = tagsOf(in.Tags)
	case *lightsail.CreateInstancesInput:
		tags, _ = tagsOf(in.Tags)
	case *lightsail.TagResourceInput:
		tags, _ = tagsOf(in.Tags)
	case *lightsail.UntagResourceInput:
		keys = in.TagKeys
	}
	return tags, keys
}
