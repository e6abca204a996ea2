// The tables of random words of all sets of instructions that this architecture can have.
#pragma once
#include "crandom.h"

extern const bk_random bk_random_plain;
#if defined(__x86_64__)
extern const bk_random bk_random_avx2;
extern const bk_random bk_random_avx512;
#endif
