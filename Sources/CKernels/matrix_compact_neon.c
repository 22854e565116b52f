#if defined(__aarch64__) || defined(KERNELS_EMULATED)

#include "matrix_layout.h"

#include "neon.h"

/// 8 numbers whose codes are the lowest 4 bits of words.
static inline uint16x8_t numbers_of(uint16x8_t words, uint8x16_t exponents, const char *rests) {
    const uint8x8_t codes = vand_u8(vmovn_u16(words), vdup_n_u8(15));
    const uint16x8_t exponent = vshll_n_u8(vqtbl1_u8(exponents, codes), 7);
    // The sign comes to all of the upper bits.
    const uint16x8_t rest = vreinterpretq_u16_s16(vmovl_s8(vld1_s8((const int8_t *)rests)));
    return vorrq_u16(vandq_u16(rest, vdupq_n_u16(0x807f)), exponent);
}

void matrix_unpack_compact_neon(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                enum matrix_reading reading) {
    (void)reading;
    const uint8x16_t of_codes = vld1q_u8(exponents);
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        for (int quarter = 0; quarter < 4; quarter++) {
            const char *rests = steps + COMPACT_CODE_BYTES + 8 * quarter;
            uint16x8_t words = vld1q_u16((const uint16_t *)steps + 8 * quarter);
            for (int part = 0; part < 4; part++, words = vshrq_n_u16(words, 4)) {
                vst1q_u16((uint16_t *)panel + 32 * part + 8 * quarter, numbers_of(words, of_codes, rests + 32 * part));
            }
        }
    }
}

#endif
