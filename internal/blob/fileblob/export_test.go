package fileblob

// DropLease makes the next write look at the disk.
func (s *Store) DropLease() {
	s.reserve.leftBytes.Store(0)
	s.reserve.leftFiles.Store(0)
}
