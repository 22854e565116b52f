#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Sizes of an attention over sequences that lie end to end: T tokens of queries, S of keys and values, H query heads
/// and K key heads of D numbers each. Query head h reads key head h / (H / K).
struct kernels_attention {
    /// How many sequences there are, and the tokens of each; their sums are T and S. A sequence may be empty, but not
    /// have queries without keys.
    int sequences;
    const int *query_lengths, *key_lengths;
    /// H, K and D. K divides H; D is 1...512.
    int heads, key_heads, head_size;
    /// Numbers from one token, and from one head, to the next. The D numbers of a head lie side by side.
    ptrdiff_t query_stride, query_head_stride;
    ptrdiff_t key_stride, key_head_stride;
    ptrdiff_t value_stride, value_head_stride;
    /// Scores are query . key * scale.
    float scale;
    /// Query i of n sees the first m - n + i + 1 of m keys (n <= m): queries are the last ones of a cache.
    bool causal;
};

/// Bytes of scratch memory that attention needs, for the path and the threads of the moment.
size_t kernels_attention_bfloat16_scratch(const struct kernels_attention *sizes);
size_t kernels_attention_int8_scratch(const struct kernels_attention *sizes);
size_t kernels_attention_float32_scratch(const struct kernels_attention *sizes);

/// softmax(query key^T scale) value within each sequence. query [T, H, D], key and value [S, K, D] with strides,
/// output [T, H * D] without gaps, all bfloat16; no alignment needed. `scratch` is aligned to 64 bytes.
///
/// Sums are float32 and the result is rounded once. With AVX-512 and AMX, weights are rounded to bfloat16 before they meet the
/// values, as libtorch's CPU kernel does, and denormal numbers count as zero in products, as its bfloat16 instructions
/// have it. A masked key is one of weight zero: NaN and infinity in its value may show.
void kernels_attention_bfloat16(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch);

/// The same with queries, keys, weights and values rounded to 8 bits, where that is faster: with AVX-VNNI or AVX-512
/// and no AMX, and not `causal`; elsewhere it is `kernels_attention_bfloat16`.
///
/// Keys are rounded without their mean and values without their middle, so what all tokens share takes none of the
/// bits. A query or key that is not finite makes NaN of all that sees it, such a value of its column; so may keys and
/// queries above 1e34, whose sums are float32.
void kernels_attention_int8(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch);

/// Whether it is faster so on the path of the moment.
bool kernels_have_attention_int8(void);

/// The same in float32.
void kernels_attention_float32(
    const struct kernels_attention *sizes, const float *query, const float *key, const float *value, float *output,
    void *scratch);
