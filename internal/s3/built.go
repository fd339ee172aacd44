package s3

// Built returns the names of the operations that are answered with more than
// NotImplemented, in the order of the rows.
func Built() (names []string) {
	for _, op := range operations {
		if op.handle != nil {
			names = append(names, op.name)
		}
	}
	return names
}
