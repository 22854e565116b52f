#pragma once
#include "kernels_attention.h"

size_t attention_int8_avxvnni_scratch(const struct kernels_attention *sizes);
void attention_int8_avxvnni(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch);
