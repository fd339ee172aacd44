package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPageIsCurrent(t *testing.T) {
	have, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page()), string(have)); diff != "" {
		t.Errorf("docs/compatibility.md is out of date, run make compat (-want +have):\n%s", diff)
	}
}
