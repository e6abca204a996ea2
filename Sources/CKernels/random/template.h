// MT19937 (Matsumoto and Nishimura, 1998), written once for vectors of LANES words; HALVES, where there is such an
// instruction, rounds floats to halves.
#include <string.h>

#include "tables.h"

#define INLINED static inline __attribute__((always_inline))

typedef uint32_t words __attribute__((ext_vector_type(LANES)));
typedef int32_t whole __attribute__((ext_vector_type(LANES)));
typedef float reals __attribute__((ext_vector_type(LANES)));
typedef uint16_t shorts __attribute__((ext_vector_type(LANES)));

enum { middle = 397, turn = BK_STATE_WORDS - middle };

INLINED words load(const uint32_t *from) {
  words v;
  memcpy(&v, from, sizeof v);
  return v;
}

INLINED words twisted(words a, words b, words far) {
  const words odd = -(b & 1);
  return far ^ (((a & 0x80000000u) | (b & 0x7fffffffu)) >> 1) ^ (odd & 0x9908b0dfu);
}

INLINED uint32_t twisted_alone(uint32_t a, uint32_t b, uint32_t far) {
  return far ^ (((a & 0x80000000u) | (b & 0x7fffffffu)) >> 1) ^ (-(b & 1) & 0x9908b0dfu);
}

// Words first ..< last, each out of itself, the next one, and one that lies `far` words on.
INLINED void renew_range(uint32_t *state, int first, int last, int far) {
  int i = first;
  for (; i + LANES <= last; i += LANES) {
    const words v = twisted(load(state + i), load(state + i + 1), load(state + i + far));
    memcpy(state + i, &v, sizeof v);
  }
  for (; i < last; i++) state[i] = twisted_alone(state[i], state[i + 1], state[i + far]);
}

static void renew(uint32_t state[BK_STATE_WORDS]) {
  renew_range(state, 0, turn, middle);
  renew_range(state, turn, BK_STATE_WORDS - 1, -turn);
  state[BK_STATE_WORDS - 1] = twisted_alone(state[BK_STATE_WORDS - 1], state[0], state[middle - 1]);
}

INLINED words tempered(words y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

INLINED whole lowest24(words y) { return (whole)(tempered(y) & 0xffffffu); }
INLINED reals fractions(whole n) { return __builtin_convertvector(n, reals) * 0x1p-24f; }
// Lane by lane 0 where the bits are those of 1.
INLINED shorts without_one(shorts bits, uint16_t one) { return bits & ~(shorts)(bits == one); }

#ifndef HALVES
// Rounded to the nearest, ties to even. Below 2^-14 the lowest bit of a half counts 2^-24, as that of a draw does.
INLINED shorts halves_of(reals fractions) {
  const words bits = (words)fractions;
  const words rounded = ((bits + 0xfffu + ((bits >> 13) & 1)) >> 13) - ((127u - 15u) << 10);
  const words small = (words)(fractions < 0x1p-14f);
  const words steps = (words)__builtin_convertvector(fractions * 0x1p24f, whole);
  return __builtin_convertvector((rounded & ~small) | (steps & small), shorts);
}
#else
INLINED shorts halves_of(reals fractions) { return (shorts)HALVES(fractions); }
#endif

INLINED words tempered_words(words y) { return tempered(y); }
INLINED reals float_draws(words y) { return fractions(lowest24(y)); }
INLINED shorts half_draws(words y) { return without_one(halves_of(fractions(lowest24(y))), 0x3c00); }
INLINED shorts bfloat_draws(words y) {
  const words bits = (words)fractions(lowest24(y));
  return without_one(__builtin_convertvector((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16, shorts), 0x3f80);
}

#define DRAWS(name, element, vector, draws)                              \
  static void name(const uint32_t *state, int64_t count, element *to) {  \
    int64_t i = 0;                                                       \
    for (; i + LANES <= count; i += LANES) {                             \
      const vector v = draws(load(state + i));                           \
      memcpy(to + i, &v, sizeof v);                                      \
    }                                                                    \
    if (i < count) {                                                     \
      words rest = {0};                                                  \
      memcpy(&rest, state + i, (count - i) * sizeof(uint32_t));          \
      const vector v = draws(rest);                                      \
      memcpy(to + i, &v, (count - i) * sizeof(element));                 \
    }                                                                    \
  }
DRAWS(temper, uint32_t, words, tempered_words)
DRAWS(floats, float, reals, float_draws)
DRAWS(halves, uint16_t, shorts, half_draws)
DRAWS(bfloats, uint16_t, shorts, bfloat_draws)

const bk_random TABLE = {renew, temper, floats, halves, bfloats};
