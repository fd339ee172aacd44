package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// test reports whether a value of the request matches one value of the policy.
// known is false when a variable of the policy has no value.
type test func(got string, c Context) (matches, known bool)

// operator is a condition operator (IAM User Guide, "Condition operators").
type operator struct {
	negated bool
	null    bool
	compile func(want string, vars bool) (test, bool)
}

// operators by their names, without ForAllValues:, ForAnyValue: and IfExists.
var operators = map[string]*operator{
	"StringEquals":              {compile: stringEquals},
	"StringNotEquals":           {compile: stringEquals, negated: true},
	"StringEqualsIgnoreCase":    {compile: stringEqualsFold},
	"StringNotEqualsIgnoreCase": {compile: stringEqualsFold, negated: true},
	"StringLike":                {compile: stringLike},
	"StringNotLike":             {compile: stringLike, negated: true},

	"NumericEquals":            {compile: numeric(func(got, want float64) bool { return got == want })},
	"NumericNotEquals":         {compile: numeric(func(got, want float64) bool { return got == want }), negated: true},
	"NumericLessThan":          {compile: numeric(func(got, want float64) bool { return got < want })},
	"NumericLessThanEquals":    {compile: numeric(func(got, want float64) bool { return got <= want })},
	"NumericGreaterThan":       {compile: numeric(func(got, want float64) bool { return got > want })},
	"NumericGreaterThanEquals": {compile: numeric(func(got, want float64) bool { return got >= want })},

	"DateEquals":            {compile: date(func(order int) bool { return order == 0 })},
	"DateNotEquals":         {compile: date(func(order int) bool { return order == 0 }), negated: true},
	"DateLessThan":          {compile: date(func(order int) bool { return order < 0 })},
	"DateLessThanEquals":    {compile: date(func(order int) bool { return order <= 0 })},
	"DateGreaterThan":       {compile: date(func(order int) bool { return order > 0 })},
	"DateGreaterThanEquals": {compile: date(func(order int) bool { return order >= 0 })},

	"Bool":         {compile: boolean},
	"BinaryEquals": {compile: binary},
	"IpAddress":    {compile: ipAddress},
	"NotIpAddress": {compile: ipAddress, negated: true},

	"ArnEquals":    {compile: arnLike},
	"ArnLike":      {compile: arnLike},
	"ArnNotEquals": {compile: arnLike, negated: true},
	"ArnNotLike":   {compile: arnLike, negated: true},

	"Null": {compile: boolean, null: true},
}

func ofPattern(p pattern, match func(p *pattern, got string, c Context) (bool, bool)) test {
	return func(got string, c Context) (bool, bool) { return match(&p, got, c) }
}

func stringEquals(want string, vars bool) (test, bool) {
	p, ok := newPattern(want, false, vars)
	return ofPattern(p, (*pattern).match), ok
}

func stringLike(want string, vars bool) (test, bool) {
	p, ok := newPattern(want, true, vars)
	return ofPattern(p, (*pattern).match), ok
}

func stringEqualsFold(want string, vars bool) (test, bool) {
	p, ok := newPattern(want, false, vars)
	return ofPattern(p, func(p *pattern, got string, c Context) (bool, bool) {
		g, known := p.resolve(c)
		return known && strings.EqualFold(g[0].text, got), known
	}), ok
}

func arnLike(want string, vars bool) (test, bool) {
	p, ok := newARNPattern(want, vars)
	return func(got string, c Context) (bool, bool) { return p.match(got, c) }, ok
}

func numeric(holds func(got, want float64) bool) func(string, bool) (test, bool) {
	return func(want string, _ bool) (test, bool) {
		w, err := strconv.ParseFloat(want, 64)
		return func(got string, _ Context) (bool, bool) {
			g, err := strconv.ParseFloat(got, 64)
			return err == nil && holds(g, w), true
		}, err == nil
	}
}

func date(holds func(order int) bool) func(string, bool) (test, bool) {
	return func(want string, _ bool) (test, bool) {
		w, ok := parseDate(want)
		return func(got string, _ Context) (bool, bool) {
			g, ok := parseDate(got)
			return ok && holds(g.Compare(w)), true
		}, ok
	}
}

// dateLayouts are the forms of ISO 8601 that W3C's note on dates allows.
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", time.DateOnly, "2006-01", "2006",
}

// parseDate reads a date in one of these forms or as seconds since 1970. Four
// digits are a year.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0), err == nil
}

func boolean(want string, _ bool) (test, bool) {
	want = strings.ToLower(want)
	return func(got string, _ Context) (bool, bool) { return strings.EqualFold(got, want), true },
		want == "true" || want == "false"
}

func binary(want string, _ bool) (test, bool) {
	w, err := base64.StdEncoding.DecodeString(want)
	return func(got string, _ Context) (bool, bool) {
		g, err := base64.StdEncoding.DecodeString(got)
		return err == nil && string(g) == string(w), true
	}, err == nil
}

func ipAddress(want string, _ bool) (test, bool) {
	w, ok := parsePrefix(want)
	return func(got string, _ Context) (bool, bool) {
		g, err := netip.ParseAddr(got)
		return err == nil && w.Contains(g.Unmap().WithZone("")), true
	}, ok
}

// parsePrefix reads an address or a range of addresses, IPv4 or IPv6. An IPv4
// address in IPv6 form is the IPv4 address.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
