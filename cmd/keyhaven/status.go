package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/keyhaven/keyhaven/internal/control"
	"github.com/keyhaven/keyhaven/internal/meta"
)

type statusCmd struct {
	Data string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	JSON bool   `help:"Print JSON." name:"json"`
}

// statusReport is what the running server says about itself.
type statusReport struct {
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Requests int64     `json:"requests_in_flight"`
	Buckets  int       `json:"buckets"`
	Objects  int64     `json:"objects"`
	Versions int64     `json:"versions"`
	Bytes    int64     `json:"bytes"`
	Parts    int64     `json:"upload_parts"`
	Pending  int       `json:"sweep_pending"` // up to maxPending
	Free     uint64    `json:"disk_free_bytes"`
	Total    uint64    `json:"disk_total_bytes"`
}

// maxPending bounds what is counted of the sweeper's work.
const maxPending = 10000

// Run asks the running server.
func (c *statusCmd) Run(sys *system) error {
	var st statusReport
	if err := control.Call(sys.ctx, filepath.Join(c.Data, controlSocket), "status", nil, decodeInto(&st)); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(sys.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(st)
	}
	w := tabwriter.NewWriter(sys.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "release\t%s\nrunning\t%s\nrequests now\t%d\nbuckets\t%d\nobjects\t%d (%d versions)\nbytes\t%d\nparts of unfinished uploads\t%d\nwaiting for the sweeper\t%d\ndisk\t%d MiB of %d MiB free\n",
		st.Version, time.Since(st.Started).Truncate(time.Second), st.Requests, st.Buckets, st.Objects, st.Versions, st.Bytes, st.Parts, st.Pending, st.Free>>20, st.Total>>20)
	return w.Flush()
}

// decodeInto returns a function that decodes the one line of an answer.
func decodeInto(v any) func(json.RawMessage) error {
	return func(line json.RawMessage) error { return json.Unmarshal(line, v) }
}

// statusCommand answers with a statusReport.
func statusCommand(d *dataDir, load *load, started time.Time) control.Command {
	return func(ctx context.Context, _ json.RawMessage, report func(any) error) error {
		st := statusReport{Version: version, Started: started, Requests: load.now()}
		err := d.meta.View(ctx, func(r *meta.Reader) error {
			st.Buckets, st.Objects, st.Versions, st.Bytes, st.Parts = 0, 0, 0, 0, 0
			work, err := r.Outbox(nil, maxPending)
			if err != nil {
				return err
			}
			st.Pending = len(work)
			return r.AllUsage(func(u meta.Usage) {
				st.Buckets++
				st.Objects, st.Versions = st.Objects+u.Objects, st.Versions+u.Versions
				st.Bytes, st.Parts = st.Bytes+u.Bytes+u.PartBytes, st.Parts+u.Parts
			})
		})
		if err != nil {
			return err
		}
		if st.Free, st.Total, err = diskSpace(d.path); err != nil {
			return err
		}
		return report(st)
	}
}
