#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "matrix_finish_rows.h"

void matrix_finish_avx2(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    finish_any(finish, block);
}
#pragma clang attribute pop
#endif
