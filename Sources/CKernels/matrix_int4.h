#ifndef KERNELS_MATRIX_INT4_H
#define KERNELS_MATRIX_INT4_H

#include "matrix_tile.h"

/// Writes so many steps of an int4 panel, from `first` on, as those of int8.
void unpack_int4(const struct matrix_kernels *kernels, char *to, const struct kernels_weight *weight, ptrdiff_t panel,
                 ptrdiff_t first, ptrdiff_t count);

#endif
