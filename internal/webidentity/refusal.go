package webidentity

// Why says what a token was refused for.
type Why uint8

// The reasons.
const (
	Invalid     Why = iota // the token, or whom it is for
	Expired                // the token was good once
	Unreachable            // the provider gives no answer that helps
)

// Refusal is why a token proves nobody. Err is for the log of the server.
type Refusal struct {
	Why Why
	Msg string
	Err error
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return "webidentity: " + r.Msg + " " + r.Err.Error()
	}
	return "webidentity: " + r.Msg
}

func (r *Refusal) Unwrap() error { return r.Err }

func invalid(msg string) error { return &Refusal{Why: Invalid, Msg: msg} }
