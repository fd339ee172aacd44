//go:build !linux

package fileblob

func (f osFile) Sync() error          { return f.File.Sync() }
func (f osFile) Writeback(_, _ int64) {}
