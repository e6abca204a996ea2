// The tables of entries of all sets of instructions that this architecture can have.
#pragma once
#include "centries.h"

#if defined(__x86_64__)
extern const bk_entries bk_entries_avx2;
extern const bk_entries bk_entries_avx512;
#endif
