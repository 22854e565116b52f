#include "elementwise_rows.h"

const struct elementwise elementwise_portable = {norm, rotary};
