// Vectors of four floats, which every architecture has, and what they do without: masks and gathering.
#pragma once

#define LANES 4
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)

typedef float vec __attribute__((ext_vector_type(4)));
typedef int32_t lanes_mask;  // how many lanes, from the first on

static inline lanes_mask mask_of(int32_t count) { return count; }
static inline vec load_some(const float *from, lanes_mask count) {
  vec v = {0, 0, 0, 0};
  for (int32_t i = 0; i < count; i++) v[i] = from[i];
  return v;
}
static inline void store_some(float *to, lanes_mask count, vec v) {
  for (int32_t i = 0; i < count; i++) to[i] = v[i];
}
static inline vec gather16(const float *x, const uint16_t *columns, lanes_mask count) {
  vec v = {0, 0, 0, 0};
  for (int32_t i = 0; i < count; i++) v[i] = x[columns[i]];
  return v;
}
static inline vec gather32(const float *x, const uint32_t *columns, lanes_mask count) {
  vec v = {0, 0, 0, 0};
  for (int32_t i = 0; i < count; i++) v[i] = x[columns[i]];
  return v;
}
#include "stored.h"

#include "lane_sums.h"
