#include "tables.h"

#include "four_lanes.h"

#define HAS_FUSED 0
#define TABLE bk_plain
#define TABLE_NAME "plain C"
#define MOST_SINGLE 8
#define MOST_FOUR 2
#define MOST_EIGHT 1

#include "template.h"
