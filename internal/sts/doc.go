// Package sts is the door of the STS API, version 2011-06-15: it tells callers
// who they are and hands out temporary credentials. The frame is package query's;
// the sessions are package access's.
//
// Nobody gains by a session (case S7): it has at most the rights of the user or
// role that it is of, narrowed by what it was made with; a session makes no
// session of its own kind, and dies with what it descends from (case S11).
package sts
