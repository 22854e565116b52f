#include "matrix_layout.h"

#include <string.h>

/// bfloat16 of -8...7.
static const uint16_t numbers[16] = {
    0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
    0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
};

void matrix_unpack_int4_portable(char *panel, const char *steps, ptrdiff_t count) {
    for (ptrdiff_t step = 0; step < count; step++) {
        const uint16_t *words = (const uint16_t *)(steps + step * INT4_STEP_BYTES);
        uint16_t *unpacked = (uint16_t *)(panel + step * PANEL_STEP_BYTES);
        for (int word = 0; word < 32; word++) {
            for (int column = 0; column < 4; column++) {
                unpacked[32 * column + word] = numbers[words[word] >> 4 * column & 15];
            }
        }
    }
}
