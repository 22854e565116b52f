#pragma once
#include <stdbool.h>
#include <stddef.h>

// Pixels of group norm's kernels, one thread's share of the work. Elements are bfloat16 where `half`, else float32.

struct moment_pixels {
    bool half;
    ptrdiff_t pixels;
    int channels;
    const void *x;
    double *means, *squares;
};

struct scale_pixels {
    bool half, silu;
    ptrdiff_t pixels;
    int channels;
    const void *x;
    const float *scale, *shift;
    void *output;
};

/// One instruction set's kernels.
struct group_norm {
    void (*moments)(const struct moment_pixels *);
    void (*scale)(const struct scale_pixels *);
};

extern const struct group_norm group_norm_portable, group_norm_avx2, group_norm_avx512;
