#include "matrix_finish_rows.h"

void matrix_finish_portable(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    finish_any(finish, block);
}
