#include "textflag.h"

#define KERNEL ·blocksAVX2

#define LF(b, c, d) \
	VPXOR c, d, Y4;  \
	VPAND b, Y4, Y4; \
	VPXOR d, Y4, Y4

#define LG(b, c, d) \
	VPXOR b, c, Y4;  \
	VPAND d, Y4, Y4; \
	VPXOR c, Y4, Y4

#define LH(b, c, d) \
	VPXOR c, d, Y4; \
	VPXOR b, Y4, Y4

#define LI(b, c, d) \
	VPCMPEQD Y5, Y5, Y5; \
	VPXOR d, Y5, Y4;     \
	VPOR b, Y4, Y4;      \
	VPXOR c, Y4, Y4

#define ROTATE(s, a) \
	VPSLLD $s, a, Y5;      \
	VPSRLD $(32-s), a, a;  \
	VPOR Y5, a, a

#include "rounds_amd64.h"
