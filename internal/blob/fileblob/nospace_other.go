//go:build !unix

package fileblob

func noSpace(error) bool { return false }
