// The tables of all sets of instructions that this architecture can have.
#pragma once
#include "ckernels.h"

extern const bk_kernels bk_plain;
#if defined(__aarch64__)
extern const bk_kernels bk_neon;
#endif
#if defined(__x86_64__)
extern const bk_kernels bk_avx2;
extern const bk_kernels bk_avx512;
#endif
