#ifndef KERNELS_MATRIX_FEW_H
#define KERNELS_MATRIX_FEW_H

#include "matrix_inputs.h"
#include "matrix_tile.h"

/// Whether rows are so few that weights are multiplied as they are unpacked.
bool are_few(const struct matrix_kernels *kernels, const struct kernels_weight *weight, ptrdiff_t rows);

/// The product of rows for which `are_few`.
void multiply_few(const struct matrix_kernels *kernels, const struct matrix_finish *finish,
                  const struct matrix_inputs *inputs, ptrdiff_t rows);

#endif
