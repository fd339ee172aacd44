package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestPermissionIsExplained: who runs the server, and the command that helps.
func TestPermissionIsExplained(t *testing.T) {
	advice := permissionAdvice("/data", fmt.Errorf("mkdir: %w", fs.ErrPermission))
	for _, want := range []string{fmt.Sprintf("user %d", os.Getuid()), fmt.Sprintf("chown -R %d:%d /data", os.Getuid(), os.Getgid()), "--user"} {
		if !strings.Contains(advice, want) {
			t.Errorf("no %q in %q", want, advice)
		}
	}
	if advice := permissionAdvice("/data", fs.ErrNotExist); advice != "" {
		t.Errorf("advice for another error: %q", advice)
	}
}
