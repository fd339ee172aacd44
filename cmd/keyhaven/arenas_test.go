package main

import "testing"

func TestArenasLimited(t *testing.T) {
	if !arenasLimited() {
		t.Error("the C library refuses the bound on its arenas")
	}
}
