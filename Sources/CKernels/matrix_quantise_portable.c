#include "matrix_tile.h"

#include "bfloat16.h"
#include "row_scale.h"

float matrix_quantise_row_portable(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    uint16_t largest = 0;
    for (ptrdiff_t input = 0; input < inputs; input++) {
        const uint16_t magnitude = x[input] & 0x7fff;
        largest = magnitude > largest ? magnitude : largest;
    }
    const struct row_scale scale = row_scale_of(float_of_bfloat16(largest));
    for (ptrdiff_t input = 0; input < inputs; input++) {
        values[input] = scale.finite ? (uint8_t)(128 + lrintf(float_of_bfloat16(x[input]) * scale.inverse)) : 128;
    }
    for (ptrdiff_t input = inputs; input % 4; input++) {
        values[input] = 128;
    }
    return scale.scale;
}

float matrix_quantise_floats_portable(uint8_t *values, const float *x, float largest, ptrdiff_t inputs) {
    const struct row_scale scale = row_scale_of(largest);
    for (ptrdiff_t input = 0; input < inputs; input++) {
        values[input] = scale.finite ? (uint8_t)(128 + lrintf(x[input] * scale.inverse)) : 128;
    }
    for (ptrdiff_t input = inputs; input % 4; input++) {
        values[input] = 128;
    }
    return scale.scale;
}
