package keyhaven

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateTag(t *testing.T) {
	for _, tt := range []struct {
		key, value string
		ok         bool
	}{
		{"a", "", true},
		{"team", "web site", true},
		{"+-=._:/@ ", "+-=._:/@ ", true},
		{"größe", "大きい", true},
		{"n", "٣½", true}, // numbers are more than digits
		{strings.Repeat("é", 128), strings.Repeat("é", 256), true},
		{"xaws:", "aws:", true},
		{"", "a", false},
		{strings.Repeat("é", 129), "", false},
		{"a", strings.Repeat("é", 257), false},
		{"aws:a", "", false},
		{"AwS:a", "", false},
		{"a\tb", "", false},
		{"a", "b\n", false},
		{"a#", "", false},
		{"a", "<b>", false},
		{"a", "💾", false},
		{"a\xff", "", false},
		{"a", "\xff", false},
	} {
		err := ValidateTag(Tag{Key: tt.key, Value: tt.value})
		if tt.ok != (err == nil) || err != nil && !Is(err, Invalid, NounTag) {
			t.Errorf("ValidateTag(%.20q, %.20q) = %v", tt.key, tt.value, err)
		}
	}
}

func TestValidateTags(t *testing.T) {
	var tags []Tag
	for i := range MaxTags {
		tags = append(tags, Tag{Key: fmt.Sprint(i)})
	}
	if err := ValidateTags(tags); err != nil {
		t.Errorf("ValidateTags() of fifty = %v", err)
	}
	if err := ValidateTags(append(tags, Tag{Key: "x"})); !Is(err, LimitExceeded, NounTag) {
		t.Errorf("ValidateTags() of fifty-one = %v", err)
	}
	if err := ValidateTags([]Tag{{Key: "a"}, {Key: "b"}, {Key: "a"}}); !Is(err, Invalid, NounTag) {
		t.Errorf("ValidateTags() of a key twice = %v", err)
	}
	if err := ValidateTags([]Tag{{Key: "a"}, {Key: "A"}}); err != nil {
		t.Errorf("ValidateTags() of keys in two cases = %v", err)
	}
}

func TestMergeAndRemoveTags(t *testing.T) {
	have := []Tag{{Key: "a", Value: "1"}, {Key: "b"}}
	merged := MergeTags(have, []Tag{{Key: "b", Value: "2", HasValue: true}, {Key: "c"}})
	want := []Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2", HasValue: true}, {Key: "c"}}
	if d := cmp.Diff(want, merged); d != "" {
		t.Errorf("MergeTags (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Tag{{Key: "b", Value: "2", HasValue: true}}, RemoveTags(merged, []string{"a", "c", "x"})); d != "" {
		t.Errorf("RemoveTags (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Tag{{Key: "a", Value: "1"}, {Key: "b"}}, have); d != "" {
		t.Errorf("what they were given changed:\n%s", d)
	}
	if got := RemoveTags(have, []string{"a", "b"}); len(got) != 0 {
		t.Errorf("RemoveTags of all = %v", got)
	}
}
