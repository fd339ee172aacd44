package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A file of the log is named after the number of its first record.
const (
	segmentPrefix = "audit-"
	segmentSuffix = ".jsonl"
)

func segmentName(first uint64) string {
	return fmt.Sprintf("%s%020d%s", segmentPrefix, first, segmentSuffix)
}

func segmentPath(dir string, first uint64) string { return filepath.Join(dir, segmentName(first)) }

// listSegments returns the files of a log by the numbers of their first records,
// in order.
func listSegments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), segmentPrefix)
		if !ok {
			continue
		}
		if digits, ok = strings.CutSuffix(digits, segmentSuffix); !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || segmentName(n) != e.Name() {
			return nil, fmt.Errorf("%s is no name of a file of the log", e.Name())
		}
		firsts = append(firsts, n)
	}
	slices.Sort(firsts)
	return firsts, nil
}

// lines calls fn with every whole line of a file, without its end. The slice is
// fn's until it returns.
func lines(path string, fn func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, maxLine+1)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return nil // what has no end is still being written
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%s has a line of more than %d bytes", filepath.Base(path), maxLine)
		case err != nil:
			return err
		}
		if err := fn(line[:len(line)-1]); err != nil {
			return err
		}
	}
}

// lastHash returns the hash of the last line before record n, or "" when the file
// that held it is no longer kept.
func lastHash(dir string, n uint64) (hash string, err error) {
	segments, err := listSegments(dir)
	if err != nil {
		return "", err
	}
	i := slices.Index(segments, n)
	if i < 1 {
		return "", nil
	}
	err = lines(segmentPath(dir, segments[i-1]), func(line []byte) error {
		hash = hashOf(line)
		return nil
	})
	return hash, err
}
