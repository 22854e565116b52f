#include "int4_rounding_rows.h"

const struct int4_rounding int4_rounding_portable = {search, fit_multiples, round_columns, spread};
