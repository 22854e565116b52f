#pragma once
#include <stdbool.h>

#include "kernels_attention.h"

// Attention whose arithmetic is float32 throughout. Elements are bfloat16 where `half`, else float32.

typedef void attention_float32(
    const struct kernels_attention *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch);

attention_float32 attention_float32_portable, attention_float32_avx2, attention_float32_avx512;

size_t attention_float32_scratch(const struct kernels_attention *sizes);
