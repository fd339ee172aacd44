package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// errEnough ends the reading of a file before its end.
var errEnough = errors.New("audit: enough")

// Report is what Verify found.
type Report struct {
	Files    int
	Records  uint64
	First    uint64 // the number of the first record that is kept; 0 for none
	Last     uint64 // of the last one
	Hash     string // of the last line
	Findings []string
}

// maxFindings bounds how much a damaged log has to say.
const maxFindings = 100

// Verify checks the chain of a log, which may be in use. hashes are numbers and
// hashes of records that were kept elsewhere: each must be in the log.
func Verify(dir string, hashes map[uint64]string) (*Report, error) {
	segments, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	v := &verifier{want: hashes}
	for i, first := range segments {
		v.file = segmentName(first)
		v.Files++
		if i == 0 {
			v.next = first
		} else if first != v.next {
			v.find("begins with record %d, where %d should follow", first, v.next)
			v.next, v.previous = first, ""
		}
		if err := lines(filepath.Join(dir, v.file), v.line); err != nil && !errors.Is(err, errEnough) {
			v.find("%v", err)
		}
	}
	v.file = "the log"
	for n := range hashes {
		if n < v.First || n > v.Last {
			v.find("record %d is not in it", n)
		}
	}
	return &v.Report, nil
}

type verifier struct {
	Report
	want     map[uint64]string
	file     string
	next     uint64
	previous string
}

func (v *verifier) find(format string, args ...any) {
	if len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, v.file+": "+fmt.Sprintf(format, args...))
	}
}

func (v *verifier) line(line []byte) error {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil || e.Chain == nil {
		v.find("record %d is damaged", v.next)
		v.next, v.previous = v.next+1, hashOf(line)
		return nil
	}
	n := e.Chain.Sequence
	if n != v.next {
		v.find("record %d stands where %d should", n, v.next)
	}
	if v.Records > 0 && e.Chain.Previous != v.previous || n == 1 && e.Chain.Previous != "" {
		v.find("record %d does not follow from the one before it", n)
	}
	hash := hashOf(line)
	if want, ok := v.want[n]; ok && want != hash {
		v.find("record %d is not the one whose hash was kept", n)
	}
	if v.Records == 0 {
		v.First = n
	}
	v.Records++
	v.Last, v.Hash = n, hash
	v.next, v.previous = n+1, hash
	return nil
}
