package query

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
)

// rule is what the service models say of a member, which has one meaning in all
// operations. Lengths are in characters.
type rule struct {
	min, max int
	pattern  string
	re       *regexp.Regexp
}

func text(least, most int, pattern string) rule {
	return rule{least, most, pattern, regexp.MustCompile(`^(?:` + pattern + `)$`)}
}

const (
	namePattern = `[\w+=,.@-]+`
	pathPattern = `(/)|(/[!-~]+/)`
)

// RootUserName is how operations that need a user's name are told that the root
// means itself; no user can have it. AWS's own console does so.
const RootUserName = "AWS ROOT USER"

// rules are those of the models of IAM 2010-05-08 and STS 2011-06-15.
var rules = map[string]rule{
	"UserName":                 {1, 128, namePattern, regexp.MustCompile("^(?:" + RootUserName + "|" + namePattern + ")$")},
	"NewUserName":              text(1, 64, namePattern),
	"GroupName":                text(1, 128, namePattern),
	"NewGroupName":             text(1, 128, namePattern),
	"RoleName":                 text(1, 64, namePattern),
	"PolicyName":               text(1, 128, namePattern),
	"InstanceProfileName":      text(1, 128, namePattern),
	"AccessKeyId":              text(3, 128, `[\w.-]+`), // the model has 16 of \w; keys that were brought along are shorter
	"Path":                     text(1, 512, pathPattern),
	"NewPath":                  text(1, 512, pathPattern),
	"PathPrefix":               text(1, 512, `/[!-~]*`),
	"PolicyArn":                text(20, 2048, `[!-~]+`),
	"PermissionsBoundary":      text(20, 2048, `[!-~]+`),
	"RoleArn":                  text(20, 2048, `[!-~]+`),
	"VersionId":                text(1, 21, `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`),
	"PolicyDocument":           text(1, 131072, `(?s).+`),
	"AssumeRolePolicyDocument": text(1, 131072, `(?s).+`),
	"Marker":                   text(1, 1024, `[!-~]+`),
	"AccountAlias":             text(3, 63, `[a-z0-9]([a-z0-9-]*[a-z0-9])?`),
	"RoleSessionName":          text(2, 64, `[\w+=,.@-]*`),
	"ExternalId":               text(2, 1224, `[\w+=,.@:/-]*`),
	"SourceIdentity":           text(2, 64, `[\w+=,.@-]*`),
	"Status":                   text(1, 16, `Active|Inactive`),
	"VirtualMFADeviceName":     text(1, 226, namePattern),
	"SerialNumber":             text(9, 256, `[\w+=/:,.@-]+`),
	"AuthenticationCode1":      text(6, 6, `\d+`),
	"AuthenticationCode2":      text(6, 6, `\d+`),
	"TokenCode":                text(6, 6, `\d*`),
	"AssignmentStatus":         text(1, 16, `Assigned|Unassigned|Any`),
}

// ValidationError is how the models' constraints are told.
func ValidationError(value, member, constraint string) error {
	member = strings.ToLower(member[:1]) + member[1:]
	return &keyhaven.Error{
		Kind: keyhaven.Invalid, Noun: keyhaven.NounNone,
		Msg: "1 validation error detected: Value " + value + " at '" + member + "' failed to satisfy constraint: Member must " + constraint,
	}
}

// validate applies the rules of the models to an input.
func validate(in any, required []string) error {
	v := reflect.ValueOf(in).Elem()
	for _, name := range required {
		f := v.FieldByName(name)
		if !f.IsValid() || f.IsZero() {
			return ValidationError("null", name, "not be null")
		}
	}
	for i := range v.NumField() {
		f := v.Field(i)
		name := v.Type().Field(i).Name
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		if name == "MaxItems" && f.Kind() == reflect.Int32 {
			if n := f.Int(); n < 1 || n > 1000 {
				return ValidationError("'"+strconv.FormatInt(n, 10)+"'", name, "have value between 1 and 1000")
			}
		}
		r, ok := rules[name]
		if !ok || f.Kind() != reflect.String || v.Field(i).IsZero() {
			continue
		}
		if err := r.check(name, f.String()); err != nil {
			return err
		}
	}
	return nil
}

func (r rule) check(name, s string) error {
	shown := "'" + shorten(s, 128) + "'"
	if strings.Contains(name, "Code") { // a secret for as long as it is good
		shown = "'******'"
	}
	switch n := utf8.RuneCountInString(s); {
	case n < r.min:
		return ValidationError(shown, name, "have length greater than or equal to "+strconv.Itoa(r.min))
	case n > r.max:
		return ValidationError(shown, name, "have length less than or equal to "+strconv.Itoa(r.max))
	case (name == "Status" || name == "AssignmentStatus") && !r.re.MatchString(s):
		return ValidationError(shown, name, "satisfy enum value set: ["+strings.ReplaceAll(r.pattern, "|", ", ")+"]")
	case !r.re.MatchString(s) || !utf8.ValidString(s):
		return ValidationError(shown, name, "satisfy regular expression pattern: "+r.pattern)
	}
	return nil
}

// shorten bounds what an answer repeats of a request, in bytes.
func shorten(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
