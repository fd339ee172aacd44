package s3

// FullRow is a row of the operations as tests see it.
type FullRow struct {
	Name, Method          string
	Object, Service       bool // the scope; neither is the bucket
	Param, Value, Param2  string
	Header                string
	Action, VersionAction string
	Built                 bool
}

// AllRows returns the rows of the operations.
func AllRows() []FullRow {
	rows := make([]FullRow, len(operations))
	for i, op := range operations {
		rows[i] = FullRow{
			Name: op.name, Method: op.method, Object: op.scope == onObject, Service: op.scope == onService,
			Param: op.param, Value: op.value, Param2: op.param2, Header: op.header,
			Action: op.action, VersionAction: op.versionAction, Built: op.handle != nil,
		}
	}
	return rows
}
