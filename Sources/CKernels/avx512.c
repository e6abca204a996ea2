#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "targets.h"

BEGIN_AVX512

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
#define HALVES_4(bits) (stored4)_mm_cvtph_ps(_mm_set1_epi64x(__builtin_bit_cast(long long, bits)))
#define HALVES_8(bits) (stored8)_mm256_cvtph_ps((__m128i)(bits))
#define HALVES_16(bits) (stored16)_mm512_cvtph_ps((__m256i)(bits))
#include "stored.h"

// The values of some lanes; what the others hold is not used.
static inline __attribute__((always_inline)) __m512 lane_values(const char *values, __mmask16 lanes,
                                                                const bk_storage storage) {
  if (storage == BK_FLOATS) return _mm512_maskz_loadu_ps(lanes, values);
  const __m256i bits = _mm256_maskz_loadu_epi16(lanes, values);
  return storage == BK_HALVES ? _mm512_cvtph_ps(bits)
                              : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// The sums of the 64 rows of a band, without their bias. Groups go in step, so that their additions overlap.
static inline __attribute__((always_inline)) void lane_sums(const bk_lanes *p, int32_t band, float sums[64],
                                                            const bk_storage storage) {
  const int64_t bytes = storage == BK_FLOATS ? 4 : 2;
  const int32_t chunks = (p->columns + 31) / 32;
  const uint8_t *orders = p->orders + (int64_t)band * (chunks + 1) * 64;
  const uint8_t *lengths = p->lengths + p->length_starts[band];
  const uint8_t *steps = p->steps + (int64_t)band * chunks * 4;
  const char *values = (const char *)p->values + p->value_starts[band] * bytes;
  const uint8_t *places = p->places + p->value_starts[band];
  const __m512i behind = _mm512_set1_epi32(32);
  __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
// What is looked up in the first two registers, or in the last two.
#define CHANGED(group)                                                                                        \
  ({                                                                                                          \
    const __m512i from = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(orders + 16 * (group))));     \
    _mm512_mask_blend_ps(_mm512_test_epi32_mask(from, behind), _mm512_permutex2var_ps(sum0, from, sum1),      \
                         _mm512_permutex2var_ps(sum2, from, sum3));                                           \
  })
#define CHANGE                                                                                                \
  {                                                                                                           \
    const __m512 next0 = CHANGED(0), next1 = CHANGED(1), next2 = CHANGED(2), next3 = CHANGED(3);              \
    sum0 = next0, sum1 = next1, sum2 = next2, sum3 = next3;                                                   \
  }
#define STEP(sum, group)                                                                             \
  {                                                                                                  \
    const uint32_t count = lengths[group];                                                           \
    const __mmask16 lanes = (__mmask16)_bzhi_u32(0xffff, count);                                     \
    const __m512i where = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)places));            \
    const __m512 inputs = _mm512_permutex2var_ps(low, where, high);                                  \
    sum = _mm512_mask3_fmadd_ps(lane_values(values, lanes, storage), inputs, sum, lanes);            \
    _mm_prefetch(values + 4096, _MM_HINT_T0);                                                        \
    values += count * bytes;                                                                         \
    places += count;                                                                                 \
  }
  for (int32_t chunk = 0; chunk < chunks; chunk++, orders += 64, steps += 4) {
    const int32_t left = p->columns - chunk * 32;
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 16 ? left : 16), p->part.x + chunk * 32);
    const __m512 high =
        left > 16 ? _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 32 ? left - 16 : 16), p->part.x + chunk * 32 + 16)
                  : _mm512_setzero_ps();
    CHANGE
    int32_t step = 0;
    for (; step < steps[3]; step++, lengths += 4) {
      _mm_prefetch((const char *)(places + 512), _MM_HINT_T0);
      STEP(sum0, 0) STEP(sum1, 1) STEP(sum2, 2) STEP(sum3, 3)
    }
    for (; step < steps[2]; step++, lengths += 3) {
      _mm_prefetch((const char *)(places + 512), _MM_HINT_T0);
      STEP(sum0, 0) STEP(sum1, 1) STEP(sum2, 2)
    }
    for (; step < steps[1]; step++, lengths += 2) { STEP(sum0, 0) STEP(sum1, 1) }
    for (; step < steps[0]; step++, lengths++) STEP(sum0, 0)
  }
  CHANGE
#undef CHANGE
#undef CHANGED
#undef STEP
  _mm512_storeu_ps(sums, sum0);
  _mm512_storeu_ps(sums + 16, sum1);
  _mm512_storeu_ps(sums + 32, sum2);
  _mm512_storeu_ps(sums + 48, sum3);
}

// The sums of the lanes of the 4 units of a band. A window of 32 inputs lies in two registers, in which they are looked up.
static inline __attribute__((always_inline)) void window_sums(const bk_windows *p, int32_t band, float sums[64],
                                                              const bk_storage storage) {
  const int32_t windows = (p->columns + 31) / 32;
  const int64_t bytes = storage == BK_FLOATS ? 4 : 2;
  const char *values = (const char *)p->values + (int64_t)band * windows * 64 * bytes;
  const uint64_t *places = p->places + (int64_t)band * windows * 4;
  const __m512i bases = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p->bases));
  const __m512i shifts = _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
  const __m512i lowest = _mm512_set1_epi32(15);
  __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
#define UNIT(sum, unit)                                                                                       \
  {                                                                                                           \
    const __m512i each = _mm512_srlv_epi32(_mm512_set1_epi64((long long)places[unit]), shifts);               \
    const __m512i where = _mm512_add_epi32(_mm512_and_si512(each, lowest), bases);                            \
    _mm_prefetch(values + (unit) * 16 * bytes + 4096, _MM_HINT_T0);                                           \
    sum = _mm512_fmadd_ps((__m512)load_stored16(values, (unit) * 16, storage),                                \
                          _mm512_permutex2var_ps(low, where, high), sum);                                     \
  }
  for (int32_t window = 0; window < windows; window++, places += 4, values += 64 * bytes) {
    const int32_t left = p->columns - window * 32;
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 16 ? left : 16), p->part.x + window * 32);
    const __m512 high =
        left > 16 ? _mm512_maskz_loadu_ps((__mmask16)_bzhi_u32(0xffff, left < 32 ? left - 16 : 16), p->part.x + window * 32 + 16)
                  : _mm512_setzero_ps();
    _mm_prefetch((const char *)(places + 256), _MM_HINT_T0);
    UNIT(sum0, 0) UNIT(sum1, 1) UNIT(sum2, 2) UNIT(sum3, 3)
  }
#undef UNIT
  _mm512_storeu_ps(sums, sum0);
  _mm512_storeu_ps(sums + 16, sum1);
  _mm512_storeu_ps(sums + 32, sum2);
  _mm512_storeu_ps(sums + 48, sum3);
}

#include "template.h"

END
#endif
