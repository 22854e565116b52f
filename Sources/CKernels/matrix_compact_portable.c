#include "matrix_layout.h"

void matrix_unpack_compact_portable(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                    enum matrix_reading reading) {
    (void)reading;
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        const uint16_t *words = (const uint16_t *)steps;
        const uint8_t *rests = (const uint8_t *)steps + COMPACT_CODE_BYTES;
        uint16_t *numbers = (uint16_t *)panel;
        for (int index = 0; index < COMPACT_STEP_NUMBERS; index++) {
            const unsigned exponent = exponents[words[index % 32] >> index / 32 * 4 & 15], rest = rests[index];
            numbers[index] = (uint16_t)((rest & 0x80) << 8 | exponent << 7 | (rest & 0x7f));
        }
    }
}
