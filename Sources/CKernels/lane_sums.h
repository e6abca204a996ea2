// The sums of the 64 rows of a band, without their bias, for sets of instructions that have no table in registers.
#pragma once

static inline void lane_sums(const bk_lanes *p, int32_t band, float sums[64]) {
  const int32_t chunks = (p->columns + 31) / 32;
  const uint8_t *orders = p->orders + (int64_t)band * (chunks + 1) * 64;
  const uint8_t *lengths = p->lengths + p->length_starts[band];
  const float *values = p->values + p->value_starts[band];
  const uint8_t *places = p->places + p->value_starts[band];
  for (int i = 0; i < 64; i++) sums[i] = 0;
  for (int32_t chunk = 0; chunk <= chunks; chunk++, orders += 64) {
    float moved[64];
    for (int i = 0; i < 64; i++) moved[i] = sums[i / 16 * 16 + orders[i]];
    for (int i = 0; i < 64; i++) sums[i] = moved[i];
    if (chunk == chunks) break;
    for (int32_t step = p->steps[(int64_t)band * chunks + chunk]; step > 0; step--)
      for (int group = 0; group < 4; group++) {
        const uint32_t count = *lengths++;
        for (uint32_t i = 0; i < count; i++) sums[16 * group + i] += *values++ * p->x[chunk * 32 + *places++];
      }
  }
}
