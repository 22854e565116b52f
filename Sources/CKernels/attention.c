#include "kernels_attention.h"

#include "attention_bfloat16_avx512.h"
#include "kernels_path.h"

size_t kernels_attention_scratch(const struct kernels_attention *sizes) {
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AVX512) {
        return attention_bfloat16_avx512_scratch(sizes);
    }
#endif
    return 0;
}

void kernels_attention_bfloat16(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AVX512) {
        attention_bfloat16_avx512(sizes, query, key, value, output, scratch);
        return;
    }
#endif
}
