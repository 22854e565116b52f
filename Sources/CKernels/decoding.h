#pragma once
#include <stdbool.h>

#include "kernels_decoding.h"

// One token's attention is cut into parts of the cache. A part gives for each head what its weights, 2^(score -
// reference), and its weighted values add up to; parts are brought to one reference and added at the end.

enum { DECODING_HEADS = 16, DECODING_BLOCK = 32, MAXIMAL_DECODING_HEAD = 256 };

/// A part of the cache and up to 16 heads that share a key head. Elements are bfloat16 where `half`, else float32.
struct decoding_part {
    bool half;
    int keys, heads, head_size;
    /// Numbers of a row of `output`, a multiple of 16.
    int row_size;
    /// Scores become powers of two by it; of any sign.
    float slope;
    const void *query, *key, *value;
    ptrdiff_t key_stride, value_stride;
    /// [heads] each, and [16, row_size].
    float *reference, *sum, *output;
};

typedef void decode_part(const struct decoding_part *part);
decode_part decode_part_portable, decode_part_avx2, decode_part_avx512, decode_part_bfloat16_avx512;
