// X as the inner loops take it.

#ifndef KERNELS_MATRIX_INPUTS_H
#define KERNELS_MATRIX_INPUTS_H

#include "matrix_tile.h"

struct matrix_inputs {
    const char *x;
    ptrdiff_t x_stride; // bytes
    /// int8 and int4: of each row.
    const float *scales;
};

/// Mixes the rows of X if the weight is rotated, and rounds them to bytes for int8 and int4, to bfloat16 for others;
/// otherwise X is taken as it is. The result is valid until the thread's next product. False when memory is short.
bool prepare_inputs(const struct matrix_kernels *kernels, const struct kernels_weight *weight, ptrdiff_t rows,
                    struct matrix_inputs *inputs);

#endif
