#include "tables.h"

#if defined(__aarch64__)
#include "four_lanes.h"

#define HAS_FUSED 1
#define TABLE bk_neon
#define TABLE_NAME "NEON"
#define MOST_SINGLE 8
#define MOST_FOUR 5
#define MOST_EIGHT 2

#include "template.h"
#endif
