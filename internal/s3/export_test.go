package s3

import (
	"net/http"
	"net/http/httptest"

	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
)

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

// Decide takes a request up to the decision, as somebody who is verified.
func (d *Door) Decide(r *http.Request, id *access.Identity) error {
	c := &call{w: httptest.NewRecorder(), r: r, record: &edge.Record{}, door: d}
	if err := d.route(c); err != nil {
		return err
	}
	c.id = id
	if err := d.authorize(c); err != nil || !c.op.perKey {
		return err
	}
	return d.must(c, c.op.action, subject{bucket: c.bucket, bucketName: c.bucketName, key: "a.txt"})
}
