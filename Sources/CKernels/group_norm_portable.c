#include "group_norm_pixels.h"

const struct group_norm group_norm_portable = {moments, scale};
