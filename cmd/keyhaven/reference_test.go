package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompletion sources the script in a real shell and asks it.
func TestCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err) // the Makefile needs it too
	}
	status, script, errs := runCLI(t, "completion", "bash")
	if status != 0 {
		t.Fatalf("completion = %d %s", status, errs)
	}
	for line, want := range map[string]string{
		"keyhaven ser": "serve", "keyhaven serve --tls-c": "--tls-cert", "keyhaven backup --x y prune --f": "--from",
		"keyhaven completion f": "fish", "keyhaven root create": "create-access-key",
	} {
		words := strings.Fields(line)
		ask := script + "\nCOMP_WORDS=(" + strings.Join(words, " ") + ")\nCOMP_CWORD=" + string(rune('0'+len(words)-1)) + "\n_keyhaven\necho \"${COMPREPLY[@]}\"\n"
		out, err := exec.CommandContext(t.Context(), bash, "-c", ask).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s → %s %v, want %s", line, out, err, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		if status, out, errs := runCLI(t, "completion", shell); status != 0 || !strings.Contains(out, "tls-cert") {
			t.Errorf("completion %s = %d %s", shell, status, errs)
		}
	}
}

// TestManPage names every command and flag, and no line of it is a stray macro.
func TestManPage(t *testing.T) {
	status, page, errs := runCLI(t, "man")
	if status != 0 {
		t.Fatalf("man = %d %s", status, errs)
	}
	for _, want := range []string{".TH KEYHAVEN 1", `.SS keyhaven serve`, `\fB\-\-tls\-cert\fR=\fIFILE\fR`, `.SS keyhaven backup create`, "KEYHAVEN_METRICS_TOKEN"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, ".") && !strings.HasPrefix(line, ".T") && !strings.HasPrefix(line, ".S") && !strings.HasPrefix(line, ".B ") && !strings.HasPrefix(line, ".I ") && !strings.HasPrefix(line, ".PP") {
			t.Errorf("a stray macro: %q", line)
		}
	}
}
