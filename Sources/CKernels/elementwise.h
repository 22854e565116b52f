#pragma once
#include <stdbool.h>
#include <stddef.h>

// Rows of elementwise kernels, one thread's share of the work. Elements are bfloat16 where `half`, else float32.

/// Rows that share their scale and gate.
struct norm_rows {
    bool half;
    int rows, columns;
    float epsilon;
    const void *input, *weight;
    /// What there is of them is applied: * (1 + scale), then * tanh(gate), then residual +.
    const void *scale, *gate, *residual;
    void *output;
    ptrdiff_t input_stride, residual_stride, output_stride;
};

struct rotary_rows {
    bool half, interleaved;
    int rows, heads, head_size;
    /// Absent for no norm.
    const void *weight;
    float epsilon;
    const void *input;
    void *output;
    const float *cosine, *sine;
    ptrdiff_t input_stride, output_stride, table_stride;
};

enum { MAXIMAL_NORM_ROWS = 16, MAXIMAL_ROTARY_HEAD = 256 };

/// One instruction set's kernels.
struct elementwise {
    void (*norm)(const struct norm_rows *);
    void (*rotary)(const struct rotary_rows *);
};

extern const struct elementwise elementwise_portable, elementwise_avx2, elementwise_avx512;

/// Those of the path of the moment.
const struct elementwise *elementwise_of_path(void);
