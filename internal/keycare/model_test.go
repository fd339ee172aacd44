package keycare

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/jsondoor"
)

// TestModel holds the service model for aws-cli against the door: the same
// operations, the same members, and the errors that the door can answer.
func TestModel(t *testing.T) {
	raw, err := os.ReadFile("../../docs/keyhaven-api/service-2.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct {
		Metadata   map[string]string
		Operations map[string]struct {
			Input, Output struct{ Shape string }
			Errors        []struct{ Shape string }
		}
		Shapes map[string]struct {
			Members   map[string]any
			Exception bool
		}
	}
	if err := json.Unmarshal(raw, &model); err != nil {
		t.Fatal(err)
	}
	if m := model.Metadata; m["targetPrefix"] != Target || m["signingName"] != Service || m["jsonVersion"] != "1.1" {
		t.Errorf("metadata = %v", m)
	}
	answers := jsondoor.Common()
	for _, f := range types {
		answers = append(answers, f.Type)
	}
	slices.Sort(answers)
	answers = slices.Compact(answers)
	for name, op := range model.Operations {
		var listed []string
		for _, e := range op.Errors {
			listed = append(listed, e.Shape)
		}
		slices.Sort(listed)
		if !slices.Equal(listed, answers) {
			t.Errorf("%s can answer %v, the model says %v", name, answers, listed)
		}
	}
	for name, shape := range model.Shapes {
		if is := slices.Contains(answers, name); shape.Exception != is {
			t.Errorf("%s is an error in the model: %t, of the door: %t", name, shape.Exception, is)
		}
	}
	var names []string
	for name := range model.Operations {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := New(Options{}).Operations(); !slices.Equal(got, names) {
		t.Errorf("the door has %v, the model %v", got, names)
	}
	for shape, v := range map[string]any{
		"AccessKey": keyShape{}, "Scope": scopeShape{}, "LastUsed": useShape{}, "Activity": activityShape{}, "Rotation": rotationShape{},
		"GetBucketAccessKeysRequest": bucketInput{}, "GetAccessKeyRequest": keyInput{}, "UpdateAccessKeyRequest": updateInput{},
		"ImportBucketAccessKeyRequest": importInput{}, "ImportAccessKeyRequest": importUserInput{}, "RotateBucketAccessKeyRequest": rotateInput{}, "StepBucketAccessKeyRotationRequest": stepInput{},
		"Account": accountShape{}, "Contents": contentsShape{}, "Invitation": invitationShape{}, "ListAccountsRequest": listAccountsInput{},
		"GetAccountRequest": accountInput{}, "CreateAccountRequest": createAccountInput{}, "CreateAccountInvitationRequest": accountInput{}, "CloseAccountRequest": accountInput{},
	} {
		var want []string
		for member := range model.Shapes[shape].Members {
			want = append(want, member)
		}
		got := members(reflect.TypeOf(v))
		if strings.HasPrefix(shape, "Import") { // a key is imported active, and only those of buckets have a scope
			got = slices.DeleteFunc(got, func(m string) bool { return m == "status" || m == "scope" && shape == "ImportAccessKeyRequest" })
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, the model %v", shape, got, want)
		}
	}
}

func members(typ reflect.Type) (out []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			out = append(out, members(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}
