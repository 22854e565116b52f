#if defined(__aarch64__)
#define BLOCK_TILE_ROWS 6
#else
#define BLOCK_TILE_ROWS 3
#endif
#define TILE_UNITS 1
#include "attention_float32_rows.h"

size_t attention_float32_scratch(const struct kernels_attention *sizes) {
    return attention_plan_size(sizes, register_grain, sizeof(float), sizeof(struct attention_rows));
}

void attention_float32_portable(
    const struct kernels_attention *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch) {
    attend(sizes, half, query, key, value, output, scratch);
}
