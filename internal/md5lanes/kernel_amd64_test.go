package md5lanes

import (
	"testing"

	"golang.org/x/sys/cpu"
)

func TestKernels(t *testing.T) {
	if cpu.X86.HasAVX2 {
		t.Run("AVX2", func(t *testing.T) { testKernel(t, blocksAVX2) })
	}
	if hasAVX512() {
		t.Run("AVX512", func(t *testing.T) { testKernel(t, blocksAVX512) })
	}
}
