// The part that both kernels share. The file that includes it defines KERNEL, the
// logic of the four rounds, LF to LI, which leave their result in Y4, and ROTATE.

// STEP is one step of RFC 1321, section 3.4, in eight lanes.
#define STEP(LOGIC, a, b, c, d, word, k, s) \
	VPADDD (word*32)(SP), a, a; \
	VPADDD (k*32)(DX), a, a;    \
	LOGIC(b, c, d);             \
	VPADDD Y4, a, a;            \
	ROTATE(s, a);               \
	VPADDD b, a, a

// TRANSPOSE brings eight words of each lane, from off, into the scratch space at
// to: there a row holds the same word of all lanes.
#define TRANSPOSE(off, to) \
	VMOVDQU off(R8), Y0;              \
	VMOVDQU off(R9), Y1;              \
	VMOVDQU off(R10), Y2;             \
	VMOVDQU off(R11), Y3;             \
	VMOVDQU off(R12), Y4;             \
	VMOVDQU off(R13), Y5;             \
	VMOVDQU off(SI), Y6;              \
	VMOVDQU off(DI), Y7;              \
	VPUNPCKLDQ Y1, Y0, Y8;            \
	VPUNPCKHDQ Y1, Y0, Y9;            \
	VPUNPCKLDQ Y3, Y2, Y10;           \
	VPUNPCKHDQ Y3, Y2, Y11;           \
	VPUNPCKLDQ Y5, Y4, Y12;           \
	VPUNPCKHDQ Y5, Y4, Y13;           \
	VPUNPCKLDQ Y7, Y6, Y14;           \
	VPUNPCKHDQ Y7, Y6, Y15;           \
	VPUNPCKLQDQ Y10, Y8, Y0;          \
	VPUNPCKHQDQ Y10, Y8, Y1;          \
	VPUNPCKLQDQ Y11, Y9, Y2;          \
	VPUNPCKHQDQ Y11, Y9, Y3;          \
	VPUNPCKLQDQ Y14, Y12, Y4;         \
	VPUNPCKHQDQ Y14, Y12, Y5;         \
	VPUNPCKLQDQ Y15, Y13, Y6;         \
	VPUNPCKHQDQ Y15, Y13, Y7;         \
	VPERM2I128 $0x20, Y4, Y0, Y8;  \
	VPERM2I128 $0x31, Y4, Y0, Y12; \
	VPERM2I128 $0x20, Y5, Y1, Y9;  \
	VPERM2I128 $0x31, Y5, Y1, Y13; \
	VPERM2I128 $0x20, Y6, Y2, Y10;  \
	VPERM2I128 $0x31, Y6, Y2, Y14; \
	VPERM2I128 $0x20, Y7, Y3, Y11;  \
	VPERM2I128 $0x31, Y7, Y3, Y15; \
	VMOVDQU Y8, (to+0)(SP); \
	VMOVDQU Y9, (to+32)(SP); \
	VMOVDQU Y10, (to+64)(SP); \
	VMOVDQU Y11, (to+96)(SP); \
	VMOVDQU Y12, (to+128)(SP); \
	VMOVDQU Y13, (to+160)(SP); \
	VMOVDQU Y14, (to+192)(SP); \
	VMOVDQU Y15, (to+224)(SP)

// func KERNEL(state *[4][8]uint32, data *[8]*byte, blocks int, k *[64][8]uint32)
TEXT KERNEL(SB), NOSPLIT, $512-32
	MOVQ state+0(FP), AX
	MOVQ data+8(FP), BX
	MOVQ blocks+16(FP), CX
	MOVQ k+24(FP), DX
	MOVQ 0(BX), R8
	MOVQ 8(BX), R9
	MOVQ 16(BX), R10
	MOVQ 24(BX), R11
	MOVQ 32(BX), R12
	MOVQ 40(BX), R13
	MOVQ 48(BX), SI
	MOVQ 56(BX), DI

loop:
	TESTQ CX, CX
	JZ    done
	TRANSPOSE(0, 0)
	TRANSPOSE(32, 256)
	VMOVDQU 0(AX), Y0
	VMOVDQU 32(AX), Y1
	VMOVDQU 64(AX), Y2
	VMOVDQU 96(AX), Y3


	STEP(LF, Y0, Y1, Y2, Y3, 0, 0, 7)
	STEP(LF, Y3, Y0, Y1, Y2, 1, 1, 12)
	STEP(LF, Y2, Y3, Y0, Y1, 2, 2, 17)
	STEP(LF, Y1, Y2, Y3, Y0, 3, 3, 22)
	STEP(LF, Y0, Y1, Y2, Y3, 4, 4, 7)
	STEP(LF, Y3, Y0, Y1, Y2, 5, 5, 12)
	STEP(LF, Y2, Y3, Y0, Y1, 6, 6, 17)
	STEP(LF, Y1, Y2, Y3, Y0, 7, 7, 22)
	STEP(LF, Y0, Y1, Y2, Y3, 8, 8, 7)
	STEP(LF, Y3, Y0, Y1, Y2, 9, 9, 12)
	STEP(LF, Y2, Y3, Y0, Y1, 10, 10, 17)
	STEP(LF, Y1, Y2, Y3, Y0, 11, 11, 22)
	STEP(LF, Y0, Y1, Y2, Y3, 12, 12, 7)
	STEP(LF, Y3, Y0, Y1, Y2, 13, 13, 12)
	STEP(LF, Y2, Y3, Y0, Y1, 14, 14, 17)
	STEP(LF, Y1, Y2, Y3, Y0, 15, 15, 22)

	STEP(LG, Y0, Y1, Y2, Y3, 1, 16, 5)
	STEP(LG, Y3, Y0, Y1, Y2, 6, 17, 9)
	STEP(LG, Y2, Y3, Y0, Y1, 11, 18, 14)
	STEP(LG, Y1, Y2, Y3, Y0, 0, 19, 20)
	STEP(LG, Y0, Y1, Y2, Y3, 5, 20, 5)
	STEP(LG, Y3, Y0, Y1, Y2, 10, 21, 9)
	STEP(LG, Y2, Y3, Y0, Y1, 15, 22, 14)
	STEP(LG, Y1, Y2, Y3, Y0, 4, 23, 20)
	STEP(LG, Y0, Y1, Y2, Y3, 9, 24, 5)
	STEP(LG, Y3, Y0, Y1, Y2, 14, 25, 9)
	STEP(LG, Y2, Y3, Y0, Y1, 3, 26, 14)
	STEP(LG, Y1, Y2, Y3, Y0, 8, 27, 20)
	STEP(LG, Y0, Y1, Y2, Y3, 13, 28, 5)
	STEP(LG, Y3, Y0, Y1, Y2, 2, 29, 9)
	STEP(LG, Y2, Y3, Y0, Y1, 7, 30, 14)
	STEP(LG, Y1, Y2, Y3, Y0, 12, 31, 20)

	STEP(LH, Y0, Y1, Y2, Y3, 5, 32, 4)
	STEP(LH, Y3, Y0, Y1, Y2, 8, 33, 11)
	STEP(LH, Y2, Y3, Y0, Y1, 11, 34, 16)
	STEP(LH, Y1, Y2, Y3, Y0, 14, 35, 23)
	STEP(LH, Y0, Y1, Y2, Y3, 1, 36, 4)
	STEP(LH, Y3, Y0, Y1, Y2, 4, 37, 11)
	STEP(LH, Y2, Y3, Y0, Y1, 7, 38, 16)
	STEP(LH, Y1, Y2, Y3, Y0, 10, 39, 23)
	STEP(LH, Y0, Y1, Y2, Y3, 13, 40, 4)
	STEP(LH, Y3, Y0, Y1, Y2, 0, 41, 11)
	STEP(LH, Y2, Y3, Y0, Y1, 3, 42, 16)
	STEP(LH, Y1, Y2, Y3, Y0, 6, 43, 23)
	STEP(LH, Y0, Y1, Y2, Y3, 9, 44, 4)
	STEP(LH, Y3, Y0, Y1, Y2, 12, 45, 11)
	STEP(LH, Y2, Y3, Y0, Y1, 15, 46, 16)
	STEP(LH, Y1, Y2, Y3, Y0, 2, 47, 23)

	STEP(LI, Y0, Y1, Y2, Y3, 0, 48, 6)
	STEP(LI, Y3, Y0, Y1, Y2, 7, 49, 10)
	STEP(LI, Y2, Y3, Y0, Y1, 14, 50, 15)
	STEP(LI, Y1, Y2, Y3, Y0, 5, 51, 21)
	STEP(LI, Y0, Y1, Y2, Y3, 12, 52, 6)
	STEP(LI, Y3, Y0, Y1, Y2, 3, 53, 10)
	STEP(LI, Y2, Y3, Y0, Y1, 10, 54, 15)
	STEP(LI, Y1, Y2, Y3, Y0, 1, 55, 21)
	STEP(LI, Y0, Y1, Y2, Y3, 8, 56, 6)
	STEP(LI, Y3, Y0, Y1, Y2, 15, 57, 10)
	STEP(LI, Y2, Y3, Y0, Y1, 6, 58, 15)
	STEP(LI, Y1, Y2, Y3, Y0, 13, 59, 21)
	STEP(LI, Y0, Y1, Y2, Y3, 4, 60, 6)
	STEP(LI, Y3, Y0, Y1, Y2, 11, 61, 10)
	STEP(LI, Y2, Y3, Y0, Y1, 2, 62, 15)
	STEP(LI, Y1, Y2, Y3, Y0, 9, 63, 21)

	VPADDD  0(AX), Y0, Y0
	VPADDD  32(AX), Y1, Y1
	VPADDD  64(AX), Y2, Y2
	VPADDD  96(AX), Y3, Y3
	VMOVDQU Y0, 0(AX)
	VMOVDQU Y1, 32(AX)
	VMOVDQU Y2, 64(AX)
	VMOVDQU Y3, 96(AX)
	ADDQ    $64, R8
	ADDQ    $64, R9
	ADDQ    $64, R10
	ADDQ    $64, R11
	ADDQ    $64, R12
	ADDQ    $64, R13
	ADDQ    $64, SI
	ADDQ    $64, DI
	DECQ    CX
	JMP     loop

done:
	VZEROUPPER
	RET
