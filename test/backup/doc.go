// Package backup tests keyhaven backup and restore from the outside: the real
// program, while it serves and while it does not, to a directory and to another
// server.
package backup
