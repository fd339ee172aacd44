package keycare

import (
	"errors"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/jsondoor"
)

// types are the errors of the services that are this door's own, by their kinds.
var types = map[keyhaven.Kind]jsondoor.Fault{
	keyhaven.Invalid:       {Type: "InvalidInputException", Status: 400, Message: "The input is not valid."},
	keyhaven.NotFound:      {Type: "NotFoundException", Status: 400, Message: "The access key does not exist."},
	keyhaven.AlreadyExists: {Type: "AlreadyExistsException", Status: 400, Message: "There is an access key of this id already."},
	keyhaven.NotEmpty:      {Type: "ConflictException", Status: 400, Message: "It is not empty."},
	keyhaven.Conflict:      {Type: "ConflictException", Status: 400, Message: "This cannot be done now."},
	keyhaven.LimitExceeded: {Type: "LimitExceededException", Status: 400, Message: "The limit is reached."},
}

// missing says what does not exist.
var missing = map[keyhaven.Noun]string{
	keyhaven.NounBucket: "The bucket does not exist.",
	keyhaven.NounUser:   "The user does not exist.",

	keyhaven.NounAccount: "The account does not exist.",
}

// answerTo translates what the frame has no words for; nil for the rest.
func answerTo(err error) *jsondoor.Fault {
	e, ok := errors.AsType[*keyhaven.Error](err)
	if !ok {
		return nil
	}
	a, ok := types[e.Kind]
	switch {
	case !ok:
		return nil
	case e.Kind != keyhaven.NotFound && e.Msg != "":
		a.Message = e.Msg
	case e.Kind == keyhaven.NotFound && missing[e.Noun] != "":
		a.Message = missing[e.Noun]
	}
	return &a
}
