#pragma once
#include <stddef.h>
#include <stdint.h>

// Norms, SwiGLU and rotary positions. Numbers lie side by side in a row; rows have a stride, in numbers. No alignment
// is needed. Output may be the input itself, never a shifted part of it. All arithmetic is float32.

/// Rows [rows, columns] that are normed.
struct kernels_norm {
    int rows, columns;
    ptrdiff_t input_stride, residual_stride, output_stride;
    float epsilon;
    /// Ranges of rows, end to end, that share a row of the table of scales or gates [R, columns]: how many rows each
    /// has, and which row of the table it takes. Without ranges all rows take row 0.
    int ranges;
    const int *range_lengths, *table_rows;
    ptrdiff_t table_stride;
};

/// output = norm(x) = x / sqrt(mean(x^2) + epsilon) * weight, weight [columns]. Rounded once, as libtorch does.
void kernels_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *x, const uint16_t *weight, uint16_t *output);
void kernels_rms_norm_float32(const struct kernels_norm *sizes, const float *x, const float *weight, float *output);

/// output = norm(x) * (1 + scale). Norm, factor and product are rounded each, as three operators would.
void kernels_modulated_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *x, const uint16_t *weight, const uint16_t *scale,
    uint16_t *output);
void kernels_modulated_rms_norm_float32(
    const struct kernels_norm *sizes, const float *x, const float *weight, const float *scale, float *output);

/// output = residual + tanh(gate) * norm(x), or residual + norm(x) where gate is NULL. Each step is rounded, as
/// operators would.
void kernels_gated_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *residual, const uint16_t *gate, const uint16_t *x,
    const uint16_t *weight, uint16_t *output);
void kernels_gated_rms_norm_float32(
    const struct kernels_norm *sizes, const float *residual, const float *gate, const float *x, const float *weight,
    float *output);

/// Tokens of heads [tokens, heads, head_size], without gaps in a token; head_size is even, at most 256.
struct kernels_rotary {
    int tokens, heads, head_size;
    /// Numbers from token to token.
    ptrdiff_t input_stride, output_stride;
    /// Numbers from token to token in the tables of cosines and sines [tokens, head_size / 2].
    ptrdiff_t table_stride;
    /// Of the norm of each head, where there is one.
    float epsilon;
};

/// Rotates each head of x, after an RMSNorm with weight [head_size] unless that is NULL. The norm is rounded before the
/// rotation, as two operators would; the rotation once. `pairs` rotates elements 2j with 2j + 1 (the diffusion
/// transformer), `halves` j with j + head_size / 2 (Qwen).
void kernels_rotate_pairs_bfloat16(
    const struct kernels_rotary *sizes, const uint16_t *x, const uint16_t *weight, const float *cosine,
    const float *sine, uint16_t *output);
void kernels_rotate_pairs_float32(
    const struct kernels_rotary *sizes, const float *x, const float *weight, const float *cosine, const float *sine,
    float *output);
void kernels_rotate_halves_bfloat16(
    const struct kernels_rotary *sizes, const uint16_t *x, const uint16_t *weight, const float *cosine,
    const float *sine, uint16_t *output);
void kernels_rotate_halves_float32(
    const struct kernels_rotary *sizes, const float *x, const float *weight, const float *cosine, const float *sine,
    float *output);
