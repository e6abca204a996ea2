// Entries and bits, written once for vectors of VECTOR bytes. A file for a set of instructions defines
//   word8, word16, word32, word64: the bits of 64 entries out of vectors of all ones and zeros,
//   mask8, mask16, mask32, mask64: a vector of all ones and zeros out of bits,
//   doubles_of_halves: some float16 as doubles,
// and its name; then it includes this file.
#include <stddef.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

// put: with `uncached`, past the caches and to an aligned place.
#define LOADS(width)                                                                                              \
  INLINED vec##width load##width(const void *from) {                                                              \
    vec##width v;                                                                                                 \
    memcpy(&v, from, sizeof v);                                                                                   \
    return v;                                                                                                     \
  }                                                                                                               \
  INLINED void store##width(void *to, vec##width v) { memcpy(to, &v, sizeof v); }                                \
  INLINED void put##width(void *to, vec##width v, const bool uncached) {                                         \
    if (uncached)                                                                                                \
      __builtin_nontemporal_store(v, (vec##width *)to);                                                          \
    else                                                                                                         \
      store##width(to, v);                                                                                       \
  }
LOADS(8)
LOADS(16)
LOADS(32)
LOADS(64)

// Where 64 entries of which there are `bytes` can be read: where they are, or from `rest`, filled up with zeros.
INLINED const char *whole64(const char *from, int64_t bytes, char *rest, int64_t size) {
  if (bytes >= size) return from;
  memset(rest, 0, size);
  memcpy(rest, from, bytes);
  return rest;
}

INLINED uint64_t lowest(int64_t count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

// MARK: Keys

// The key of each lane; a lane of `excess` becomes negative for a NaN.
#define KEYS(width)                                                                                              \
  INLINED vec##width keys##width(const bk_keys *k, const bk_rule rule, vec##width bits, vec##width *excess) {    \
    typedef vec##width vec;                                                                                      \
    const vec signs = bits >> (width - 1);                                                                       \
    if (rule == BK_INTEGERS) {                                                                                   \
      const vec negative = signs & ~(vec)(int##width##_t)k->with_sign;                                           \
      return ((bits ^ negative) - negative) ^ (vec)(int##width##_t)k->flip;                                      \
    }                                                                                                            \
    const vec infinity = (vec)(int##width##_t)k->infinity;                                                       \
    vec magnitudes = bits & (vec)INT##width##_MAX;                                                               \
    const vec over = infinity - magnitudes;                                                                      \
    *excess |= over;                                                                                             \
    if (rule == BK_MAGNITUDES) return magnitudes;                                                                \
    const vec flip = (vec)(int##width##_t)k->flip;                                                               \
    vec negative = signs ^ flip;                                                                                 \
    if (rule == BK_ALL_FLOATS) {                                                                                 \
      const vec is_nan = over >> (width - 1);                                                                    \
      magnitudes ^= (magnitudes ^ (infinity + 1)) & is_nan;                                                      \
      negative = (signs & (vec)(int##width##_t)k->with_sign & ~is_nan) ^ flip;                                   \
    }                                                                                                            \
    return (magnitudes ^ negative) - negative;                                                                   \
  }                                                                                                              \
  INLINED bool any_negative##width(vec##width v) { return __builtin_reduce_or(v >> (width - 1)) != 0; }
KEYS(16)
KEYS(32)
KEYS(64)

#define CLASSIFY(width)                                                                                          \
  INLINED bool classify##width(const bk_keys *k, const bk_rule rule, const char *entries, int64_t count,         \
                               int64_t low, int64_t middle, int64_t high, uint64_t *above, uint64_t *inside) {   \
    enum { vectors = 64 * width / 8 / VECTOR };                                                                  \
    const vec##width lows = (vec##width)(int##width##_t)low, middles = (vec##width)(int##width##_t)middle,       \
                     highs = (vec##width)(int##width##_t)high;                                                   \
    vec##width excess = (vec##width)(int##width##_t)0;                                                           \
    for (int64_t start = 0; start < count; start += 64) {                                                        \
      char rest[64 * width / 8];                                                                                 \
      const char *from = whole64(entries + start * (width / 8), (count - start) * (width / 8), rest,             \
                                 sizeof rest);                                                                   \
      vec##width over[vectors], within[vectors];                                                                 \
      UNROLLED for (int i = 0; i < vectors; i++) {                                                               \
        const vec##width key = keys##width(k, rule, load##width(from + i * VECTOR), &excess);                    \
        over[i] = key > middles;                                                                                 \
        within[i] = (key >= lows) & (key <= highs);                                                              \
      }                                                                                                          \
      above[start / 64] = word##width(over) & lowest(count - start);                                             \
      inside[start / 64] = word##width(within) & lowest(count - start);                                          \
    }                                                                                                            \
    return any_negative##width(excess);                                                                          \
  }                                                                                                              \
  INLINED bool encode##width(const bk_keys *k, const bk_rule rule, const char *entries, int64_t count, char *to) { \
    enum { lanes = VECTOR * 8 / width };                                                                         \
    vec##width excess = (vec##width)(int##width##_t)0;                                                           \
    int64_t index = 0;                                                                                           \
    for (; index + lanes <= count; index += lanes)                                                               \
      store##width(to + index * (width / 8), keys##width(k, rule, load##width(entries + index * (width / 8)), &excess)); \
    if (index < count) {                                                                                         \
      vec##width rest = (vec##width)(int##width##_t)0;                                                           \
      memcpy(&rest, entries + index * (width / 8), (count - index) * (width / 8));                               \
      rest = keys##width(k, rule, rest, &excess);                                                                \
      memcpy(to + index * (width / 8), &rest, (count - index) * (width / 8));                                    \
    }                                                                                                            \
    return any_negative##width(excess);                                                                          \
  }
CLASSIFY(16)
CLASSIFY(32)
CLASSIFY(64)

// One copy of a loop for each width and rule.
#define FOR_RULES(width, call)                     \
  case width / 8:                                  \
    switch (keys->rule) {                          \
      case BK_MAGNITUDES: return call(BK_MAGNITUDES); \
      case BK_SIGNED: return call(BK_SIGNED);      \
      case BK_ALL_FLOATS: return call(BK_ALL_FLOATS); \
      case BK_INTEGERS: return call(BK_INTEGERS);  \
    }                                              \
    return false;

static bool classify(const bk_keys *keys, const void *entries, int64_t count, int64_t low, int64_t middle, int64_t high,
                     uint64_t *above, uint64_t *inside) {
  switch (keys->bytes) {
#define CALL(rule) classify16(keys, rule, entries, count, low, middle, high, above, inside)
    FOR_RULES(16, CALL)
#undef CALL
#define CALL(rule) classify32(keys, rule, entries, count, low, middle, high, above, inside)
    FOR_RULES(32, CALL)
#undef CALL
#define CALL(rule) classify64(keys, rule, entries, count, low, middle, high, above, inside)
    FOR_RULES(64, CALL)
#undef CALL
  }
  return false;
}

static bool encode(const bk_keys *keys, const void *entries, int64_t count, void *to) {
  switch (keys->bytes) {
#define CALL(rule) encode16(keys, rule, entries, count, to)
    FOR_RULES(16, CALL)
#undef CALL
#define CALL(rule) encode32(keys, rule, entries, count, to)
    FOR_RULES(32, CALL)
#undef CALL
#define CALL(rule) encode64(keys, rule, entries, count, to)
    FOR_RULES(64, CALL)
#undef CALL
  }
  return false;
}

// MARK: Gathering

static int64_t count_bits(const uint64_t *bits, int64_t words) {
  int64_t count = 0;
  for (int64_t word = 0; word < words; word++) count += __builtin_popcountll(bits[word]);
  return count;
}

// The places of set bits. Four are written whether they exist or not, and more where there are more: a branch for each
// would be mispredicted in most words.
INLINED int64_t places_of(const uint64_t *bits, int64_t words, uint16_t *places) {
  int64_t found = 0;
  for (int64_t word = 0; word < words; word++) {
    uint64_t rest = bits[word];
    if (rest == 0) continue;
    const int64_t count = __builtin_popcountll(rest);
    for (int64_t written = 0; written < count; written += 4) {
      UNROLLED for (int i = 0; i < 4; i++) {
        places[found + written + i] = (uint16_t)(word * 64 + (int64_t)_tzcnt_u64(rest));
        rest = _blsr_u64(rest);
      }
    }
    found += count;
  }
  return found;
}

#define GATHER(width)                                                                                            \
  INLINED void gather##width(const uint16_t *places, int64_t count, const char *entries, char *to) {             \
    for (int64_t i = 0; i < count; i++) memcpy(to + i * (width / 8), entries + places[i] * (width / 8), width / 8); \
  }
GATHER(16)
GATHER(32)
GATHER(64)

static int64_t gather(const uint64_t *bits, int64_t words, const void *entries, int32_t bytes, uint32_t first, void *to,
                      uint32_t *places) {
  enum { at_once = 32 };
  int64_t found = 0;
  for (int64_t start = 0; start < words; start += at_once) {
    uint16_t near[64 * at_once + 4];
    const int64_t count = places_of(bits + start, words - start < at_once ? words - start : at_once, near);
    const char *const from = (const char *)entries + start * 64 * bytes;
    char *const target = (char *)to + found * bytes;
    switch (bytes) {
      case 2: gather16(near, count, from, target); break;
      case 4: gather32(near, count, from, target); break;
      case 8: gather64(near, count, from, target); break;
    }
    for (int64_t i = 0; i < count; i++) places[found + i] = first + (uint32_t)(start * 64) + near[i];
    found += count;
  }
  return found;
}

// MARK: Corrections

#define CHANGES(width)                                                                                           \
  INLINED int64_t changes##width(const char *keys, int64_t count, int64_t cut, int64_t middle, int64_t quota,    \
                                 uint32_t *places) {                                                             \
    /* Keys that may change: from the lower of both on to the higher. */                                         \
    const int##width##_t first = (int##width##_t)(cut <= middle ? cut : middle + 1);                             \
    const int##width##_t last = (int##width##_t)(cut <= middle ? middle : cut);                                  \
    int64_t found = 0;                                                                                           \
    for (int64_t start = 0; start < count; start += 64) {                                                        \
      char rest[64 * width / 8];                                                                                 \
      const char *from = whole64(keys + start * (width / 8), (count - start) * (width / 8), rest,                \
                                 sizeof rest);                                                                   \
      enum { vectors = 64 * width / 8 / VECTOR };                                                                \
      vec##width within[vectors];                                                                                \
      UNROLLED for (int i = 0; i < vectors; i++) {                                                               \
        const vec##width key = load##width(from + i * VECTOR);                                                   \
        within[i] = (key >= first) & (key <= last);                                                              \
      }                                                                                                          \
      uint64_t bits = word##width(within) & lowest(count - start);                                               \
      while (bits != 0) {                                                                                        \
        const int64_t place = (int64_t)_tzcnt_u64(bits);                                                         \
        bits = _blsr_u64(bits);                                                                                  \
        int##width##_t key;                                                                                      \
        memcpy(&key, from + place * (width / 8), sizeof key);                                                    \
        const bool tie = key == cut && quota > 0;                                                                \
        quota -= tie;                                                                                            \
        places[found] = places[start + place];                                                                   \
        found += ((key >= cut) ^ tie) ^ (key > middle);                                                          \
      }                                                                                                          \
    }                                                                                                            \
    return found;                                                                                                \
  }                                                                                                              \
  INLINED int64_t count_keys##width(const char *keys, int64_t count, int64_t low, int64_t high) {                \
    int64_t found = 0;                                                                                           \
    for (int64_t i = 0; i < count; i++) {                                                                        \
      int##width##_t key;                                                                                        \
      memcpy(&key, keys + i * (width / 8), sizeof key);                                                          \
      found += key >= (int##width##_t)low && key <= (int##width##_t)high;                                        \
    }                                                                                                            \
    return found;                                                                                                \
  }
CHANGES(16)
CHANGES(32)
CHANGES(64)

static int64_t changes(int32_t bytes, const void *keys, int64_t count, int64_t cut, int64_t middle, int64_t quota,
                       uint32_t *places) {
  switch (bytes) {
    case 2: return changes16(keys, count, cut, middle, quota, places);
    case 4: return changes32(keys, count, cut, middle, quota, places);
    case 8: return changes64(keys, count, cut, middle, quota, places);
  }
  return 0;
}

static int64_t count_keys(int32_t bytes, const void *keys, int64_t count, int64_t low, int64_t high) {
  switch (bytes) {
    case 2: return count_keys16(keys, count, low, high);
    case 4: return count_keys32(keys, count, low, high);
    case 8: return count_keys64(keys, count, low, high);
  }
  return 0;
}

// MARK: Dense results

INLINED vec32 times32(vec32 entries, vec32 mask) {
  const vec32 ones = mask & (vec32)0x3f800000;
  return (vec32)((float_vec)entries * (float_vec)ones);
}
INLINED vec64 times64(vec64 entries, vec64 mask) {
  const vec64 ones = mask & (vec64)(int64_t)0x3ff0000000000000;
  return (vec64)((double_vec)entries * (double_vec)ones);
}
INLINED vec8 times8(vec8 entries, vec8 mask) { return entries & mask; }
INLINED vec16 times16(vec16 entries, vec16 mask) { return entries & mask; }

#define MASKED(width)                                                                                            \
  INLINED vec##width masked##width(vec##width entries, vec##width mask, const bk_masking masking, uint64_t constant) { \
    const vec##width sign = (vec##width)INT##width##_MIN;                                                        \
    if (masking == BK_TIMES) return times##width(entries, mask);                                                 \
    if (masking == BK_KEEPING) return entries & (mask | (vec##width)(int##width##_t)constant);                   \
    /* Whether a magnitude is less than infinity shows in the sign of their difference. */                       \
    const vec##width finite = ((entries & ~sign) - (vec##width)(int##width##_t)constant) >> (width - 1);         \
    return (entries & (mask | sign)) | ~(finite | mask | sign);                                                  \
  }                                                                                                              \
  INLINED void mask_words##width(const uint64_t *bits, int64_t words, const char *entries, char *to,             \
                                 const bk_masking masking, uint64_t constant, const bool uncached) {             \
    enum { lanes = VECTOR * 8 / width, vectors = 64 / lanes };                                                   \
    for (int64_t word = 0; word < words; word++, entries += 8 * width, to += 8 * width)                          \
      UNROLLED for (int i = 0; i < vectors; i++)                                                                 \
        put##width(to + i * VECTOR,                                                                              \
                   masked##width(load##width(entries + i * VECTOR), mask##width(bits[word] >> (i * lanes % 64)), \
                                 masking, constant),                                                             \
                   uncached);                                                                                    \
  }                                                                                                              \
  INLINED void mask_all##width(const uint64_t *bits, int64_t count, const char *entries, char *to,               \
                               const bk_masking masking, uint64_t constant, bool uncached) {                     \
    enum { lanes = VECTOR * 8 / width };                                                                         \
    if (uncached && (uintptr_t)to % VECTOR == 0) {                                                               \
      mask_words##width(bits, count / 64, entries, to, masking, constant, true);                                 \
      _mm_sfence();                                                                                              \
    } else {                                                                                                     \
      mask_words##width(bits, count / 64, entries, to, masking, constant, false);                                \
    }                                                                                                            \
    for (int64_t index = count / 64 * 64; index < count; index += lanes) {                                       \
      const int64_t left = count - index < lanes ? count - index : lanes;                                        \
      vec##width v = (vec##width)(int##width##_t)0;                                                              \
      memcpy(&v, entries + index * (width / 8), left * (width / 8));                                             \
      v = masked##width(v, mask##width(bits[index / 64] >> (index % 64)), masking, constant);                    \
      memcpy(to + index * (width / 8), &v, left * (width / 8));                                                  \
    }                                                                                                            \
  }                                                                                                              \
  INLINED void spread_words##width(const uint64_t *bits, int64_t words, uint64_t one, char *to, const bool uncached) { \
    enum { lanes = VECTOR * 8 / width, vectors = 64 / lanes };                                                   \
    const vec##width ones = (vec##width)(int##width##_t)one;                                                     \
    for (int64_t word = 0; word < words; word++, to += 8 * width)                                                \
      UNROLLED for (int i = 0; i < vectors; i++)                                                                 \
        put##width(to + i * VECTOR, mask##width(bits[word] >> (i * lanes % 64)) & ones, uncached);               \
  }                                                                                                              \
  INLINED void spread##width(const uint64_t *bits, int64_t count, uint64_t one, char *to, bool uncached) {       \
    enum { lanes = VECTOR * 8 / width };                                                                         \
    if (uncached && (uintptr_t)to % VECTOR == 0) {                                                               \
      spread_words##width(bits, count / 64, one, to, true);                                                      \
      _mm_sfence();                                                                                              \
    } else {                                                                                                     \
      spread_words##width(bits, count / 64, one, to, false);                                                     \
    }                                                                                                            \
    for (int64_t index = count / 64 * 64; index < count; index += lanes) {                                       \
      const int64_t left = count - index < lanes ? count - index : lanes;                                        \
      const vec##width v = mask##width(bits[index / 64] >> (index % 64)) & (vec##width)(int##width##_t)one;      \
      memcpy(to + index * (width / 8), &v, left * (width / 8));                                                  \
    }                                                                                                            \
  }                                                                                                              \
  INLINED void pack##width(const char *entries, int64_t count, uint64_t filter, uint64_t value, const bool equal, \
                           uint64_t *bits) {                                                                     \
    enum { vectors = 64 * width / 8 / VECTOR };                                                                  \
    const vec##width filters = (vec##width)(int##width##_t)filter, values = (vec##width)(int##width##_t)value;   \
    for (int64_t start = 0; start < count; start += 64) {                                                        \
      char rest[64 * width / 8];                                                                                 \
      const char *from = whole64(entries + start * (width / 8), (count - start) * (width / 8), rest,             \
                                 sizeof rest);                                                                   \
      vec##width same[vectors];                                                                                  \
      UNROLLED for (int i = 0; i < vectors; i++) \
        same[i] = (vec##width)((load##width(from + i * VECTOR) & filters) == values);    \
      const uint64_t word = word##width(same);                                                                   \
      bits[start / 64] = (equal ? word : ~word) & lowest(count - start);                                         \
    }                                                                                                            \
  }
MASKED(8)
MASKED(16)
MASKED(32)
MASKED(64)

#define FOR_MASKINGS(width)                                                                                      \
  case width / 8:                                                                                                \
    if (masking == BK_TIMES) mask_all##width(bits, count, entries, to, BK_TIMES, 0, uncached);                   \
    else if (masking == BK_KEEPING) mask_all##width(bits, count, entries, to, BK_KEEPING, constant, uncached);   \
    else mask_all##width(bits, count, entries, to, BK_SMALL, constant, uncached);                                \
    return;

static void mask(const uint64_t *bits, int64_t count, const void *entries, void *to, int32_t bytes, bk_masking masking,
                 uint64_t constant, bool uncached) {
  switch (bytes) {
    FOR_MASKINGS(8)
    FOR_MASKINGS(16)
    FOR_MASKINGS(32)
    FOR_MASKINGS(64)
  }
}

static void spread(const uint64_t *bits, int64_t count, int32_t bytes, uint64_t one, void *to, bool uncached) {
  switch (bytes) {
    case 1: spread8(bits, count, one, to, uncached); return;
    case 2: spread16(bits, count, one, to, uncached); return;
    case 4: spread32(bits, count, one, to, uncached); return;
    case 8: spread64(bits, count, one, to, uncached); return;
  }
}

static void pack(const void *entries, int64_t count, int32_t bytes, uint64_t filter, uint64_t value, bool equal,
                 uint64_t *bits) {
  switch (bytes) {
    case 1: pack8(entries, count, filter, value, equal, bits); return;
    case 2: pack16(entries, count, filter, value, equal, bits); return;
    case 4: pack32(entries, count, filter, value, equal, bits); return;
    case 8: pack64(entries, count, filter, value, equal, bits); return;
  }
}

// MARK: Numbers

static void to_doubles(bk_number type, const void *entries, int64_t count, double *to) {
  const char *const from = entries;
  int64_t index = 0;
  switch (type) {
    case BK_FLOAT16:
      for (; index + DOUBLES <= count; index += DOUBLES) store64(to + index, (vec64)doubles_of_halves(from + 2 * index));
      if (index < count) {
        char rest[2 * DOUBLES] = {0};
        memcpy(rest, from + 2 * index, (count - index) * 2);
        const double_vec last = doubles_of_halves(rest);
        memcpy(to + index, &last, (count - index) * sizeof(double));
      }
      return;
    case BK_BFLOAT16:
      for (; index < count; index++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * index, sizeof bits);
        const uint32_t wide = (uint32_t)bits << 16;
        float value;
        memcpy(&value, &wide, sizeof value);
        to[index] = value;
      }
      return;
    case BK_FLOAT32:
      for (; index < count; index++) {
        float value;
        memcpy(&value, from + 4 * index, sizeof value);
        to[index] = value;
      }
      return;
  }
}

const bk_entries TABLE = {
    classify, encode, gather, count_bits, changes, count_keys, spread, mask, pack, to_doubles,
};
