#include "tables.h"

#include <stddef.h>

const bk_kernels *bk_kernels_for(bk_isa isa) {
  switch (isa) {
    case BK_PLAIN:
      return &bk_plain;
#if defined(__aarch64__)
    case BK_NEON:
      return &bk_neon;
#endif
#if defined(__x86_64__)
    case BK_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &bk_avx2
                                                                                                               : NULL;
    case BK_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                 ? &bk_avx512
                 : NULL;
#endif
    default:
      return NULL;
  }
}

bk_isa bk_best_isa(void) {
  int best = BK_PLAIN;
  for (int isa = BK_PLAIN; isa < BK_ISA_COUNT; isa++)
    if (bk_kernels_for((bk_isa)isa)) best = isa;
  return (bk_isa)best;
}
