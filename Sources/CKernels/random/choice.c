#include <stddef.h>

#include "ckernels.h"
#include "tables.h"

const bk_random *bk_random_for(int isa) {
  if (!bk_kernels_for((bk_isa)isa)) return NULL;
  switch (isa) {
#if defined(__x86_64__)
    case BK_AVX2:
      return &bk_random_avx2;
    case BK_AVX512:
      return &bk_random_avx512;
#endif
    default:
      return &bk_random_plain;  // NEON is what the compiler makes of it
  }
}

const bk_random *bk_random_in_use(void) { return bk_random_for(bk_chosen_isa(NULL)); }
