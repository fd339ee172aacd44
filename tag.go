package keyhaven

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tag is a resource tag. HasValue tells a key-only tag from one with an empty
// value.
type Tag struct {
	Key      string
	Value    string
	HasValue bool
}

// The limits of resource tags (spec/lightsail-api.md §3), in characters.
const (
	MaxTags          = 50
	maxTagKeyChars   = 128
	maxTagValueChars = 256
)

// MaxObjectTags is how many tags an object can have (S3 user guide,
// "Categorizing your objects using tags"); their keys and values have the limits
// of resource tags.
const MaxObjectTags = 10

// ValidateTags applies the rules for the complete tag set of one resource.
func ValidateTags(tags []Tag) error {
	return validateTags(tags, MaxTags, "A resource can have at most 50 tags.")
}

// ValidateObjectTags applies the rules for the complete tag set of one object.
func ValidateObjectTags(tags []Tag) error {
	return validateTags(tags, MaxObjectTags, "Object tags cannot be greater than 10")
}

func validateTags(tags []Tag, most int, tooMany string) error {
	if len(tags) > most {
		return &Error{Kind: LimitExceeded, Noun: NounTag, Msg: tooMany}
	}
	seen := make(map[string]bool, len(tags))
	for _, t := range tags {
		if err := ValidateTag(t); err != nil {
			return err
		}
		if seen[t.Key] {
			return invalidTag(t.Key, "Tag keys must be unique.")
		}
		seen[t.Key] = true
	}
	return nil
}

// ValidateTag applies the rules for one tag.
func ValidateTag(t Tag) error {
	switch n := utf8.RuneCountInString(t.Key); {
	case n < 1 || n > maxTagKeyChars:
		return invalidTag(t.Key, "A tag key must have 1 to 128 characters.")
	case utf8.RuneCountInString(t.Value) > maxTagValueChars:
		return invalidTag(t.Key, "A tag value must have at most 256 characters.")
	case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
		return invalidTag(t.Key, "The tag key prefix aws: is reserved.")
	case !validTagText(t.Key) || !validTagText(t.Value):
		return invalidTag(t.Key, "Tags may contain letters, digits, spaces and + - = . _ : / @ only.")
	}
	return nil
}

func invalidTag(key, msg string) error {
	return &Error{Kind: Invalid, Noun: NounTag, ID: key, Msg: msg}
}

func validTagText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Zs, r) && !strings.ContainsRune("+-=._:/@", r) {
			return false
		}
	}
	return true
}

// MergeTags returns tags with those of add put in, replacing equal keys.
func MergeTags(tags, add []Tag) []Tag {
	out := append([]Tag(nil), tags...)
next:
	for _, a := range add {
		for i := range out {
			if out[i].Key == a.Key {
				out[i] = a
				continue next
			}
		}
		out = append(out, a)
	}
	return out
}

// RemoveTags returns tags without those named.
func RemoveTags(tags []Tag, keys []string) []Tag {
	var out []Tag
next:
	for _, t := range tags {
		for _, k := range keys {
			if t.Key == k {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}
