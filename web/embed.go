// Package web holds the files of the console. They are built by Node from the
// sources beside this file (make build); without Node the package builds all
// the same and holds a page that says how to build them.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Placeholder is the template of the page that stands for a console that was
// not built. Its one value is the address of the API.
//
//go:embed dist/placeholder.html
var Placeholder string

// App returns the files of the console, or nil when it was not built.
func App() fs.FS {
	app, err := fs.Sub(dist, "dist/app")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(app, "index.html"); err != nil {
		return nil
	}
	return app
}
