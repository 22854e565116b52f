#pragma once
// The tasks in which keys and values become bytes. The including file has the functions for one unit or tile of them.
#include "attention_int8_plan.h"

/// 16 columns of a head of a sequence.
static void find_centres(void *context, int index, int thread) {
    (void)thread;
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    const int units = attention->plan.value_size / UNIT, centre = index / units, column = index % units * UNIT;
    const struct attention_sequence *sequence = &attention->plan.sequences[centre / sizes->key_heads];
    if (sequence->queries == 0) {
        return;
    }
    const int head = centre % sizes->key_heads;
    const ptrdiff_t token = (ptrdiff_t)sequence->key_start;
    find_centre(
        &attention->centres[centre], column,
        attention->key + token * sizes->key_stride + head * sizes->key_head_stride + column, sizes->key_stride,
        attention->value + token * sizes->value_stride + head * sizes->value_head_stride + column, sizes->value_stride,
        sequence->keys, unit_of(sizes->head_size - column));
}

static void pack_block(void *context, int index, int thread) {
    (void)thread;
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    const struct attention_task task = packing_task(&attention->plan, index);
    const struct attention_keys keys = keys_to_pack(task);
    const Centre *centre = centre_of(attention, task, task.head);
    const uint16_t *key = attention->key + keys.token * sizes->key_stride + task.head * sizes->key_head_stride;
    const uint16_t *value = attention->value + keys.token * sizes->value_stride + task.head * sizes->value_head_stride;
    uint8_t *to_keys = packed_keys(attention, task, task.head);
    int8_t *to_values = packed_values(attention, task, task.head);
    const int fours = (sizes->head_size + 3) / 4;
    for (int first = 0; first < keys.filled; first += UNIT) {
        const int last = keys.count - 1;
        const int from = first < last ? first : last;
        pack_unit_of_keys(
            centre, key + from * sizes->key_stride, sizes->key_stride, keys.count - from, sizes->head_size, fours,
            to_keys + first * attention->plan.key_size);
    }
    for (int first = 0; first < keys.filled; first += TILE_KEYS) {
        pack_tile_of_values(
            centre, value + first * sizes->value_stride, sizes->value_stride, keys.count - first, sizes->head_size,
            to_values + first * attention->plan.value_size);
    }
}

/// Makes bytes of all keys and values.
static void pack_all(const Attention *attention) {
    const struct kernels_attention *sizes = attention->plan.sizes;
    const int units = attention->plan.value_size / UNIT;
    kernels_parallel(sizes->sequences * sizes->key_heads * units, find_centres, (void *)attention);
    kernels_parallel(attention->plan.packing_tasks, pack_block, (void *)attention);
}
