#pragma once
#include <stdbool.h>

#include "kernels_decoding.h"

// One token's attention is cut into parts of the cache. A part gives for each head what its weights, 2^(score -
// reference), and its weighted values add up to; parts are brought to one reference and added at the end. Within a part
// blocks of keys go through all heads, so that the cache is read from front to back.

enum { DECODING_HEADS = 16, DECODING_BLOCK = 32, MAXIMAL_DECODING_HEAD = 256 };

/// A part of the cache and up to 16 heads that share a key head. Elements are bfloat16 where `half`, else float32.
struct decoding_part {
    bool half;
    int heads, head_size;
    /// Numbers of a row of `output`, a multiple of 16.
    int row_size;
    /// Scores become powers of two by it; of any sign.
    float slope;
    const void *query;
    /// The same as [pair of numbers][16 heads][2], for bfloat16; zero where there is none.
    const uint16_t *paired_query;
    const void *key, *value;
    ptrdiff_t key_stride, value_stride;
    /// [16] each, -FLT_MAX and 0 before the first block, and [16, row_size], 0.
    float *reference, *sum, *output;
};

/// Adds a block of keys, at most DECODING_BLOCK from `first` on, to a part.
typedef void decode_block(const struct decoding_part *part, int first, int keys);
decode_block decode_block_portable, decode_block_avx2, decode_block_avx512, decode_block_bfloat16_avx512;
