#include "attention_bfloat16_amx.h"
#include "attention_bfloat16_avx512.h"
#include "attention_float32.h"
#include "attention_int8_avx512.h"
#include "attention_int8_avxvnni.h"
#include "kernels_attention.h"
#include "kernels_path.h"

static attention_float32 *float32_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return attention_float32_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return attention_float32_avx2;
    }
#endif
    return attention_float32_portable;
}

size_t kernels_attention_bfloat16_scratch(const struct kernels_attention *sizes) {
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AMX) {
        return attention_bfloat16_amx_scratch(sizes);
    }
    if (kernels_path() == KERNELS_AVX512) {
        return attention_bfloat16_avx512_scratch(sizes);
    }
#endif
    return attention_float32_scratch(sizes);
}

bool kernels_have_attention_int8(void) {
    return kernels_path() >= KERNELS_AVX_VNNI && kernels_path() <= KERNELS_AVX512;
}

#if defined(__x86_64__)
static bool computes_in_int8(const struct kernels_attention *sizes) {
    return kernels_have_attention_int8() && !sizes->causal;
}
#endif

size_t kernels_attention_int8_scratch(const struct kernels_attention *sizes) {
#if defined(__x86_64__)
    if (computes_in_int8(sizes)) {
        return kernels_path() == KERNELS_AVX_VNNI ? attention_int8_avxvnni_scratch(sizes)
                                                  : attention_int8_avx512_scratch(sizes);
    }
#endif
    return kernels_attention_bfloat16_scratch(sizes);
}

size_t kernels_attention_float32_scratch(const struct kernels_attention *sizes) {
    return attention_float32_scratch(sizes);
}

void kernels_attention_bfloat16(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AMX) {
        attention_bfloat16_amx(sizes, query, key, value, output, scratch);
        return;
    }
    if (kernels_path() == KERNELS_AVX512) {
        attention_bfloat16_avx512(sizes, query, key, value, output, scratch);
        return;
    }
#endif
    float32_of_path()(sizes, true, query, key, value, output, scratch);
}

void kernels_attention_int8(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
#if defined(__x86_64__)
    if (computes_in_int8(sizes)) {
        (kernels_path() == KERNELS_AVX_VNNI ? attention_int8_avxvnni : attention_int8_avx512)(
            sizes, query, key, value, output, scratch);
        return;
    }
#endif
    kernels_attention_bfloat16(sizes, query, key, value, output, scratch);
}

void kernels_attention_float32(
    const struct kernels_attention *sizes, const float *query, const float *key, const float *value, float *output,
    void *scratch) {
    float32_of_path()(sizes, false, query, key, value, output, scratch);
}
