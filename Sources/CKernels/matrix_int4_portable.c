#include "matrix_layout.h"

void matrix_unpack_int4_portable(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count) {
    for (ptrdiff_t step = 0; step < count; step++, steps += INT4_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        for (int output = 0; output < PANEL_OUTPUTS; output++) {
            const uint8_t *bytes = (const uint8_t *)steps + output / 32 * 64 + output % 16 * STEP_BYTES;
            const int shift = output / 16 % 2 * 4;
            for (int input = 0; input < STEP_BYTES; input++) {
                panel[output * STEP_BYTES + input] = (char)(((bytes[input] >> shift & 15) - 8) * multiples[output]);
            }
        }
    }
}
