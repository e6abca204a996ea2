#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "../targets.h"

BEGIN_AVX512

#define TABLE bk_entries_avx512
#define VECTOR 64
#define DOUBLES 8

typedef int8_t vec8 __attribute__((ext_vector_type(64)));
typedef int16_t vec16 __attribute__((ext_vector_type(32)));
typedef int32_t vec32 __attribute__((ext_vector_type(16)));
typedef int64_t vec64 __attribute__((ext_vector_type(8)));
typedef float float_vec __attribute__((ext_vector_type(16)));
typedef double double_vec __attribute__((ext_vector_type(8)));

static inline uint64_t word8(const vec8 *v) { return _mm512_movepi8_mask((__m512i)v[0]); }
static inline uint64_t word16(const vec16 *v) {
  return (uint64_t)_mm512_movepi16_mask((__m512i)v[0]) | (uint64_t)_mm512_movepi16_mask((__m512i)v[1]) << 32;
}
static inline uint64_t word32(const vec32 *v) {
  uint64_t word = 0;
  for (int i = 0; i < 4; i++) word |= (uint64_t)_mm512_movepi32_mask((__m512i)v[i]) << (16 * i);
  return word;
}
static inline uint64_t word64(const vec64 *v) {
  uint64_t word = 0;
  for (int i = 0; i < 8; i++) word |= (uint64_t)_mm512_movepi64_mask((__m512i)v[i]) << (8 * i);
  return word;
}

static inline vec8 mask8(uint64_t bits) { return (vec8)_mm512_movm_epi8(bits); }
static inline vec16 mask16(uint64_t bits) { return (vec16)_mm512_movm_epi16((__mmask32)bits); }
static inline vec32 mask32(uint64_t bits) { return (vec32)_mm512_movm_epi32((__mmask16)bits); }
static inline vec64 mask64(uint64_t bits) { return (vec64)_mm512_movm_epi64((__mmask8)bits); }

static inline double_vec doubles_of_halves(const void *from) {
  return (double_vec)_mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from)));
}

#include "template.h"

END
#endif
