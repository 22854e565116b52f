#if defined(__aarch64__) || defined(KERNELS_EMULATED)

#include "matrix_layout.h"

#include "neon.h"

/// Of four outputs, so that each meets its four inputs.
static inline int8x16_t four_times_each(const int8_t *multiples) {
    static const uint8_t places[16] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
    return vqtbl1q_s8(vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)multiples)), vld1q_u8(places));
}

void matrix_unpack_int4_neon(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count) {
    const uint8x16_t lowest = vdupq_n_u8(15);
    const int8x16_t eight = vdupq_n_s8(8);
    for (int part = 0; part < INT4_STEP_BYTES / 16; part++) {
        const int output = part / 4 * 32 + part % 4 * 4;
        const int8x16_t first = four_times_each(multiples + output), second = four_times_each(multiples + output + 16);
        for (ptrdiff_t step = 0; step < count; step++) {
            const uint8x16_t bytes = vld1q_u8((const uint8_t *)steps + step * INT4_STEP_BYTES + 16 * part);
            int8_t *to = (int8_t *)panel + step * PANEL_STEP_BYTES + output * STEP_BYTES;
            const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(bytes, lowest));
            const int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
            vst1q_s8(to, vmulq_s8(vsubq_s8(low, eight), first));
            vst1q_s8(to + 64, vmulq_s8(vsubq_s8(high, eight), second));
        }
    }
}

#endif
