#pragma once
#include <float.h>
#include <math.h>
#include <string.h>

/// Rows that have seen no key: their sums and outputs [count, value_size] are zero, and the first score that comes,
/// being above the limit, is what others are relative to.
static inline void start_sums(
    float sum[][16], float *output, float *reference, float *limit, int count, int value_size) {
    memset(sum, 0, sizeof(sum[0]) * (size_t)count);
    memset(output, 0, sizeof(float) * (size_t)count * (size_t)value_size);
    for (int row = 0; row < count; row++) {
        // Finite, so that scores of -infinity before all others weigh nothing.
        reference[row] = -FLT_MAX;
        limit[row] = -INFINITY;
    }
}
