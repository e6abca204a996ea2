#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "../targets.h"

BEGIN_AVX2

#define TABLE bk_entries_avx2
#define VECTOR 32
#define DOUBLES 4

typedef int8_t vec8 __attribute__((ext_vector_type(32)));
typedef int16_t vec16 __attribute__((ext_vector_type(16)));
typedef int32_t vec32 __attribute__((ext_vector_type(8)));
typedef int64_t vec64 __attribute__((ext_vector_type(4)));
typedef float float_vec __attribute__((ext_vector_type(8)));
typedef double double_vec __attribute__((ext_vector_type(4)));

static inline uint64_t word8(const vec8 *v) {
  return (uint32_t)_mm256_movemask_epi8((__m256i)v[0]) | (uint64_t)(uint32_t)_mm256_movemask_epi8((__m256i)v[1]) << 32;
}
// Packing takes the halves of registers in turns, which is put right afterwards.
static inline uint32_t half_word16(vec16 a, vec16 b) {
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16((__m256i)a, (__m256i)b), 0xd8);
  return (uint32_t)_mm256_movemask_epi8(bytes);
}
static inline uint64_t word16(const vec16 *v) {
  return half_word16(v[0], v[1]) | (uint64_t)half_word16(v[2], v[3]) << 32;
}
static inline uint32_t half_word32(const vec32 *v) {
  const __m256i low = _mm256_packs_epi32((__m256i)v[0], (__m256i)v[1]);
  const __m256i high = _mm256_packs_epi32((__m256i)v[2], (__m256i)v[3]);
  const __m256i bytes = _mm256_permutevar8x32_epi32(
      _mm256_packs_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  return (uint32_t)_mm256_movemask_epi8(bytes);
}
static inline uint64_t word32(const vec32 *v) { return half_word32(v) | (uint64_t)half_word32(v + 4) << 32; }
static inline uint64_t word64(const vec64 *v) {
  uint64_t word = 0;
  for (int i = 0; i < 16; i++) word |= (uint64_t)(uint32_t)_mm256_movemask_pd((__m256d)v[i]) << (4 * i);
  return word;
}

static inline vec8 mask8(uint64_t bits) {
  const __m256i places = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3,
                                          3, 3, 3, 3, 3, 3);
  const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201);
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), places);
  return (vec8)_mm256_cmpeq_epi8(_mm256_and_si256(spread, each), each);
}
static inline vec16 mask16(uint64_t bits) {
  const __m256i each = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);
  return (vec16)_mm256_cmpeq_epi16(_mm256_and_si256(_mm256_set1_epi16((short)bits), each), each);
}
static inline vec32 mask32(uint64_t bits) {
  const __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return (vec32)_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), each), each);
}
static inline vec64 mask64(uint64_t bits) {
  const __m256i each = _mm256_setr_epi64x(1, 2, 4, 8);
  return (vec64)_mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)bits), each), each);
}

static inline double_vec doubles_of_halves(const void *from) {
  return (double_vec)_mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)from)));
}

#include "template.h"

END
#endif
