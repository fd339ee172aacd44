package policy

import (
	"slices"
	"strings"
)

// Public reports whether the document makes its bucket public: an allow for
// everybody that no condition ties to fixed values (S3 User Guide, "The meaning
// of public").
func (d *Document) Public() bool {
	return slices.ContainsFunc(d.Statements, func(s Statement) bool { return s.public() })
}

func (s *Statement) public() bool {
	if s.Effect != Allow || s.principals == nil || !s.principals.any {
		return false
	}
	return !slices.ContainsFunc(s.conditions, func(c condition) bool { return c.ties() })
}

// tyingKeys are the keys whose fixed values make a statement one for the known.
var tyingKeys = []string{
	"aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce",
	"aws:sourceaccount", "aws:userid", "s3:x-amz-server-side-encryption-aws-kms-key-id",
}

// ties reports whether the condition holds for fixed values alone.
func (c *condition) ties() bool {
	if c.ifExists || c.set == forAllValues || c.op.negated || c.op.null {
		return false
	}
	switch {
	case c.key == "aws:sourceip" && c.opName == "IpAddress":
		return !slices.ContainsFunc(c.values, broad)
	case slices.Contains(tyingKeys, c.key) && withVariables(c.opName):
		return !slices.ContainsFunc(c.values, func(v string) bool {
			return strings.Contains(v, "${") || c.opName != "StringEquals" && strings.ContainsAny(v, "*?")
		})
	}
	return false
}

// broad reports whether a range of addresses is too wide to name anybody: wider
// than /8 of IPv4 or /32 of IPv6.
func broad(v string) bool {
	p, ok := parsePrefix(v)
	least := 8
	if ok && p.Addr().Is6() {
		least = 32
	}
	return !ok || p.Bits() < least
}
