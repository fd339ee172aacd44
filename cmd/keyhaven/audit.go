package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven/internal/audit"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that nobody has changed the audit log."`
}

type auditVerifyCmd struct {
	Data   string   `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	Expect []string `help:"Number and hash of a record that an earlier run printed: it must still be in the log." placeholder:"N:HASH"`
}

// Help is what --help says beside the flags.
func (auditVerifyCmd) Help() string {
	return "Each record of the audit log carries the hash of the one before, so that a change in the middle shows. " +
		"Keep what this command prints somewhere else and give it with --expect the next time: then a log that was cut off at its end, " +
		"or written anew, shows too. The server may be running."
}

// Run checks the log.
func (c *auditVerifyCmd) Run(sys *system) error {
	kept := map[uint64]string{}
	for _, text := range c.Expect {
		digits, hash, ok := strings.Cut(text, ":")
		n, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil {
			return fmt.Errorf("--expect %q is not of the form N:HASH", text)
		}
		kept[n] = strings.ToLower(hash)
	}
	dir := filepath.Join(c.Data, auditDir)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no audit log in %s", c.Data)
	}
	report, err := audit.Verify(dir, kept)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		fmt.Fprintln(sys.stdout, f)
	}
	fmt.Fprintf(sys.stdout, "%d records in %d files checked, from %d to %d\n", report.Records, report.Files, report.First, report.Last)
	if len(report.Findings) > 0 {
		return fmt.Errorf("%d problems found", len(report.Findings))
	}
	if report.Records > 0 {
		fmt.Fprintf(sys.stdout, "the log ends with %d:%s\n", report.Last, report.Hash)
	}
	return nil
}
