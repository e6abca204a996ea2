// The sums of the 64 rows of a band, without their bias, for sets of instructions that have no table in registers.
#pragma once

static inline void lane_sums(const bk_lanes *p, int32_t band, float sums[64], const bk_storage storage) {
  const int32_t chunks = (p->columns + 31) / 32;
  const uint8_t *orders = p->orders + (int64_t)band * (chunks + 1) * 64;
  const uint8_t *lengths = p->lengths + p->length_starts[band];
  int64_t value = p->value_starts[band];
  const uint8_t *places = p->places + p->value_starts[band];
  for (int i = 0; i < 64; i++) sums[i] = 0;
  for (int32_t chunk = 0; chunk <= chunks; chunk++, orders += 64) {
    float moved[64];
    for (int i = 0; i < 64; i++) moved[i] = sums[orders[i]];
    for (int i = 0; i < 64; i++) sums[i] = moved[i];
    if (chunk == chunks) break;
    const uint8_t *const steps = p->steps + ((int64_t)band * chunks + chunk) * 4;
    for (int32_t step = 0; step < steps[0]; step++)
      for (int group = 0; group < 4 && step < steps[group]; group++) {
        const uint32_t count = *lengths++;
        for (uint32_t i = 0; i < count; i++) 
          sums[16 * group + i] += stored_alone(p->values, value++, storage) * p->part.x[chunk * 32 + *places++];
      }
  }
}

// The sums of the lanes of the 4 units of a band.
static inline void window_sums(const bk_windows *p, int32_t band, float sums[64], const bk_storage storage) {
  const int32_t windows = (p->columns + 31) / 32;
  int64_t value = (int64_t)band * windows * 64;
  const uint64_t *places = p->places + (int64_t)band * windows * 4;
  for (int i = 0; i < 64; i++) sums[i] = 0;
  for (int32_t window = 0; window < windows; window++)
    for (int unit = 0; unit < 4; unit++, places++)
      for (int lane = 0; lane < 16; lane++, value++) {
        const int32_t column = window * 32 + p->bases[lane] + (*places >> (4 * (lane / 2) + 32 * (lane % 2)) & 15);
        if (column < p->columns) sums[16 * unit + lane] += stored_alone(p->values, value, storage) * p->part.x[column];
      }
}
