#if defined(__x86_64__)
#include <immintrin.h>

#include "../targets.h"

BEGIN_AVX512

#define LANES 16
#define TABLE bk_random_avx512
#define HALVES(v) _mm512_cvtps_ph((__m512)(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

#include "template.h"

END
#endif
