#include <stddef.h>

#include "tables.h"

const bk_entries *bk_entries_for(bk_isa isa) {
  if (!bk_kernels_for(isa)) return NULL;
  switch (isa) {
#if defined(__x86_64__)
    case BK_AVX2:
      return &bk_entries_avx2;
    case BK_AVX512:
      return &bk_entries_avx512;
#endif
    default:
      return NULL;
  }
}
