// The kernels, written once for vectors of LANES floats. A file for a set of instructions defines the vector `vec`, loads
// and stores of some lanes, gathering and expansion, and its name; then it includes this file, and ends up with its table.
//
// Numbers of vectors are constants of inlined functions, so that sums stay in registers.

typedef float loose_vec __attribute__((ext_vector_type(LANES), aligned(4)));
typedef int32_t int_vec __attribute__((ext_vector_type(LANES)));

#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")
#define MOST_SUMS 24

INLINED vec load(const float *from) { return *(const loose_vec *)from; }
INLINED void store(float *to, vec v) { *(loose_vec *)to = v; }
INLINED vec splat(float value) { return (vec)(value); }
INLINED vec fused(vec a, vec b, vec c) {
#if HAS_FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}
// Lane by lane `a` where the mask is all ones, `b` where it is 0.
INLINED vec choose(int_vec mask, vec a, vec b) { return (vec)(((int_vec)a & mask) | ((int_vec)b & ~mask)); }

// MARK: Activations

// exp(x), within 2 units in the last place; 2^-126 and about 2^127 beyond what a normal float holds.
INLINED vec exponential(vec x) {
  x = choose(x < splat(-87.0f), splat(-87.0f), x);  // false for NaN, which stays
  x = choose(x > splat(88.0f), splat(88.0f), x);
  // Adding 1.5 * 2^23 rounds to a whole number, which stands in the lowest bits then.
  const vec shifted = fused(x, splat(1.44269504f), splat(12582912.0f));
  const vec whole = shifted - splat(12582912.0f);
  vec rest = fused(whole, splat(-0.693359375f), x);
  rest = fused(whole, splat(2.12194440e-4f), rest);
  vec sum = splat(1.9875691500e-4f);
  sum = fused(sum, rest, splat(1.3981999507e-3f));
  sum = fused(sum, rest, splat(8.3334519073e-3f));
  sum = fused(sum, rest, splat(4.1665795894e-2f));
  sum = fused(sum, rest, splat(1.6666665459e-1f));
  sum = fused(sum, rest, splat(5.0000001201e-1f));
  sum = fused(sum, rest * rest, rest + splat(1.0f));
  return sum * (vec)(((int_vec)shifted << 23) + (int_vec)splat(1.0f));
}

// Abramowitz and Stegun 7.1.26, within 1.5e-7.
INLINED vec error_function(vec x) {
  const int_vec sign = (int_vec)x & (int_vec)splat(-0.0f);
  const vec size = (vec)((int_vec)x ^ sign);
  const vec t = splat(1.0f) / fused(size, splat(0.3275911f), splat(1.0f));
  vec sum = splat(1.061405429f);
  sum = fused(sum, t, splat(-1.453152027f));
  sum = fused(sum, t, splat(1.421413741f));
  sum = fused(sum, t, splat(-0.284496736f));
  sum = fused(sum, t, splat(0.254829592f));
  const vec positive = splat(1.0f) - sum * t * exponential(-size * size);
  return (vec)((int_vec)positive | sign);
}

INLINED vec activated(vec x, bk_activation activation) {
  switch (activation) {
    case BK_RELU:
      return (vec)((int_vec)x & ~(x < splat(0.0f)));
    case BK_SILU:
      // Below, exp(-x) is more than a float holds.
      return choose(x < splat(-88.0f), x * splat(0.0f), x / (splat(1.0f) + exponential(-x)));
    case BK_GELU:
      return splat(0.5f) * x * (splat(1.0f) + error_function(x * splat(0.70710678f)));
    default:
      return x;
  }
}

static float activated_alone(float x, bk_activation activation) { return activated(splat(x), activation)[0]; }

// MARK: A tile of columns

// Units of `height` rows times `n` vectors; with `has_tail` the last of them is only partly there.
INLINED void tile_product(const bk_tile *tile, const int height, const int n, const bool has_tail) {
  const lanes_mask mask = mask_of(has_tail ? tile->tail : LANES);
  const int32_t *const offsets = tile->offsets;
  const float *const x = tile->x;
  for (int32_t unit = tile->first; unit < tile->last; unit++) {
    const int32_t row = tile->order[unit] * height;
    const int32_t stored = tile->rows - row < height ? tile->rows - row : height;
    float *const out = tile->out + row * tile->out_stride;
    vec sums[MOST_SUMS];  // height * n of them
    UNROLLED for (int h = 0; h < height; h++) {
      if (tile->accumulate) {
        const float *const from = out + (h < stored ? h : 0) * tile->out_stride;
        UNROLLED for (int i = 0; i < n; i++)
          sums[h * n + i] = has_tail && i == n - 1 ? load_some(from + i * LANES, mask) : load(from + i * LANES);
      } else {
        const vec start = splat(tile->bias && h < stored ? tile->bias[row + h] : 0.0f);
        UNROLLED for (int i = 0; i < n; i++) sums[h * n + i] = start;
      }
    }
    const int32_t end = tile->starts[unit + 1];
    for (int32_t e = tile->starts[unit]; e < end; e++) {
      const float *const from = x + offsets[e];
      const float *const values = tile->values + (int64_t)e * height;
      // Large weights come from far away.
      if (height > 1) __builtin_prefetch(values + 512);
      vec loaded[MOST_SINGLE];
      UNROLLED for (int i = 0; i < n; i++)
        loaded[i] = has_tail && i == n - 1 ? load_some(from + i * LANES, mask) : load(from + i * LANES);
      UNROLLED for (int h = 0; h < height; h++) {
        const vec value = splat(values[h]);
        UNROLLED for (int i = 0; i < n; i++) sums[h * n + i] = fused(value, loaded[i], sums[h * n + i]);
      }
    }
    UNROLLED for (int h = 0; h < height; h++) {
      UNROLLED for (int i = 0; i < n; i++) {
        float *const to = out + h * tile->out_stride + i * LANES;
        if (h >= stored) {
        } else if (has_tail && i == n - 1) {
          store_some(to, mask, sums[h * n + i]);
        } else {
          store(to, sums[h * n + i]);
        }
      }
    }
  }
}

// The activation of what tile_product has stored, while it lies in the nearest cache.
static void activate(const bk_tile *tile) {
  const int64_t width = (int64_t)(tile->vectors - 1) * LANES + tile->tail;
  for (int32_t unit = tile->first; unit < tile->last; unit++) {
    for (int32_t row = tile->order[unit] * tile->height, h = 0; h < tile->height && row < tile->rows; row++, h++) {
      float *const out = tile->out + row * tile->out_stride;
      int64_t i = 0;
      for (; i + LANES <= width; i += LANES) store(out + i, activated(load(out + i), tile->activation));
      if (i < width) {
        const lanes_mask mask = mask_of((int32_t)(width - i));
        store_some(out + i, mask, activated(load_some(out + i, mask), tile->activation));
      }
    }
  }
}

#define CASE(height, n)                              \
  case n:                                            \
    if (tile->tail < LANES)                          \
      tile_product(tile, height, n, true);           \
    else                                             \
      tile_product(tile, height, n, false);          \
    return;

static void multiply_units(const bk_tile *tile) {
  switch (tile->height) {
    case 1:
      switch (tile->vectors) {
        CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(1, 5) CASE(1, 6) CASE(1, 7) CASE(1, 8)
      }
      return;
    case 4:
      switch (tile->vectors) {
        CASE(4, 1)
#if MOST_FOUR > 1
        CASE(4, 2)
#endif
#if MOST_FOUR > 2
        CASE(4, 3)
#endif
#if MOST_FOUR > 3
        CASE(4, 4) CASE(4, 5)
#endif
#if MOST_FOUR > 5
        CASE(4, 6)
#endif
      }
      return;
    case 8:
      switch (tile->vectors) {
        CASE(8, 1)
#if MOST_EIGHT > 1
        CASE(8, 2)
#endif
#if MOST_EIGHT > 2
        CASE(8, 3)
#endif
      }
      return;
  }
}

static void multiply(const bk_tile *tile) {
  multiply_units(tile);
  if (tile->activation != BK_IDENTITY) activate(tile);
}

// MARK: One vector

// The sum of all lanes, in a fixed order.
INLINED float sum_of(vec v) {
  float lanes[LANES];
  store(lanes, v);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}

#define STORED_LANES_(n) load_stored##n
#define STORED_LANES(n) STORED_LANES_(n)
INLINED vec load_stored(const void *values, int64_t index, const bk_storage storage) {
  return (vec)STORED_LANES(LANES)(values, index, storage);
}
// The first few of LANES values, then zeros.
INLINED vec load_some_stored(const void *values, int64_t index, int32_t count, const bk_storage storage) {
  if (storage == BK_FLOATS) return load_some((const float *)values + index, mask_of(count));
  uint16_t some[LANES] = {0};
  memcpy(some, (const uint16_t *)values + index, (size_t)count * sizeof(uint16_t));
  return load_stored(some, 0, storage);
}

INLINED void store_row(const bk_part *part, int32_t row, float sum) {
  const float biased = sum + (part->bias ? part->bias[row] : 0.0f);
  part->out[row] = part->activation ? activated_alone(biased, part->activation) : biased;
}

INLINED void vector_rows(const bk_vector *p, const bool is_narrow, const bk_storage storage) {
#define GATHER(e, mask) (is_narrow ? gather16(p->part.x, p->columns16 + (e), mask) : gather32(p->part.x, p->columns32 + (e), mask))
  const lanes_mask all = mask_of(LANES);
  for (int32_t row = p->part.first; row < p->part.last; row++) {
    vec a = splat(0.0f), b = splat(0.0f);
    int32_t e = p->starts[row];
    const int32_t end = p->starts[row + 1];
    for (; e + 2 * LANES <= end; e += 2 * LANES) {
      a = fused(load_stored(p->values, e, storage), GATHER(e, all), a);
      b = fused(load_stored(p->values, e + LANES, storage), GATHER(e + LANES, all), b);
    }
    if (e + LANES <= end) {
      a = fused(load_stored(p->values, e, storage), GATHER(e, all), a);
      e += LANES;
    }
    if (e < end) {
      const lanes_mask some = mask_of(end - e);
      b = fused(load_some_stored(p->values, e, end - e, storage), GATHER(e, some), b);
    }
    store_row(&p->part, row, sum_of(a + b));
  }
#undef GATHER
}

// Blocks: each input is multiplied with all values of a block at once. Four sums, for four entries at a time.
#define VECTOR_BLOCKS(name, n)                                                                                         \
  INLINED void name(const bk_vector *p, const bool is_narrow, const bk_storage storage) {                              \
    typedef stored##n vec_n;                                                                                           \
    const int64_t bytes = storage == BK_FLOATS ? 4 : 2;                                                                \
    for (int32_t block = p->part.first; block < p->part.last; block++) {                                               \
      vec_n sums[4] = {(vec_n)(0.0f), (vec_n)(0.0f), (vec_n)(0.0f), (vec_n)(0.0f)};                                    \
      const int32_t end = p->starts[block + 1];                                                                        \
      int32_t e = p->starts[block];                                                                                    \
      for (; e + 4 <= end; e += 4) {                                                                                   \
        __builtin_prefetch((const char *)p->values + (int64_t)e * n * bytes + 4096);                                   \
        UNROLLED for (int i = 0; i < 4; i++) {                                                                         \
          const vec_n x = (vec_n)(p->part.x[is_narrow ? p->columns16[e + i] : p->columns32[e + i]]);                   \
          sums[i] += x * load_stored##n(p->values, (int64_t)(e + i) * n, storage);                                     \
        }                                                                                                              \
      }                                                                                                                \
      for (; e < end; e++)                                                                                             \
        sums[0] += (vec_n)(p->part.x[is_narrow ? p->columns16[e] : p->columns32[e]]) *                                 \
                   load_stored##n(p->values, (int64_t)e * n, storage);                                                 \
      const vec_n sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);                                                     \
      for (int32_t h = 0; h < n && block * n + h < p->rows; h++)                                                       \
        store_row(&p->part, block * n + h, sum[h]);                                                                    \
    }                                                                                                                  \
  }
VECTOR_BLOCKS(vector_fours, 4)
VECTOR_BLOCKS(vector_eights, 8)

// One copy of a loop for each storage.
#define FOR_STORAGES(storage, call)            \
  switch (storage) {                           \
    case BK_FLOATS: call(BK_FLOATS); return;   \
    case BK_BFLOATS: call(BK_BFLOATS); return; \
    case BK_HALVES: call(BK_HALVES); return;   \
  }

static void multiply_vector(const bk_vector *p) {
#define NARROW(function, storage) \
  if (p->columns16) function(p, true, storage); \
  else function(p, false, storage)
#define ROWS(storage) NARROW(vector_rows, storage)
#define FOURS(storage) NARROW(vector_fours, storage)
#define EIGHTS(storage) NARROW(vector_eights, storage)
  switch (p->height) {
    case 1: FOR_STORAGES(p->storage, ROWS) return;
    case 4: FOR_STORAGES(p->storage, FOURS) return;
    case 8: FOR_STORAGES(p->storage, EIGHTS) return;
  }
#undef NARROW
#undef ROWS
#undef FOURS
#undef EIGHTS
}

INLINED void lane_bands(const bk_lanes *p, const bk_storage storage) {
  for (int32_t band = p->part.first; band < p->part.last; band++) {
    float sums[64];
    lane_sums(p, band, sums, storage);
    for (int32_t i = 0; i < 64 && band * 64 + i < p->rows; i++)
      store_row(&p->part, band * 64 + i, sums[i]);
  }
}

static void multiply_lanes(const bk_lanes *p) {
#define BANDS(storage) lane_bands(p, storage)
  FOR_STORAGES(p->storage, BANDS)
#undef BANDS
}

INLINED void window_bands(const bk_windows *p, const bk_storage storage) {
  const int32_t width = 16 / p->rows_in_unit;
  for (int32_t band = p->part.first; band < p->part.last; band++) {
    float sums[64];
    window_sums(p, band, sums, storage);
    for (int32_t i = 0; i < 4 * p->rows_in_unit; i++) {
      const int32_t row = band * 4 * p->rows_in_unit + i;
      if (row >= p->rows) break;
      float *const lanes = sums + i * width;
      for (int32_t half = width / 2; half > 0; half /= 2)
        for (int32_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
      store_row(&p->part, row, lanes[0]);
    }
  }
}

static void multiply_windows(const bk_windows *p) {
#define BANDS(storage) window_bands(p, storage)
  FOR_STORAGES(p->storage, BANDS)
#undef BANDS
}

// MARK: Moving

// LANES vectors as rows of a square become its columns: each round interleaves the first half with the second.
INLINED void transpose_square(vec square[LANES]) {
  UNROLLED for (int round = 1; round < LANES; round *= 2) {
    vec next[LANES];
    UNROLLED for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = ZIP_LOW(square[i], square[i + LANES / 2]);
      next[2 * i + 1] = ZIP_HIGH(square[i], square[i + LANES / 2]);
    }
    UNROLLED for (int i = 0; i < LANES; i++) square[i] = next[i];
  }
}

static void transpose(const float *from, int64_t from_stride, int64_t rows, int64_t columns, float *to, int64_t to_stride,
                      bool pads) {
  for (int64_t column = 0; column < columns; column += LANES) {
    const int width = columns - column < LANES ? (int)(columns - column) : LANES;
    for (int64_t row = 0; row < rows; row += LANES) {
      const int height = rows - row < LANES ? (int)(rows - row) : LANES;
      const float *const corner = from + row * from_stride + column;
      float *const target = to + column * to_stride + row;
      vec square[LANES];
      if (height == LANES && width == LANES) {
        UNROLLED for (int i = 0; i < LANES; i++) square[i] = load(corner + i * from_stride);
        transpose_square(square);
        UNROLLED for (int i = 0; i < LANES; i++) store(target + i * to_stride, square[i]);
        continue;
      }
      const lanes_mask across = mask_of(width), down = mask_of(height);
      UNROLLED for (int i = 0; i < LANES; i++)
        square[i] = i < height ? load_some(corner + i * from_stride, across) : splat(0.0f);
      transpose_square(square);
      for (int i = 0; i < width; i++) {
        if (pads)
          store(target + i * to_stride, square[i]);
        else
          store_some(target + i * to_stride, down, square[i]);
      }
    }
  }
}

static void copy_runs(const float *from, int64_t from_stride, int64_t rows, const bk_run *runs, int64_t run_count,
                      float *to, int64_t to_stride) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t r = 0; r < run_count; r++) {
      const float *source = from + row * from_stride + runs[r].from;
      float *target = to + row * to_stride + runs[r].to;
      int32_t left = runs[r].count;
      for (; left >= LANES; left -= LANES, source += LANES, target += LANES) store(target, load(source));
      if (left > 0) store_some(target, mask_of(left), load_some(source, mask_of(left)));
    }
  }
}

// Every second float, or every `step`-th; for count > 0 the last one read is from[step * (count - 1)].
INLINED void copy_every(const float *from, const int64_t step, const int64_t count, float *to) {
  int64_t i = 0;
  if (step == 1) {
    for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
    if (i < count) store_some(to + i, mask_of((int32_t)(count - i)), load_some(from + i, mask_of((int32_t)(count - i))));
  } else if (step == 2) {
    for (; i + LANES < count; i += LANES) {
      const vec a = load(from + 2 * i), b = load(from + 2 * i + LANES);
      store(to + i, EVEN(a, b));
    }
    for (; i < count; i++) to[i] = from[2 * i];
  } else {
    for (; i < count; i++) to[i] = from[step * i];
  }
}

INLINED void clear(float *to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = 0;
}

static void pad(const bk_padding *p) {
  for (int64_t plane = 0; plane < p->planes; plane++) {
    const float *const from = p->from + plane * p->from_plane;
    float *to = p->to + plane * p->to_plane;
    float *const end = to + p->to_length;
    for (int64_t row = 0; row < p->to_rows; row++, to += p->to_columns) {
      const int64_t source = row * p->row_step + p->row_start;
      if (source < 0 || source >= p->rows) {
        clear(to, p->to_columns);
        continue;
      }
      clear(to, p->first);
      copy_every(from + source * p->columns + p->first * p->column_step + p->column_start, p->column_step,
                 p->last - p->first, to + p->first);
      clear(to + p->last, p->to_columns - p->last);
    }
    clear(to, end - to);
  }
}

// MARK: What the processor can do

enum { chains = 10 };

static float exercise(int64_t rounds) {
  vec sums[chains];
  UNROLLED for (int i = 0; i < chains; i++) sums[i] = splat((float)i);
  vec factor = splat(0.999999f), more = splat(1e-6f);
  for (int64_t round = 0; round < rounds; round++) {
    UNROLLED for (int i = 0; i < chains; i++) sums[i] = fused(sums[i], factor, more);
  }
  vec sum = sums[0];
  UNROLLED for (int i = 1; i < chains; i++) sum += sums[i];
  return sum_of(sum);
}

const bk_kernels TABLE = {
    TABLE_NAME, LANES, {MOST_SINGLE, MOST_FOUR, MOST_EIGHT}, multiply, multiply_vector, multiply_lanes,
    multiply_windows, transpose, copy_runs, pad, exercise, 2 * chains * LANES,
};
