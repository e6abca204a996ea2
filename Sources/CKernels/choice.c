#include "tables.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#if defined(__x86_64__)
// All that the files for AVX2 may use, see targets.h.
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt") &&
         __builtin_cpu_supports("popcnt");
}
#endif

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
      return has_avx2() ? &bk_avx2 : NULL;
    case BK_AVX512:
      return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
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

bk_isa bk_chosen_isa(bool *is_refused) {
  static const char *const names[BK_ISA_COUNT] = {"plain", "neon", "avx2", "avx512"};
  const char *const name = getenv("BONSAI_ISA");
  if (is_refused) *is_refused = false;
  if (!name || !*name) return bk_best_isa();
  for (int isa = BK_PLAIN; isa < BK_ISA_COUNT; isa++)
    if (!strcasecmp(name, names[isa]) && bk_kernels_for((bk_isa)isa)) return (bk_isa)isa;
  if (is_refused) *is_refused = true;
  return bk_best_isa();
}
