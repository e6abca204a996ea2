// Values as they are stored, as floats: exactly, whatever the instructions.
#pragma once
#include <string.h>

// Everything here is inlined, so that it does not matter how vectors would be passed.
#pragma clang diagnostic ignored "-Wpsabi"

static inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float stored_alone(const void *values, int64_t index, const bk_storage storage) {
  if (storage == BK_FLOATS) return ((const float *)values)[index];
  const uint32_t bits = ((const uint16_t *)values)[index];
  if (storage == BK_BFLOATS) return float_of_bits(bits << 16);
  // The exponent is biased anew by a multiplication with 2^112, which also scales subnormals.
  const uint32_t scaled = (bits & 0x7fff) << 13, special = (bits & 0x7fff) >= 0x7c00 ? 0x7f800000 : 0;
  float value = float_of_bits(scaled) * 0x1p112f;
  uint32_t out;
  memcpy(&out, &value, sizeof out);
  return float_of_bits(out | special | (bits & 0x8000) << 16);
}

// So many values from `index` on; HALVES_n, where there is such an instruction, makes floats of n halves.
#define STORED(n)                                                                                                      \
  typedef float stored##n __attribute__((ext_vector_type(n)));                                                         \
  static inline __attribute__((always_inline)) stored##n load_stored##n(const void *values, int64_t index,             \
                                                                        const bk_storage storage) {                    \
    typedef uint16_t narrow __attribute__((ext_vector_type(n)));                                                       \
    typedef uint32_t wide __attribute__((ext_vector_type(n)));                                                         \
    if (storage == BK_FLOATS) {                                                                                        \
      stored##n v;                                                                                                     \
      memcpy(&v, (const float *)values + index, sizeof v);                                                             \
      return v;                                                                                                        \
    }                                                                                                                  \
    narrow bits;                                                                                                       \
    memcpy(&bits, (const uint16_t *)values + index, sizeof bits);                                                      \
    if (storage == BK_BFLOATS) return (stored##n)(__builtin_convertvector(bits, wide) << 16);                          \
    return HALVES_##n(bits);                                                                                           \
  }

#ifndef HALVES_4
#define PLAIN_HALVES(n)                                                                                                \
  typedef float plain##n __attribute__((ext_vector_type(n)));                                                          \
  typedef uint16_t plain_narrow##n __attribute__((ext_vector_type(n)));                                                \
  static inline __attribute__((always_inline)) plain##n halves##n(plain_narrow##n bits) {                              \
    typedef uint32_t wide __attribute__((ext_vector_type(n)));                                                         \
    const wide all = __builtin_convertvector(bits, wide), magnitude = all & 0x7fff;                                    \
    const wide special = (wide)(magnitude >= 0x7c00) & 0x7f800000u;                                                    \
    const plain##n scaled = (plain##n)(magnitude << 13) * 0x1p112f;                                                    \
    return (plain##n)((wide)scaled | special | (all & 0x8000) << 16);                                                  \
  }
PLAIN_HALVES(4)
PLAIN_HALVES(8)
PLAIN_HALVES(16)
#define HALVES_4 halves4
#define HALVES_8 halves8
#define HALVES_16 halves16
#endif

STORED(4)
STORED(8)
STORED(16)
