package sts

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

func failedMFA(why string) error {
	return &keyhaven.Error{Kind: keyhaven.Denied, Msg: "MultiFactorAuthentication failed" + why}
}

// useMFA takes the code of a device of the caller's and returns when, or zero for a
// request without.
func (d *Door) useMFA(ctx context.Context, c *query.Call, serial, code *string) (time.Time, error) {
	switch {
	case serial == nil && code == nil:
		return time.Time{}, nil
	case serial == nil || code == nil:
		return time.Time{}, failedMFA(", must provide both MFA serial number and one time pass code.")
	}
	unknown := failedMFA(", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
	who, ok := identity.PersonOf(&c.Identity.Principal)
	if !ok || *serial == "" {
		return time.Time{}, unknown
	}
	switch err := d.ids.UseMFACode(ctx, who, *serial, *code); {
	case err == nil:
		return time.Now().UTC(), nil
	case keyhaven.KindOf(err) == keyhaven.NotFound:
		return time.Time{}, unknown
	case keyhaven.KindOf(err) == keyhaven.Denied:
		return time.Time{}, failedMFA(" with invalid MFA one time pass code. ")
	default:
		return time.Time{}, err
	}
}
