#pragma once
#include <stddef.h>
#include <stdint.h>

/// Sizes of the attention of one token to a cache of S keys and values: H query heads, K key heads of D numbers. Query
/// head h reads key head h / (H / K).
struct kernels_decoding {
    /// S is 1 or more; K divides H; D is 1...256.
    int keys, heads, key_heads, head_size;
    /// Numbers from one token, and from one head, to the next. The D numbers of a head lie side by side.
    ptrdiff_t key_stride, key_head_stride;
    ptrdiff_t value_stride, value_head_stride;
    /// Scores are query . key * scale.
    float scale;
};

/// Bytes of scratch memory that decoding needs, for the threads of the moment.
size_t kernels_decoding_scratch(const struct kernels_decoding *sizes);

/// softmax(query key^T scale) value. query and output [H, D] without gaps, key and value [S, K, D] with strides, all
/// bfloat16; no alignment needed. `scratch` is aligned to 64 bytes. Reads each key and value once, which is what it
/// takes its time for. Rounds as `kernels_attention_bfloat16` does.
void kernels_decoding_bfloat16(
    const struct kernels_decoding *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch);

/// The same in float32.
void kernels_decoding_float32(
    const struct kernels_decoding *sizes, const float *query, const float *key, const float *value, float *output,
    void *scratch);
