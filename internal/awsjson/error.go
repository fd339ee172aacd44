package awsjson

import "errors"

// Error says what is wrong with a body and where. Neither field holds a value
// of the body, so both may be sent and logged.
type Error struct {
	Path string // the member, as in cors.rules[2].id; "" for the whole body
	Msg  string // a phrase without the member's name
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "awsjson: " + e.Msg
	}
	return "awsjson: " + e.Path + ": " + e.Msg
}

func fault(msg string) error { return &Error{Msg: msg} }

// within puts the name of the enclosing member before the path of err. Faults
// are made where they are found and named while the decoder climbs back.
func within(name string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Path == "":
		e.Path = name
	case e.Path[0] == '[':
		e.Path = name + e.Path
	default:
		e.Path = name + "." + e.Path
	}
	return e
}
