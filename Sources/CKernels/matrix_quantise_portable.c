#include "matrix_quantise_rows.h"

float matrix_quantise_row_portable(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    return quantise_row(values, x, inputs);
}

float matrix_quantise_floats_portable(uint8_t *values, const float *x, float largest, ptrdiff_t inputs) {
    return quantise_floats(values, x, largest, inputs);
}
