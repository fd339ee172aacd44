package policy

import "strings"

// ForBucket applies S3's own rules for the policy of a bucket: every resource is
// the bucket or below it, and every statement has an action that some of its
// resources can have. onBucket tells of an action in lower case whether it acts
// on buckets, onObject whether it acts on objects.
func (d *Document) ForBucket(name string, onBucket, onObject func(action string) bool) error {
	arn := "arn:aws:s3:::" + name
	for i := range d.Statements {
		s := &d.Statements[i]
		var bucket, object bool
		for _, r := range s.resourceText {
			switch {
			case r == "*":
				return wrong("Policy has invalid resource")
			case r == arn:
				bucket = true
			case strings.HasPrefix(r, arn+"/"):
				object = true
			default:
				b, o := mayReach(r, arn)
				if !b && !o {
					return wrong("Policy has invalid resource")
				}
				bucket, object = bucket || b, object || o
			}
		}
		if s.notResource || s.notAction {
			continue
		}
		if err := s.fits(bucket, object, onBucket, onObject); err != nil {
			return err
		}
	}
	return nil
}

// mayReach reports whether a resource with a wildcard in the bucket's name is
// about the bucket, about objects of it, or both: "arn:aws:s3:::photo*".
func mayReach(resource, arn string) (bucket, object bool) {
	i := strings.IndexAny(resource, "*?")
	if i < 0 || i > len(arn) || !strings.HasPrefix(arn, resource[:i]) {
		return false, false
	}
	p, ok := newARNPattern(resource, false)
	if !ok {
		return false, false
	}
	bucket, _ = p.match(arn, nil)
	return bucket, strings.HasSuffix(resource, "*") || strings.Contains(resource, "/")
}

func (s *Statement) fits(bucket, object bool, onBucket, onObject func(string) bool) error {
	for i, text := range s.actionTexts {
		b, o := true, true
		if !s.actions[i].all && !strings.ContainsAny(text, "*?") {
			action := strings.ToLower(text)
			b, o = onBucket(action), onObject(action)
		}
		if !b && !o {
			return wrong("Policy has invalid action")
		}
		if (!b || !bucket) && (!o || !object) {
			return wrong("Action does not apply to any resource(s) in statement")
		}
	}
	return nil
}
