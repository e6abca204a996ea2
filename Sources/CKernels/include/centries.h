// Entries of tensors, their keys and packed bits, on ranges of memory: no allocation, no threads, no state.
//
// Bits are packed into words of 64, the first entry lowest. Memory of entries needs no alignment. Every table gives the same
// bits as the Swift of Sparsity, which stands for plain processors.
//
// Private to the Swift target Sparsity: everything here may change in any release.
#ifndef CENTRIES_H
#define CENTRIES_H
#include <stdbool.h>
#include <stdint.h>

#include "ckernels.h"

// How the bits of scores become keys; see KeyRule in Sparsity.
typedef enum bk_rule {
  BK_MAGNITUDES = 0,  // of floats that are not NaN
  BK_SIGNED,          // floats that are not NaN
  BK_ALL_FLOATS,      // floats, with NaN above infinity
  BK_INTEGERS,
} bk_rule;

typedef struct bk_keys {
  bk_rule rule;
  int32_t bytes;     // of an entry and of its key: 2, 4 or 8
  int64_t infinity;  // its bits
  int64_t with_sign; // all ones where the sign counts
  int64_t flip;      // BK_SIGNED, BK_ALL_FLOATS: all ones where the largest go first; BK_INTEGERS: what keys are xored with
} bk_keys;

// What becomes of an entry and its bit.
typedef enum bk_masking {
  BK_TIMES = 0,  // the product of an IEEE 754 float of 4 or 8 bytes with 0 or 1
  BK_KEEPING,    // the entry, or of its bits only those of `constant`
  BK_SMALL,      // the product of a float of 1 or 2 bytes whose smallest magnitude that is no number is `constant`
} bk_masking;

// Numbers that become doubles.
typedef enum bk_number { BK_FLOAT16 = 0, BK_BFLOAT16, BK_FLOAT32 } bk_number;

typedef struct bk_entries {
  // Bits of the entries whose keys are above `middle` and within low ... high; bits beyond the last entry are 0. Returns
  // whether there is any NaN.
  bool (*classify)(const bk_keys *keys, const void *entries, int64_t count, int64_t low, int64_t middle, int64_t high,
                   uint64_t *above, uint64_t *inside);
  // Writes keys, also in place. Returns whether there is any NaN.
  bool (*encode)(const bk_keys *keys, const void *entries, int64_t count, void *to);
  // Copies entries whose bits are set, and their places plus `first`. Returns how many there are.
  int64_t (*gather)(const uint64_t *bits, int64_t words, const void *entries, int32_t bytes, uint32_t first, void *to,
                    uint32_t *places);
  // How many bits are set.
  int64_t (*count_bits)(const uint64_t *bits, int64_t words);
  // Keeps, of the places of keys, those that `middle` and `cut` judge differently, in order; of the keys equal to `cut`
  // the first `quota` go. Returns how many there are.
  int64_t (*changes)(int32_t bytes, const void *keys, int64_t count, int64_t cut, int64_t middle, int64_t quota,
                     uint32_t *places);
  // How many keys lie in low ... high.
  int64_t (*count_keys)(int32_t bytes, const void *keys, int64_t count, int64_t low, int64_t high);
  // Writes `one` or 0 for each bit. With `uncached` and `to` at a multiple of a vector the caches are passed by, which saves
  // reading what is overwritten, and serves outputs that are larger than they are.
  void (*spread)(const uint64_t *bits, int64_t count, int32_t bytes, uint64_t one, void *to, bool uncached);
  // Writes each entry, changed by its bit; also in place. `uncached` as for `spread`.
  void (*mask)(const uint64_t *bits, int64_t count, const void *entries, void *to, int32_t bytes, bk_masking masking,
               uint64_t constant, bool uncached);
  // Writes whether (entry & filter) == value is `equal`, for each entry; bits beyond the last are 0.
  void (*pack)(const void *entries, int64_t count, int32_t bytes, uint64_t filter, uint64_t value, bool equal,
               uint64_t *bits);
  // Writes entries as doubles.
  void (*to_doubles)(bk_number type, const void *entries, int64_t count, double *to);
} bk_entries;

// The functions for a set; NULL where there are none, or this processor does not have it.
const bk_entries *bk_entries_for(bk_isa isa);

#endif
