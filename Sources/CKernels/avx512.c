#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2,popcnt"))), \
                             apply_to = function)

#define LANES 16
#define HAS_FUSED 1
#define TABLE bk_avx512
#define TABLE_NAME "AVX-512"
#define MOST_SINGLE 8
#define MOST_FOUR 6
#define MOST_EIGHT 3
#define ZIP_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)

typedef float vec __attribute__((ext_vector_type(16)));
typedef __mmask16 lanes_mask;

static inline lanes_mask mask_of(int32_t count) { return (lanes_mask)((1u << count) - 1); }
static inline vec load_some(const float *from, lanes_mask mask) { return (vec)_mm512_maskz_loadu_ps(mask, from); }
static inline void store_some(float *to, lanes_mask mask, vec v) { _mm512_mask_storeu_ps(to, mask, (__m512)v); }

// Sixteen loads are faster than gathering on some processors, and not slower on others.
static inline vec gather16(const float *x, const uint16_t *columns, lanes_mask mask) {
  if (mask == 0xffff)
    return (vec){x[columns[0]],  x[columns[1]],  x[columns[2]],  x[columns[3]],  x[columns[4]],  x[columns[5]],
                 x[columns[6]],  x[columns[7]],  x[columns[8]],  x[columns[9]],  x[columns[10]], x[columns[11]],
                 x[columns[12]], x[columns[13]], x[columns[14]], x[columns[15]]};
  const __m512i places = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, columns));
  return (vec)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, places, x, 4);
}
static inline vec gather32(const float *x, const uint32_t *columns, lanes_mask mask) {
  __m512i places = _mm512_maskz_loadu_epi32(mask, columns);
  return (vec)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, places, x, 4);
}
// The sums of the 64 rows of a band, without their bias. Four groups go in step, so that their additions overlap.
static inline void lane_sums(const bk_lanes *p, int32_t band, float sums[64]) {
  const int32_t chunks = (p->columns + 31) / 32;
  const uint8_t *orders = p->orders + (int64_t)band * (chunks + 1) * 64;
  const uint8_t *lengths = p->lengths + p->length_starts[band];
  const uint8_t *steps = p->steps + (int64_t)band * chunks;
  const float *values = p->values + p->value_starts[band];
  const uint8_t *places = p->places + p->value_starts[band];
  __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
#define CHANGE(sum, group) \
  sum = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(orders + 16 * (group)))), sum)
#define STEP(sum, group)                                                                             \
  {                                                                                                  \
    const uint32_t count = lengths[group];                                                           \
    const __mmask16 lanes = (__mmask16)_bzhi_u32(0xffff, count);                                     \
    const __m512i where = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)places));            \
    const __m512 inputs = _mm512_permutex2var_ps(low, where, high);                                  \
    sum = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(lanes, values), inputs, sum, lanes);           \
    _mm_prefetch((const char *)(values + 1024), _MM_HINT_T0);                                         \
    values += count;                                                                                 \
    places += count;                                                                                 \
  }
  for (int32_t chunk = 0; chunk < chunks; chunk++, orders += 64) {
    const int32_t left = p->columns - chunk * 32;
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 16 ? left : 16), p->x + chunk * 32);
    const __m512 high =
        left > 16 ? _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 32 ? left - 16 : 16), p->x + chunk * 32 + 16)
                  : _mm512_setzero_ps();
    CHANGE(sum0, 0);
    CHANGE(sum1, 1);
    CHANGE(sum2, 2);
    CHANGE(sum3, 3);
    for (int32_t step = steps[chunk]; step > 0; step--, lengths += 4) {
      _mm_prefetch((const char *)(places + 512), _MM_HINT_T0);
      STEP(sum0, 0) STEP(sum1, 1) STEP(sum2, 2) STEP(sum3, 3)
    }
  }
  CHANGE(sum0, 0);
  CHANGE(sum1, 1);
  CHANGE(sum2, 2);
  CHANGE(sum3, 3);
#undef CHANGE
#undef STEP
  _mm512_storeu_ps(sums, sum0);
  _mm512_storeu_ps(sums + 16, sum1);
  _mm512_storeu_ps(sums + 32, sum2);
  _mm512_storeu_ps(sums + 48, sum3);
}

#include "template.h"

#pragma clang attribute pop
#endif
