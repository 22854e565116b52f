#ifndef KERNELS_CONVOLUTION_H
#define KERNELS_CONVOLUTION_H

#include "kernels_matrix.h"

// Convolutions of 3 x 3 over pictures whose channels lie side by side, with zeros around them. Pixels of Y are computed by
// four, 2 x 2, with 16 products of a channel instead of 36 (Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015, F(2x2, 3x3)). What is multiplied are sums and differences of inputs and of weights, and these are
// rounded to the type of X. So an infinite input may make NaN of Y that sees it. Denormal numbers of bfloat16 may count as 0, as
// with `KERNELS_BFLOAT16`.

struct kernels_convolution {
    /// That of weights, X and Y: `KERNELS_FLOAT32` or `KERNELS_BFLOAT16`.
    enum kernels_format format;
    ptrdiff_t inputs, outputs;
    /// X is seen twice as high and wide, each pixel copied to 2 x 2. Then 9 products of a channel are enough for four pixels.
    bool doubled;
    /// `kernels_convolution_size` bytes, aligned to 64.
    void *packed;
};

size_t kernels_convolution_size(const struct kernels_convolution *convolution);

/// Packs W[outputs, inputs, 3, 3], on all threads.
void kernels_pack_convolution(const struct kernels_convolution *convolution, const void *weights);

/// Rows of a convolution.
struct kernels_convolved {
    /// Of Y; an even number where X is doubled.
    ptrdiff_t rows;
    /// Of X, in pixels; a row of Y has as many, or twice as many.
    ptrdiff_t width;
    /// The rows of X that those of Y see, one above and one below included, each [width, inputs]: `rows` + 2, or half of
    /// `rows` and 2. NULL is a row of zeros.
    const void *const *x;
    /// [inputs] each: what is convolved is silu(x * scale + shift), and zeros around. NULL: x itself.
    const float *scale, *shift;
    /// [outputs].
    const float *bias;
    /// Y[rows, ..., outputs] without gaps, which may not overlap X; and what is added to it before it is rounded, NULL or Y itself.
    const void *residual;
    void *y;
};

/// Computes Y. A row of it is the same, to the bit, however many threads there are and however rows are cut, at even
/// ones. False, and Y is undefined, when memory for intermediate values is short.
bool kernels_convolve(const struct kernels_convolution *convolution, const struct kernels_convolved *convolved);

#endif
