package s3

// Row describes an operation of the door for documentation and tests.
type Row struct {
	Name   string
	Action string // IAM action
	Built  bool   // false answers NotImplemented
	Reason string // why it is not built
}

// Rows returns the operations of the S3 API in the order of the table.
func Rows() []Row {
	rows := make([]Row, len(operations))
	for i, op := range operations {
		rows[i] = Row{Name: op.name, Action: op.action, Built: op.handle != nil, Reason: reasons[op.name]}
	}
	return rows
}
