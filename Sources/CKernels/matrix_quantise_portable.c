#include "matrix_tile.h"

#include "bfloat16.h"

#include <math.h>

float matrix_quantise_row_portable(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    uint16_t largest = 0;
    for (ptrdiff_t input = 0; input < inputs; input++) {
        const uint16_t magnitude = x[input] & 0x7fff;
        largest = magnitude > largest ? magnitude : largest;
    }
    const float magnitude = float_of_bfloat16(largest);
    const bool finite = largest < 0x7f80;
    // The inverse of a very small number would be infinite.
    const float enlarged = magnitude < 0x1p-60f ? 0x1p80f : 1;
    const float inverse = finite && magnitude > 0 ? 127 / (magnitude * enlarged) : 0;
    for (ptrdiff_t input = 0; input < inputs; input++) {
        values[input] = finite ? (uint8_t)(128 + lrintf(float_of_bfloat16(x[input]) * enlarged * inverse)) : 128;
    }
    for (ptrdiff_t input = inputs; input % 4; input++) {
        values[input] = 128;
    }
    return finite ? magnitude / 127 : NAN;
}
