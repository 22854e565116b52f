#if defined(__x86_64__)
#include "attention_int8_avxvnni.h"

#include "avxvnni.h"

#pragma clang attribute push(__attribute__((target(AVX_VNNI_TARGET))), apply_to = function)
#include "attention_int8_rows.h"
#pragma clang attribute pop

size_t attention_int8_avxvnni_scratch(const struct kernels_attention *sizes) { return scratch_size(sizes); }

void attention_int8_avxvnni(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    attend(sizes, query, key, value, output, scratch);
}
#endif
