// The transforms of a convolution, one thread's share of the work; see kernels_convolution.h. Elements are bfloat16 where
// `half`, else float32.
//
// A tile is 2 x 2 pixels of Y. It sees a window of 4 x 4 pixels of X, 3 x 3 if X is doubled. That becomes as many points, sums and
// differences of its pixels, which are multiplied with those of the weights.

#ifndef KERNELS_CONVOLUTION_TRANSFORMS_H
#define KERNELS_CONVOLUTION_TRANSFORMS_H

#include "kernels_matrix.h"

enum { TILE_SIDE = 2, KERNEL_SIDE = 3, MOST_SIDE = 4, DOUBLED_SIDE = 3, SIXTEEN = 16, LINE_BYTES = 64 };

/// Points of tiles that lie side by side.
struct convolution_inputs {
    bool half, doubled;
    ptrdiff_t channels, width;
    /// Of the windows; NULL is a row of zeros.
    const void *rows[MOST_SIDE];
    const float *scale, *shift;
    ptrdiff_t first_tile, tiles;
    /// Tiles that lie before them among the points.
    ptrdiff_t before;
    /// [point, sixteen tiles, line, tile of the sixteen, channel of the line], a line being 64 bytes of channels: bytes from
    /// one to the next.
    char *points;
    ptrdiff_t point_bytes, sixteen_bytes, line_bytes, tile_bytes;
};

/// Tiles of Y that lie side by side, some of their channels.
struct convolution_outputs {
    bool half, doubled;
    int channels;
    ptrdiff_t tiles;
    /// Of Y from the first tile on; the last tile may have one of them only.
    ptrdiff_t columns;
    /// [point, tile, 64], with room for so many tiles.
    const float *sums;
    ptrdiff_t sums_tiles;
    const float *bias;
    /// Of each row, at the first pixel and channel; NULL where there is none.
    const void *residual[TILE_SIDE];
    void *y[TILE_SIDE];
    ptrdiff_t pixel_stride; // elements
};

/// Points of the weights [outputs, inputs, 3, 3] of up to 16 outputs, as a panel has them: see matrix_tile.h.
struct convolution_weights {
    bool half, doubled;
    ptrdiff_t inputs;
    /// May be 0: what is missing of the 16 is 0.
    int outputs;
    const void *weights;
    /// Of the first point, where the 16 outputs of the first step lie; and bytes from one point to the next.
    char *points;
    ptrdiff_t point_bytes;
};

/// One instruction set's.
struct convolution_transforms {
    void (*inputs)(const struct convolution_inputs *);
    void (*outputs)(const struct convolution_outputs *);
    void (*weights)(const struct convolution_weights *);
};

extern const struct convolution_transforms convolution_transforms_portable, convolution_transforms_avx2,
    convolution_transforms_avx512, convolution_transforms_avx512bf16;

/// The products of one point of all tiles and a panel of its weights.
struct convolution_product {
    const struct kernels_weight *weight;
    ptrdiff_t panel;
    const char *points;
    ptrdiff_t sixteen_bytes, tile_bytes;
    ptrdiff_t tiles;
    /// [tile, 64].
    float *sums;
    /// The panel that is needed next.
    const char *next;
};

#if defined(__x86_64__)
/// With tile instructions, of bfloat16 and inputs that are a multiple of 32. Lines of sixteen tiles lie side by side; sums
/// have room for a multiple of 16 tiles.
void convolution_product_amx(const struct convolution_product *product);
#endif

#endif
