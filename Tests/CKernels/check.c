// Random cases of every kernel against plain loops in double precision, for each set of instructions that this program has:
// without Swift, so that they can be run by an emulator and under sanitizers. Every buffer is as large as it must be and no
// larger. See scripts/check-kernels.sh.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "centries.h"
#include "random/crandom.h"

static uint64_t state;
static uint64_t next(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
static int64_t upto(int64_t last) { return (int64_t)(next() % (uint64_t)(last + 1)); }
static float number(void) { return (float)(int32_t)(next() >> 40) / (1 << 23) - 1; }
static float *numbers(int64_t count) {
  float *list = malloc(count * sizeof(float) + !count);
  for (int64_t i = 0; i < count; i++) list[i] = number();
  return list;
}

static const char *isa_name;
static long failures, checks;
static void expect(int is_right, const char *what, uint64_t seed) {
  checks++;
  if (is_right || failures++ > 20) return;
  fprintf(stderr, "%s: %s is wrong, seed %llu\n", isa_name, what, (unsigned long long)seed);
}
// Within a bound for sums of so many products of such a size.
static int near(float found, double exact, double size, int64_t terms) {
  return fabs(found - exact) <= (terms + 4) * 6e-8 * size + 2e-6 * fabs(exact) + 1e-12;
}

static double activated(double x, bk_activation activation) {
  switch (activation) {
    case BK_RELU: return x < 0 ? 0 : x;
    case BK_SILU: return x / (1 + exp(-x));
    case BK_GELU: return 0.5 * x * (1 + erf(x / sqrt(2.0)));
    default: return x;
  }
}

// MARK: Products

static void check_tile(const bk_kernels *k, uint64_t seed) {
  const int32_t heights[] = {1, 4, 8}, which = (int32_t)upto(2), height = heights[which];
  const int32_t vectors = 1 + (int32_t)upto(k->most_vectors[which] - 1), tail = 1 + (int32_t)upto(k->lanes - 1);
  const int64_t width = (vectors - 1) * k->lanes + tail;
  const int32_t units = 1 + (int32_t)upto(6), columns = 1 + (int32_t)upto(12);
  const int32_t rows = units * height - (int32_t)upto(height - 1);
  int32_t starts[8] = {0}, order[7], offsets[7 * 12];
  int32_t entries = 0;
  for (int32_t u = 0; u < units; u++) {
    order[u] = u;
    for (int32_t n = (int32_t)upto(columns); n > 0; n--) offsets[entries++] = (int32_t)(upto(columns - 1) * width);
    starts[u + 1] = entries;
  }
  for (int32_t u = units - 1; u > 0; u--) {
    const int32_t other = (int32_t)upto(u), kept = order[u];
    order[u] = order[other];
    order[other] = kept;
  }
  float *x = numbers(columns * width), *values = numbers((int64_t)entries * height), *bias = numbers(rows);
  float *out = numbers(rows * width), *before = malloc(rows * width * sizeof(float));
  memcpy(before, out, rows * width * sizeof(float));
  bk_tile tile = {x, values, offsets, starts, order, next() & 1 ? bias : NULL, out, width, 0, units, rows, height,
                  vectors, tail, next() & 1, (bk_activation)upto(3)};
  k->multiply(&tile);
  for (int32_t u = 0; u < units; u++)
    for (int32_t h = 0; h < height && order[u] * height + h < rows; h++)
      for (int64_t c = 0; c < width; c++) {
        const int32_t row = order[u] * height + h;
        double sum = tile.accumulate ? before[row * width + c] : tile.bias ? bias[row] : 0, size = fabs(sum);
        for (int32_t e = starts[u]; e < starts[u + 1]; e++) {
          const double product = (double)values[e * height + h] * x[offsets[e] + c];
          sum += product;
          size += fabs(product);
        }
        expect(near(out[row * width + c], activated(sum, tile.activation), size, columns), "multiply", seed);
      }
  free(x), free(values), free(bias), free(out), free(before);
}

// Values in one of the types that they are stored in; `exact` receives what they stand for.
static void *stored(bk_storage storage, int64_t count, float *exact) {
  uint16_t *halves = malloc(count * (storage == BK_FLOATS ? 4 : 2) + !count);
  for (int64_t i = 0; i < count; i++) {
    if (storage == BK_FLOATS) {
      ((float *)halves)[i] = exact[i] = number();
      continue;
    }
    const uint16_t bits = (uint16_t)(next() & 0xffff);
    if (storage == BK_BFLOATS) {
      // Of moderate size.
      halves[i] = (uint16_t)((bits & 0x80ff) | 0x3f00);
      const uint32_t wide = (uint32_t)halves[i] << 16;
      memcpy(exact + i, &wide, 4);
    } else {
      // Numbers alone, subnormal ones too.
      halves[i] = bits & (bits & 0x4000 ? 0xc3ff : 0xffff);
      const int exponent = halves[i] >> 10 & 31, fraction = halves[i] & 1023;
      exact[i] = (float)ldexp(exponent ? 1024 + fraction : fraction, (exponent ? exponent : 1) - 25);
      if (halves[i] & 0x8000) exact[i] = -exact[i];
    }
  }
  return halves;
}

static void check_vector(const bk_kernels *k, uint64_t seed) {
  const int32_t heights[] = {1, 4, 8}, height = heights[upto(2)];
  const int32_t columns = 1 + (int32_t)upto(90), units = 1 + (int32_t)upto(5);
  const int32_t rows = units * height - (int32_t)upto(height - 1);
  int32_t starts[7] = {0};
  uint16_t *narrow = malloc(units * columns * 2);
  uint32_t *wide = malloc(units * columns * 4);
  int32_t entries = 0;
  for (int32_t u = 0; u < units; u++) {
    for (int32_t c = 0; c < columns; c++)
      if (next() & 1) narrow[entries] = (uint16_t)c, wide[entries++] = (uint32_t)c;
    starts[u + 1] = entries;
  }
  narrow = realloc(narrow, entries * 2 + 1), wide = realloc(wide, entries * 4 + 1);
  const bk_storage storage = (bk_storage)upto(2);
  float *exact = malloc((int64_t)entries * height * 4 + 1), *x = numbers(columns), *bias = numbers(rows);
  void *values = stored(storage, (int64_t)entries * height, exact);
  float *out = numbers(rows);
  const int is_narrow = next() & 1;
  const bk_part part = {x, next() & 1 ? bias : NULL, out, 0, units, (bk_activation)upto(3)};
  bk_vector p = {part, values, storage, starts, is_narrow ? narrow : NULL, is_narrow ? NULL : wide, rows, height};
  k->multiply_vector(&p);
  for (int32_t row = 0; row < rows; row++) {
    double sum = part.bias ? bias[row] : 0, size = fabs(sum);
    for (int32_t e = starts[row / height]; e < starts[row / height + 1]; e++) {
      const double product = (double)exact[e * height + row % height] * x[wide[e]];
      sum += product;
      size += fabs(product);
    }
    expect(near(out[row], activated(sum, part.activation), size, columns), "multiply_vector", seed);
  }
  free(narrow), free(wide), free(exact), free(x), free(bias), free(values), free(out);
}

static void check_lanes(const bk_kernels *k, uint64_t seed) {
  const int32_t columns = 1 + (int32_t)upto(100), chunks = (columns + 31) / 32;
  const int32_t bands = 1 + (int32_t)upto(2), rows = (bands - 1) * 64 + 1 + (int32_t)upto(63);
  uint8_t *orders = malloc(bands * (chunks + 1) * 64), *steps = malloc(bands * chunks * 4);
  uint8_t *lengths = malloc(bands * chunks * 3 * 4);
  int32_t *value_starts = malloc(bands * 4), *length_starts = malloc(bands * 4), count = 0, length_count = 0;
  for (int32_t i = 0; i < bands * (chunks + 1); i++) {
    uint8_t *order = orders + i * 64;
    for (int lane = 0; lane < 64; lane++) order[lane] = (uint8_t)lane;
    for (int lane = 63; lane > 0; lane--) {
      const int other = (int)upto(lane);
      const uint8_t kept = order[lane];
      order[lane] = order[other], order[other] = kept;
    }
  }
  for (int32_t band = 0; band < bands; band++) {
    value_starts[band] = count, length_starts[band] = length_count;
    for (int32_t chunk = band * chunks; chunk < (band + 1) * chunks; chunk++) {
      int most = 3;
      for (int group = 0; group < 4; group++) {
        most = steps[chunk * 4 + group] = (uint8_t)upto(most);
        for (int i = 0; i < most; i++) count += lengths[length_count++] = (uint8_t)upto(16);
      }
    }
  }
  lengths = realloc(lengths, length_count + 1);
  const bk_storage storage = (bk_storage)upto(2);
  float *exact = malloc(count * 4 + 1), *x = numbers(columns), *bias = numbers(rows), *out = numbers(rows);
  float *before = malloc(rows * 4);
  memcpy(before, out, rows * 4);
  void *values = stored(storage, count, exact);
  uint8_t *places = malloc(count + 16);
  memset(places, 0, count + 16);
  double *sums = calloc(bands * 64, sizeof(double)), *sizes = calloc(bands * 64, sizeof(double));
  int32_t value = 0, length = 0;
  for (int32_t band = 0; band < bands; band++) {
    double *sum = sums + band * 64, *size = sizes + band * 64;
    for (int32_t chunk = 0; chunk <= chunks; chunk++) {
      const uint8_t *order = orders + (band * (chunks + 1) + chunk) * 64, *step_counts = steps + (band * chunks + chunk) * 4;
      double moved[64], moved_sizes[64];
      for (int i = 0; i < 64; i++) moved[i] = sum[order[i]], moved_sizes[i] = size[order[i]];
      memcpy(sum, moved, sizeof moved), memcpy(size, moved_sizes, sizeof moved_sizes);
      if (chunk == chunks) break;
      const int32_t left = columns - chunk * 32;
      for (int step = 0; step < step_counts[0]; step++)
        for (int group = 0; group < 4 && step < step_counts[group]; group++)
          for (int lane = 0, n = lengths[length++]; lane < n; lane++, value++) {
            places[value] = (uint8_t)upto(left < 32 ? left - 1 : 31);
            const double product = (double)exact[value] * x[chunk * 32 + places[value]];
            sum[group * 16 + lane] += product;
            size[group * 16 + lane] += fabs(product);
          }
    }
  }
  const int32_t first = (int32_t)upto(bands - 1), last = first + 1 + (int32_t)upto(bands - first - 1);
  const bk_part part = {x, next() & 1 ? bias : NULL, out, first, last, (bk_activation)upto(3)};
  bk_lanes p = {part, values, storage, places, steps, lengths, orders, value_starts, length_starts, rows, columns};
  k->multiply_lanes(&p);
  for (int32_t row = 0; row < rows; row++) {
    const double sum = sums[row] + (part.bias ? bias[row] : 0);
    expect(row < first * 64 || row >= last * 64
               ? out[row] == before[row]
               : near(out[row], activated(sum, part.activation), sizes[row] + 1, 12 * chunks),
           "multiply_lanes", seed);
  }
  free(orders), free(steps), free(lengths), free(exact), free(x), free(bias), free(out), free(before), free(values);
  free(places), free(sums), free(sizes), free(value_starts), free(length_starts);
}

static void check_windows(const bk_kernels *k, uint64_t seed) {
  const int32_t rows_in_unit = 1 << upto(2), width = 16 / rows_in_unit, group = 32 / width * 2;
  const int32_t columns = 1 + (int32_t)upto(100), windows = (columns + 31) / 32;
  const int32_t rows = 1 + (int32_t)upto(4 * rows_in_unit - 1);
  const bk_storage storage = (bk_storage)upto(2);
  const int64_t count = windows * 64;
  float *exact = malloc(count * 4), *x = numbers(columns), *bias = numbers(rows), *out = numbers(rows);
  void *values = stored(storage, count, exact);
  uint64_t *places = malloc(windows * 4 * 8);
  memset(places, 0, windows * 4 * 8);
  double sums[16] = {0}, sizes[16] = {0};
  const bk_part part = {x, next() & 1 ? bias : NULL, out, 0, 1, (bk_activation)upto(3)};
  bk_windows p = {part, values, storage, places, {0}, rows, columns, rows_in_unit};
  // Two of each `group` columns.
  for (int lane = 0; lane < 16; lane++) p.bases[lane] = (uint8_t)(lane % width / 2 * (group < 16 ? group : 16));
  for (int32_t window = 0; window < windows; window++)
    for (int unit = 0; unit < 4; unit++)
      for (int lane = 0; lane < 16; lane++) {
        const int64_t value = (window * 4 + unit) * 16 + lane;
        const int32_t place = (int32_t)upto((group < 16 ? group : 16) - 1), column = window * 32 + p.bases[lane] + place;
        if (column >= columns) {
          if (storage == BK_FLOATS) ((float *)values)[value] = 0;
          else ((uint16_t *)values)[value] = 0;
          continue;
        }
        places[window * 4 + unit] |= (uint64_t)place << (4 * (lane / 2) + 32 * (lane % 2));
        const int row = unit * rows_in_unit + lane / width;
        sums[row] += (double)exact[value] * x[column];
        sizes[row] += fabs((double)exact[value] * x[column]);
      }
  k->multiply_windows(&p);
  for (int32_t row = 0; row < rows; row++)
    expect(near(out[row], activated(sums[row] + (part.bias ? bias[row] : 0), part.activation), sizes[row] + 1, 16 * windows),
           "multiply_windows", seed);
  free(exact), free(x), free(bias), free(out), free(values), free(places);
}

static void check_moves(const bk_kernels *k, uint64_t seed) {
  const int64_t rows = 1 + upto(40), columns = 1 + upto(40), padded = (rows + k->lanes - 1) / k->lanes * k->lanes;
  const int pads = next() & 1;
  float *from = numbers(rows * columns), *to = numbers(columns * padded);
  k->transpose(from, columns, rows, columns, to, padded, pads);
  int right = 1;
  for (int64_t c = 0; c < columns; c++)
    for (int64_t r = 0; r < (pads ? padded : rows); r++)
      right &= to[c * padded + r] == (r < rows ? from[r * columns + c] : 0);
  expect(right, "transpose", seed);
  free(to);
  const int32_t start = (int32_t)upto(columns - 1);
  const bk_run run = {start, 0, (int32_t)(columns - start)};
  to = numbers(rows * run.count);
  k->copy_runs(from, columns, rows, &run, 1, to, run.count);
  right = 1;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < run.count; c++) right &= to[r * run.count + c] == from[r * columns + start + c];
  expect(right, "copy_runs", seed);
  free(to);
  const int64_t padding = upto(3), step = 1 + upto(2), to_rows = (rows + 2 * padding - 1) / step + 1,
                to_columns = (columns + 2 * padding - 1) / step + 1, length = to_rows * to_columns + upto(5);
  int64_t first = 0, last = 0;
  while (first * step - padding < 0) first++;
  for (last = first; last < to_columns && last * step - padding < columns;) last++;
  to = numbers(length);
  const bk_padding p = {from, to, 1, rows * columns, length, length, rows, columns, to_rows, to_columns, step, -padding,
                        step, -padding, first, last};
  k->pad(&p);
  right = 1;
  for (int64_t i = 0; i < length; i++) {
    const int64_t r = i / to_columns * step - padding, c = i % to_columns * step - padding;
    const int is_there = i < to_rows * to_columns && r >= 0 && r < rows && c >= 0 && c < columns;
    right &= to[i] == (is_there ? from[r * columns + c] : 0);
  }
  expect(right, "pad", seed);
  free(from), free(to);
}

// MARK: Entries

static int64_t entry(const void *list, int32_t bytes, int64_t index) {
  const char *const at = (const char *)list + index * bytes;
  switch (bytes) {
    case 1: return *(const int8_t *)at;
    case 2: { int16_t v; memcpy(&v, at, 2); return v; }
    case 4: { int32_t v; memcpy(&v, at, 4); return v; }
    default: { int64_t v; memcpy(&v, at, 8); return v; }
  }
}
static int bit(const uint64_t *bits, int64_t index) { return bits[index / 64] >> (index % 64) & 1; }

static void check_entries(const bk_entries *k, uint64_t seed) {
  const int32_t bytes = 1 << (1 + upto(2));
  const int64_t count = upto(300), words = (count + 63) / 64;
  char *list = malloc(count * bytes + 1), *to = malloc(count * bytes + 1);
  for (int64_t i = 0; i < count * bytes; i++) list[i] = (char)next();
  uint64_t *above = malloc(words * 8 + 1), *inside = malloc(words * 8 + 1);
  const bk_keys whole = {BK_INTEGERS, bytes, 0, -1, 0};
  const int64_t a = entry(list, 1, 0) * 3, low = a - upto(500), high = a + upto(500), middle = low + upto(high - low);
  k->classify(&whole, list, count, low, middle, high, above, inside);
  int right = 1;
  int64_t found = 0;
  for (int64_t i = 0; i < words * 64; i++) {
    const int64_t v = i < count ? entry(list, bytes, i) : 0;
    right &= bit(above, i) == (i < count && v > middle) && bit(inside, i) == (i < count && v >= low && v <= high);
    found += bit(inside, i);
  }
  expect(count == 0 || right, "classify", seed);
  expect(k->count_bits(inside, words) == found, "count_bits", seed);
  uint32_t *places = malloc(found * 4 + 1);
  char *kept = malloc(found * bytes + 1);
  right = k->gather(inside, words, list, bytes, 7, kept, places) == found;
  for (int64_t i = 0, n = 0; right && i < count; i++)
    if (bit(inside, i)) {
      right = places[n] == i + 7 && entry(kept, bytes, n) == entry(list, bytes, i);
      n++;
    }
  expect(right, "gather", seed);
  expect(k->count_keys(bytes, list, count, low, high) == found, "count_keys", seed);
  const int64_t cut = low + upto(high - low), quota = upto(3);
  int64_t changed = 0, left = quota;
  uint32_t *expected = malloc(found * 4 + 1);
  for (int64_t i = 0; i < found; i++) {
    const int64_t v = entry(kept, bytes, i);
    const int tie = v == cut && left > 0;
    left -= tie;
    if (((v >= cut) ^ tie) != (v > middle)) expected[changed++] = places[i];
  }
  right = k->changes(bytes, kept, found, cut, middle, quota, places) == changed;
  expect(right && !memcmp(places, expected, changed * 4), "changes", seed);
  k->mask(inside, count, list, to, bytes, BK_KEEPING, 1, next() & 1);
  right = 1;
  for (int64_t i = 0; i < count; i++)
    right &= entry(to, bytes, i) == (bit(inside, i) ? entry(list, bytes, i) : (entry(list, bytes, i) & 1));
  expect(right, "mask", seed);
  k->spread(inside, count, bytes, 5, to, next() & 1);
  right = 1;
  for (int64_t i = 0; i < count; i++) right &= entry(to, bytes, i) == 5 * bit(inside, i);
  expect(right, "spread", seed);
  k->pack(to, count, bytes, ~0ull, 5, true, above);
  expect(!memcmp(above, inside, words * 8), "pack", seed);
  k->encode(&whole, list, count, to);
  expect(!memcmp(to, list, count * bytes), "encode", seed);
  free(list), free(to), free(above), free(inside), free(places), free(kept), free(expected);
}

static void check_random(const bk_random *k, uint64_t seed) {
  uint32_t words[BK_STATE_WORDS], plain[BK_STATE_WORDS];
  for (int i = 0; i < BK_STATE_WORDS; i++) words[i] = plain[i] = (uint32_t)next();
  for (int i = 0; i < BK_STATE_WORDS; i++) {
    const uint32_t mixed = (plain[i] & 0x80000000u) | (plain[(i + 1) % BK_STATE_WORDS] & 0x7fffffffu);
    plain[i] = plain[(i + 397) % BK_STATE_WORDS] ^ mixed >> 1 ^ (mixed & 1 ? 0x9908b0dfu : 0);
  }
  k->renew(words);
  expect(!memcmp(words, plain, sizeof words), "renew", seed);
  const int64_t count = upto(60);
  float *draws = malloc(count * 4 + 1);
  uint32_t *tempered = malloc(count * 4 + 1);
  uint16_t *halves = malloc(count * 2 + 1);
  k->floats(words, count, draws), k->temper(words, count, tempered), k->halves(words, count, halves);
  int right = 1;
  for (int64_t i = 0; i < count; i++) {
    uint32_t y = words[i];
    y ^= y >> 11, y ^= (y << 7) & 0x9d2c5680u, y ^= (y << 15) & 0xefc60000u, y ^= y >> 18;
    const double exact = (y & 0xffffff) / 16777216.0;
    const int exponent = halves[i] >> 10 & 31;
    const double half = ldexp((exponent ? 1024 : 0) + (halves[i] & 1023), (exponent ? exponent : 1) - 25);
    right &= tempered[i] == y && draws[i] == exact;
    right &= fabs(half - exact) <= exact / 2048 || (halves[i] == 0 && exact > 0.999);
  }
  expect(right, "draws", seed);
  free(draws), free(tempered), free(halves);
}

int main(int argc, char **argv) {
  const uint64_t cases = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
  for (int isa = BK_PLAIN; isa < BK_ISA_COUNT; isa++) {
    const bk_kernels *const kernels = bk_kernels_for((bk_isa)isa);
    if (!kernels) continue;
    isa_name = kernels->name;
    const long before = failures;
    for (uint64_t seed = 0; seed < cases; seed++) {
      state = seed;
      check_tile(kernels, seed), check_vector(kernels, seed), check_lanes(kernels, seed);
      check_windows(kernels, seed), check_moves(kernels, seed);
      if (bk_entries_for((bk_isa)isa)) check_entries(bk_entries_for((bk_isa)isa), seed);
      check_random(bk_random_for((bk_isa)isa), seed);
    }
    printf("%s: %llu cases, %ld of them wrong\n", isa_name, (unsigned long long)cases, failures - before);
  }
  printf("%ld comparisons\n", checks);
  return failures != 0;
}
