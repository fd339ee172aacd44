#include "textflag.h"

#define KERNEL ·blocksAVX512

// The immediate is the truth table of the round's function of d, c and b.
#define LF(b, c, d) \
	VMOVDQU d, Y4;               \
	VPTERNLOGD $0xD8, b, c, Y4

#define LG(b, c, d) \
	VMOVDQU d, Y4;               \
	VPTERNLOGD $0xAC, b, c, Y4

#define LH(b, c, d) \
	VMOVDQU d, Y4;               \
	VPTERNLOGD $0x96, b, c, Y4

#define LI(b, c, d) \
	VMOVDQU d, Y4;               \
	VPTERNLOGD $0x63, b, c, Y4

#define ROTATE(s, a) \
	VPROLD $s, a, a

#include "rounds_amd64.h"
