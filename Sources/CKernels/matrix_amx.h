#ifndef KERNELS_MATRIX_AMX_H
#define KERNELS_MATRIX_AMX_H

#include "matrix_inputs.h"

#if defined(__x86_64__)
/// The product of `rows` prepared rows with a weight of bfloat16, int8 or int4, by tile instructions. False, and Y is
/// undefined, when memory is short.
bool multiply_amx(const struct matrix_finish *finish, const struct matrix_inputs *inputs, ptrdiff_t rows);
#endif

#endif
