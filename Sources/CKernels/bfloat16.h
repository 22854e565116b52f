#pragma once
#include <stdint.h>
#include <string.h>

static inline float float_of_bfloat16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

/// To the nearest, ties to even; NaN stays NaN.
static inline uint16_t bfloat16_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (value != value) {
        return (uint16_t)(bits >> 16 | 0x40);
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
