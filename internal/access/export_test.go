package access

import "github.com/keyhaven/keyhaven/internal/policy"

// WithoutReason is the decision alone.
func (d Decision) WithoutReason() Decision {
	d.why = policy.Decision{}
	return d
}
