#include "rotation_rows.h"

float rotate_row_portable(const struct rotation *rotation, const void *row, bool half, float *output) {
    return rotate(rotation, row, half, output);
}
