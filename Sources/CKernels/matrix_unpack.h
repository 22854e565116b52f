#ifndef KERNELS_MATRIX_UNPACK_H
#define KERNELS_MATRIX_UNPACK_H

#include "matrix_tile.h"

/// Writes so many steps of a panel that is unpacked, from `first` on, as those of the format in which they are multiplied.
void unpack_steps(const struct matrix_kernels *kernels, char *to, const struct kernels_weight *weight, ptrdiff_t panel,
                  ptrdiff_t first, ptrdiff_t count, enum matrix_reading reading);

#endif
