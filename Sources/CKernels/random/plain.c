#define LANES 4
#define TABLE bk_random_plain

#include "template.h"
