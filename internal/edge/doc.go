// Package edge is the frame that all doors share: it picks the door of a
// request, gives the request its id and its access record, keeps slow and
// silent clients from holding anything for ever, turns a panic into a 500, and
// answers the health paths. It knows no operation and no rule.
package edge
