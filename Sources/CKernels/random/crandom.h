// The random words of MT19937, and uniform draws out of them, on ranges of memory.
//
// For CTorch, which is C++ and takes no headers of modules: it stands apart from those of the module, and includes none.
// Everything here may change in any release.
#ifndef CRANDOM_H
#define CRANDOM_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BK_STATE_WORDS = 624 };

typedef struct bk_random {
  // The next words of a state, in place.
  void (*renew)(uint32_t state[BK_STATE_WORDS]);
  // What a generator gives for words of its state.
  void (*temper)(const uint32_t *state, int64_t count, uint32_t *words);
  // Draws from [0, 1) for words of the state: their lowest 24 bits by 2^24; of half types rounded, and 0 where that is 1.
  void (*floats)(const uint32_t *state, int64_t count, float *to);
  void (*halves)(const uint32_t *state, int64_t count, uint16_t *to);
  void (*bfloats)(const uint32_t *state, int64_t count, uint16_t *to);
} bk_random;

// The functions for a bk_isa; NULL where this processor does not have it.
const bk_random *bk_random_for(int isa);
// Those for the set in use: bk_chosen_isa.
const bk_random *bk_random_in_use(void);

#ifdef __cplusplus
}
#endif

#endif
