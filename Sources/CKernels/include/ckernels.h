// Products of sparse matrices with dense ones, on ranges of memory: no allocation, no threads, no state. Several calls may
// run at once on different outputs. And which sets of instructions there are.
//
// Each set of instructions has its own table of the same functions. All tables add up in the same order within one
// output; sets with fused multiplication round once where the others round twice.
//
// Private to the Swift target SparseKernels: everything here may change in any release.
#ifndef CKERNELS_H
#define CKERNELS_H
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is done with each sum before it is stored.
typedef enum bk_activation {
  BK_IDENTITY = 0,
  BK_RELU,
  BK_SILU,  // x / (1 + exp(-x)); how exactly, Activation of SparseKernels says
  BK_GELU,  // x * Phi(x) by the error function
} bk_activation;

// How values are stored. They become floats, exactly, before they are multiplied.
typedef enum bk_storage { BK_FLOATS = 0, BK_BFLOATS, BK_HALVES } bk_storage;

// A sparse matrix times a tile of columns, for some of its rows.
//
// The matrix is made of units: single rows, or blocks of 4 or 8 neighbouring rows that share their inputs. Unit `u`, for
// first <= u < last, stands for row order[u] * height and has the entries starts[u] ..< starts[u + 1]. Entry `e` has
// `height` values, at values[e * height], and its inputs lie at x[offsets[e]] and on.
typedef struct bk_tile {
  const float *x;
  const float *values;
  const int32_t *offsets;
  const int32_t *starts;
  const int32_t *order;
  const float *bias;     // one for each row, or NULL
  float *out;            // row r at out + r * out_stride
  int64_t out_stride;
  int32_t first, last;
  int32_t rows;          // rows at and beyond this one are not stored
  int32_t height;        // 1, 4 or 8
  int32_t vectors;       // 1 to the table's most for this height
  int32_t tail;          // columns in the last vector, 1 to lanes; only these are read and written
  bool accumulate;       // whether the sums go on from `out`; otherwise from the bias
  bk_activation activation;
} bk_tile;

// The part of a product with one vector that is to be made: of the rows, blocks or bands of the matrix those from `first` up to
// `last`; and what becomes of the sums.
typedef struct bk_part {
  const float *x;
  const float *bias;
  float *out;
  int32_t first, last;
  bk_activation activation;
} bk_part;

// A sparse matrix times one vector; row r has the entries starts[r] ..< starts[r + 1]. With a height of 4 or 8 it is blocks
// of so many rows instead.
typedef struct bk_vector {
  bk_part part;
  const void *values;
  bk_storage storage;
  const int32_t *starts;
  const uint16_t *columns16;  // one of these two
  const uint32_t *columns32;
  int32_t rows;
  int32_t height;
} bk_vector;

// A sparse matrix times one vector, in bands of 64 rows, which are four groups of 16 lanes. Columns are taken in chunks of 32.
// In each chunk the rows of a band change lanes by `orders`. Then a group takes part in as many steps as `steps` says, those
// before it in no fewer: step after step and group after group the next lengths[...] values for the group's first so many
// lanes, with their columns within the chunk. Up to 16 bytes may be read behind the last place.
typedef struct bk_lanes {
  bk_part part;
  const void *values;
  bk_storage storage;
  const uint8_t *places;
  const uint8_t *steps;         // 4 for each band and chunk, not increasing
  const uint8_t *lengths;
  const uint8_t *orders;        // 64 for each band and chunk, the lanes that rows come from, and 64 at the end of a band
  const int32_t *value_starts;  // for each band
  const int32_t *length_starts;
  int32_t rows;
  int32_t columns;
} bk_lanes;

// A matrix of which each row keeps as many entries in each window of 32 columns, times one vector. A unit of rows_in_unit rows
// has 16 values for each window, its rows one after the other. A band has 4 units, of which the values for a window lie side
// by side; and so do their places, 4 bits for each value: that of lane l stands in the bits from 4 (l / 2) + 32 (l % 2) on, and
// counts from column bases[l] of the window. Values for columns that the matrix does not have are 0.
typedef struct bk_windows {
  bk_part part;
  const void *values;
  bk_storage storage;
  const uint64_t *places;
  uint8_t bases[16];
  int32_t rows;
  int32_t columns;
  int32_t rows_in_unit;  // 1, 2 or 4
} bk_windows;

// A run of floats that is copied from each row of a tile to each row of an output.
typedef struct bk_run {
  int32_t from, to, count;
} bk_run;

// Planes of rows by columns, copied with zeros around them, or every so many entries of them.
//
// Entry (row, column) of an output plane is that of the input at (row * row_step + row_start, column * column_step +
// column_start), and 0 where the input has none. What is left of `to_length` behind the last row is 0.
typedef struct bk_padding {
  const float *from;
  float *to;
  int64_t planes;
  int64_t from_plane, to_plane;  // floats from a plane to the next one
  int64_t to_length;             // floats of an output plane
  int64_t rows, columns;         // of the input
  int64_t to_rows, to_columns;
  int64_t row_step, row_start, column_step, column_start;
  int64_t first, last;           // the output's columns that the input has: first ..< last
} bk_padding;

typedef struct bk_kernels {
  const char *name;          // "AVX-512"
  int32_t lanes;             // floats in a vector
  int32_t most_vectors[3];   // for heights of 1, 4 and 8
  void (*multiply)(const bk_tile *tile);
  void (*multiply_vector)(const bk_vector *product);
  void (*multiply_lanes)(const bk_lanes *product);
  void (*multiply_windows)(const bk_windows *product);
  // to[c * to_stride + r] = from[r * from_stride + c]. With `pads`, rows of `to` are filled with zeros to a multiple of
  // `lanes`.
  void (*transpose)(const float *from, int64_t from_stride, int64_t rows, int64_t columns, float *to, int64_t to_stride,
                    bool pads);
  void (*copy_runs)(const float *from, int64_t from_stride, int64_t rows, const bk_run *runs, int64_t run_count, float *to,
                    int64_t to_stride);
  void (*pad)(const bk_padding *padding);
  // Multiplies and adds in registers alone, as fast as can be: so many operations in each round. Returns what comes out, so
  // that it is not left out.
  float (*exercise)(int64_t rounds);
  int32_t operations_in_round;
} bk_kernels;

// The sets of instructions, the plainest first.
typedef enum bk_isa { BK_PLAIN = 0, BK_NEON, BK_AVX2, BK_AVX512, BK_ISA_COUNT } bk_isa;

// The functions for a set; NULL where this processor, or this program, does not have it.
const bk_kernels *bk_kernels_for(bk_isa isa);
// The best set that this processor has.
bk_isa bk_best_isa(void);
// The one that the variable BONSAI_ISA of the environment names (plain, neon, avx2, avx512), or the best. Where it names none
// that this processor has, that is the best too, and `is_refused`, where given, becomes true.
bk_isa bk_chosen_isa(bool *is_refused);

#ifdef __cplusplus
}
#endif

#endif
