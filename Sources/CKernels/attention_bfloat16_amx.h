#pragma once
#include "kernels_attention.h"

size_t attention_bfloat16_amx_scratch(const struct kernels_attention *sizes);
void attention_bfloat16_amx(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch);
