package identity

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// The quotas of IAM ("IAM and AWS STS quotas"). Users, groups, roles and policies
// of an account are not limited in number.
const (
	maxAttached      = 10    // managed policies of a user, a group or a role
	maxGroups        = 10    // of a user
	maxManaged       = 6144  // characters of a managed policy, without white space
	maxTrust         = 2048  // of a role's trust policy
	maxUserInline    = 2048  // of all inline policies of a user
	maxGroupInline   = 5120  // of a group
	maxRoleInline    = 10240 // of a role
	maxPath          = 512
	minSession       = 3600 // seconds, of a role's longest session
	maxSession       = 43200
	maxDescription   = 1000
	maxURL           = 255
	maxClientIDs     = 100
	maxThumbprints   = 5
	maxPolicyName    = 128
	maxUserName      = 64
	maxGroupName     = 128
	maxRoleName      = 64
	maxProfileName   = 128
	maxInstanceName  = 255
	defaultPath      = "/"
	boundaryIsPolicy = "The permissions boundary must be the ARN of a managed policy."
)

// kind is what there is to say about a kind of entity in errors.
type kind struct {
	code    byte
	noun    keyhaven.Noun
	what    string // in "The user with name x cannot be found."
	prefix  string // of unique ids
	maxName int
	inline  int // characters
}

var (
	users     = kind{meta.EntityUser, keyhaven.NounUser, "user", userPrefix, maxUserName, maxUserInline}
	groups    = kind{meta.EntityGroup, keyhaven.NounGroup, "group", groupPrefix, maxGroupName, maxGroupInline}
	roles     = kind{meta.EntityRole, keyhaven.NounRole, "role", rolePrefix, maxRoleName, maxRoleInline}
	policies  = kind{meta.EntityPolicy, keyhaven.NounPolicy, "policy", policyPrefix, maxPolicyName, 0}
	profiles  = kind{meta.EntityProfile, keyhaven.NounInstanceProfile, "instance profile", profilePrefix, maxProfileName, 0}
	providers = kind{meta.EntityProvider, keyhaven.NounIdentityProvider, "OpenID Connect provider", providerPrefix, maxURL, 0}
	devices   = kind{meta.EntityMFA, keyhaven.NounMFADevice, "virtual MFA device", devicePrefix, maxDeviceName, 0}
)

func failure(k keyhaven.Kind, n keyhaven.Noun, id, msg string) error {
	return &keyhaven.Error{Kind: k, Noun: n, ID: id, Msg: msg}
}

func invalid(msg string) error { return failure(keyhaven.Invalid, keyhaven.NounNone, "", msg) }

// missing is worded as IAM does.
func (k kind) missing(name string) error {
	switch k.code {
	case meta.EntityProfile:
		return failure(keyhaven.NotFound, k.noun, name, "Instance Profile "+name+" cannot be found.")
	case meta.EntityPolicy:
		return failure(keyhaven.NotFound, k.noun, name, "Policy "+name+" was not found.")
	case meta.EntityProvider:
		return failure(keyhaven.NotFound, k.noun, name, "OpenIDConnect Provider not found for arn "+name)
	case meta.EntityMFA:
		return failure(keyhaven.NotFound, k.noun, name, "VirtualMFADevice with serial number "+name+" doesn't exist.")
	}
	return failure(keyhaven.NotFound, k.noun, name, "The "+k.what+" with name "+name+" cannot be found.")
}

func (k kind) taken(name string) error {
	what := strings.ToUpper(k.what[:1]) + k.what[1:]
	msg := what + " with name " + name + " already exists."
	switch k.code {
	case meta.EntityPolicy:
		msg = "A policy called " + name + " already exists. Duplicate names are not allowed."
	case meta.EntityProfile:
		msg = "Instance Profile " + name + " already exists."
	case meta.EntityProvider:
		msg = "Provider with url https://" + name + " already exists."
	case meta.EntityMFA:
		msg = "MFADevice entity at the same path and name already exists."
	}
	return failure(keyhaven.AlreadyExists, k.noun, name, msg)
}

// said gives what the store does not find the words of IAM.
func (k kind) said(name string, err error) error {
	if keyhaven.Is(err, keyhaven.NotFound, k.noun) {
		return k.missing(name)
	}
	return err
}

var (
	nameText = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathText = regexp.MustCompile(`^/([!-~]+/)?$`)
)

// checkName applies the rules for the name of a new entity.
func checkName(member, name string, most int) error {
	if len(name) < 1 || len(name) > most || !nameText.MatchString(name) {
		return invalid("The specified value for " + member + " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have 1 to " + strconv.Itoa(most) + " characters.")
	}
	return nil
}

func checkPath(path string) error {
	if len(path) > maxPath || !pathText.MatchString(path) || strings.Contains(path, "//") {
		return invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return nil
}

// checkDocument refuses what is not a policy that would be evaluated to the
// letter (E2).
func checkDocument(k policy.Kind, text string) error {
	if !utf8.ValidString(text) {
		return failure(keyhaven.Invalid, keyhaven.NounPolicyDocument, "", "The policy is not in the valid JSON format.")
	}
	if _, err := policy.Parse(k, []byte(text)); err != nil {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPolicyDocument, Msg: strings.TrimPrefix(err.Error(), "policy: "), Err: err}
	}
	return nil
}

func size(text string) int { return policy.Size([]byte(text)) }

// checkTags applies the rules for the complete tag set of an entity.
func checkTags(tags []keyhaven.Tag) error {
	if err := keyhaven.ValidateTags(tags); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if k := strings.ToLower(t.Key); seen[k] {
			return failure(keyhaven.Invalid, keyhaven.NounTag, t.Key, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(t.Key)] = true
	}
	return nil
}

// Page asks for a part of a listing: what comes after the marker.
type Page struct {
	Marker string // the name of the last before, in lower case
	Max    int    // at least 1
}

// lister gathers a page.
type lister[T any] struct {
	page Page
	all  []T
	next string // where the next page begins after; "" for no more
	last string
}

// add takes one and reports whether to go on.
func (l *lister[T]) add(name string, v T) bool {
	if len(l.all) == l.page.Max {
		l.next = l.last
		return false
	}
	l.all, l.last = append(l.all, v), name
	return true
}

// paged is a page of a list that is held whole, in its own order.
func paged[T any](all []T, page Page, name func(T) string) ([]T, string) {
	if page.Marker != "" {
		for i, v := range all {
			if name(v) == page.Marker {
				all = all[i+1:]
				break
			}
		}
	}
	if len(all) > page.Max {
		return all[:page.Max], name(all[page.Max-1])
	}
	return all, ""
}
