package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
)

var (
	errMFARequired = &refusal{http.StatusConflict, "MFARequired", "Enter the code of your MFA device."}
	errWrongCode   = &refusal{http.StatusForbidden, "InvalidMFACode", "The code is not the one that your MFA device shows now, or has been used. Wait for the next."}
)

// secondFactor takes the code of any device of who has proved the first; who has
// none needs none.
func (d *Door) secondFactor(code string) access.SecondFactor {
	return func(ctx context.Context, p *keyhaven.Principal) (time.Time, error) {
		who, ok := identity.PersonOf(p)
		if !ok {
			return time.Time{}, nil // nobody else signs in
		}
		have, err := d.opts.People.MFADevicesOf(ctx, who)
		switch {
		case err != nil || len(have) == 0:
			return time.Time{}, err
		case code == "":
			return time.Time{}, errMFARequired
		}
		err = d.opts.People.UseMFACode(ctx, who, "", code)
		switch keyhaven.KindOf(err) {
		case keyhaven.Denied:
			return time.Time{}, errWrongCode
		case keyhaven.Throttled:
			e, _ := errors.AsType[*keyhaven.Error](err)
			return time.Time{}, &refusal{http.StatusTooManyRequests, "TooManyAttempts", e.Msg}
		}
		if err != nil {
			return time.Time{}, err
		}
		return time.Now().UTC(), nil
	}
}
