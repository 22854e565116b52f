#pragma once
#if defined(__x86_64__)
// What the ways to attend in bfloat16 share: their task, and the packing of keys and values.

#include <math.h>

#include "attention_pack_avx512.h"
#include "attention_plan.h"
#include "avx512.h"
#include "kernels_parallel.h"

typedef struct {
    struct attention_plan plan;
    const uint16_t *query, *key, *value;
    uint16_t *output;
    /// Scores become powers of two by it; positive.
    float slope;
    uint16_t query_sign;
} Attention;

static uint16_t *packed_keys(const Attention *attention, struct attention_task task, int key_head) {
    return (uint16_t *)attention->plan.packed_keys +
           first_packed_key(task, key_head) * (size_t)attention->plan.key_size;
}

static uint16_t *packed_values(const Attention *attention, struct attention_task task, int key_head) {
    return (uint16_t *)attention->plan.packed_values +
           first_packed_key(task, key_head) * (size_t)attention->plan.value_size;
}

AVX512 static void pack_block(void *context, int index, int thread) {
    (void)thread;
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task task = packing_task(&attention->plan, index);
    struct attention_keys keys = keys_to_pack(task);
    const uint16_t *key = attention->key + keys.token * sizes->key_stride + task.head * sizes->key_head_stride;
    const uint16_t *value = attention->value + keys.token * sizes->value_stride + task.head * sizes->value_head_stride;
    uint16_t *packed = packed_keys(attention, task, task.head);
    for (int first = 0; first < keys.filled; first += UNIT) {
        int next = keys.count - first - UNIT < UNIT ? keys.count - first - UNIT : UNIT;
        ptrdiff_t ahead = first + UNIT;
        fetch_rows(key + ahead * sizes->key_stride, next, sizes->head_size, sizes->key_stride, false);
        fetch_rows(value + first * sizes->value_stride, next, sizes->head_size, sizes->value_stride, false);
        pack_keys(
            key + first * sizes->key_stride, sizes->key_stride, keys.count - first, sizes->head_size,
            attention->plan.key_size, packed);
        packed += UNIT * attention->plan.key_size;
    }
    pack_values(
        value, sizes->value_stride, keys.count, keys.filled / 2, sizes->head_size,
        packed_values(attention, task, task.head));
}

/// Packs keys and values, then has each task of the plan attend.
static void attend(
    struct attention_plan plan, const uint16_t *query, const uint16_t *key, const uint16_t *value, uint16_t *output,
    void (*attend_block)(void *attention, int task, int thread)) {
    Attention attention = {
        .plan = plan,
        .query = query,
        .key = key,
        .value = value,
        .output = output,
        .slope = fabsf(plan.sizes->scale) * 1.44269504f,
        .query_sign = plan.sizes->scale < 0 ? 0x8000 : 0,
    };
    kernels_parallel(plan.packing_tasks, pack_block, &attention);
    kernels_parallel(plan.tasks, attend_block, &attention);
}
#endif
