#if defined(__aarch64__)

#include "matrix_layout.h"

#include "matrix_int4_table.h"

#include <arm_neon.h>

void matrix_unpack_int4_neon(char *panel, const char *steps, ptrdiff_t count) {
    const uint8x16_t low = vld1q_u8(int4_low_bytes), high = vld1q_u8(int4_high_bytes);
    for (ptrdiff_t quarter = 0; quarter < 4 * count; quarter++) {
        uint16x8_t words = vld1q_u16((const uint16_t *)steps + 8 * quarter);
        char *to = panel + quarter / 4 * PANEL_STEP_BYTES + quarter % 4 * 16;
        for (int column = 0; column < 4; column++, words = vshrq_n_u16(words, 4)) {
            const uint8x16_t value = vreinterpretq_u8_u16(vandq_u16(words, vdupq_n_u16(15)));
            const uint16x8_t upper = vshlq_n_u16(vreinterpretq_u16_u8(vqtbl1q_u8(high, value)), 8);
            vst1q_u16((uint16_t *)(to + 64 * column), vorrq_u16(vreinterpretq_u16_u8(vqtbl1q_u8(low, value)), upper));
        }
    }
}

#endif
