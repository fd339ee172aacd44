package s3

// once is a document of the request, which can be read once: by whoever needs it
// first, a policy's condition or the handler.
type once[T any] struct {
	value T
	err   error
}

func (o *once[T]) get(read func() (T, error), keep **once[T]) (T, error) {
	if o == nil {
		o = &once[T]{}
		o.value, o.err = read()
		*keep = o
	}
	return o.value, o.err
}
