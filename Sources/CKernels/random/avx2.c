#if defined(__x86_64__)
#include <immintrin.h>

#include "../targets.h"

BEGIN_AVX2

#define LANES 8
#define TABLE bk_random_avx2
#define HALVES(v) _mm256_cvtps_ph((__m256)(v), _MM_FROUND_TO_NEAREST_INT)

#include "template.h"

END
#endif
