#ifndef KERNELS_GROUP_NORM_H
#define KERNELS_GROUP_NORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Group norm of pictures whose channels lie side by side, [pixels, channels] without gaps, in two passes: moments of
// each channel, then a scale and a shift for each. No alignment is needed. All arithmetic is float32, sums over many
// pixels are float64. The threads change no bit.

/// Bytes of scratch memory that moments need.
size_t kernels_channel_moments_scratch(ptrdiff_t pixels, int channels);

/// Of each channel of x the mean, and the sum of the squares of what differs from it; both [channels]. `pixels` is at
/// least 1, `scratch` is aligned to 8.
void kernels_channel_moments_bfloat16(
    ptrdiff_t pixels, int channels, const uint16_t *x, double *means, double *squares, void *scratch);
void kernels_channel_moments_float32(
    ptrdiff_t pixels, int channels, const float *x, double *means, double *squares, void *scratch);

/// output = x * scale + shift, through SiLU where `silu`; scale and shift [channels]. Rounded once. Output may be x.
void kernels_scale_shift_bfloat16(
    ptrdiff_t pixels, int channels, const uint16_t *x, const float *scale, const float *shift, bool silu,
    uint16_t *output);
void kernels_scale_shift_float32(
    ptrdiff_t pixels, int channels, const float *x, const float *scale, const float *shift, bool silu, float *output);

#endif
