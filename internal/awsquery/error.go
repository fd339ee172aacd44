package awsquery

import "errors"

// Error says what is wrong with a request and where. Neither field holds a value
// of the request, so both may be sent and logged.
type Error struct {
	Path string // the parameter, as in Tags.member.2.Key; "" for the whole request
	Msg  string // a phrase without the parameter's name
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "awsquery: " + e.Msg
	}
	return "awsquery: " + e.Path + ": " + e.Msg
}

func fault(msg string) error { return &Error{Msg: msg} }

// within puts the name of the enclosing member before the path of err.
func within(name string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	if e.Path == "" {
		e.Path = name
	} else {
		e.Path = name + "." + e.Path
	}
	return e
}
