// X as the inner loops take it.

#ifndef KERNELS_MATRIX_INPUTS_H
#define KERNELS_MATRIX_INPUTS_H

#include "matrix_tile.h"

struct matrix_inputs {
    const char *x;
    ptrdiff_t x_stride; // bytes
    /// int8: of each row.
    const float *scales;
};

/// Rounds X to bytes for int8, and mixes its rows if the weight is rotated; int4 has what was mixed rounded to bfloat16.
/// Otherwise X is taken as it is. The result is valid until the thread's next product. False when memory is short.
bool prepare_inputs(const struct matrix_kernels *kernels, const struct kernels_weight *weight, ptrdiff_t rows,
                    struct matrix_inputs *inputs);

#endif
