#pragma once
// The tasks of attention in 8 bits. The including file has what they call: the functions for a unit or tile of keys and values,
// and those for the rows of a block, with the types `Rows` and `Block`.
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

static void attend_block(void *context, int index, int thread) {
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task task = query_task(&attention->plan, index);
    const struct attention_sequence *sequence = task.sequence;
    const int key_head = task.head / (sizes->heads / sizes->key_heads);
    const struct attention_queries queries = queries_of(task);
    const int count = queries.count;
    const int rows = (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    Block block = {
        .rows = memory_of_thread(&attention->plan, thread, sizeof(Rows)),
        .fours = (sizes->head_size + 3) / 4,
        .value_size = attention->plan.value_size,
    };
    const uint16_t *query =
        attention->query + queries.token * sizes->query_stride + task.head * sizes->query_head_stride;
    round_queries(sizes, query, count, rows, block.rows);
    start_sums(
        block.rows->sum, block.rows->output, block.rows->reference, block.rows->limit, rows, block.value_size);
    for (task.block = 0; task.block < sequence->key_blocks; task.block++) {
        const int unit = first_unit(sequence, task.block);
        block.tiles = (first_unit(sequence, task.block + 1) - unit) / TILE_UNITS;
        block.count = sequence->keys - unit * UNIT;
        block.keys = packed_keys(attention, task, key_head);
        block.values = packed_values(attention, task, key_head);
        weigh_block(&block, rows);
        add_block(&block, rows);
    }
    const ptrdiff_t stride = (ptrdiff_t)sizes->heads * sizes->head_size;
    uint16_t *output = attention->output + queries.token * stride + (ptrdiff_t)task.head * sizes->head_size;
    write_rows(
        block.rows, centre_of(attention, task, key_head), count, sizes->head_size, block.value_size, output, stride);
}

static size_t scratch_size(const struct kernels_attention *sizes) {
    return centres_size(sizes) + attention_plan_size(sizes, byte_grain, 1, sizeof(Rows));
}

static void attend(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    Attention attention = {
        .plan = plan_attention(sizes, byte_grain, (char *)scratch + centres_size(sizes), 1),
        .query = query,
        .key = key,
        .value = value,
        .output = output,
        .centres = scratch,
    };
    const int units = attention.plan.value_size / UNIT;
    kernels_parallel(sizes->sequences * sizes->key_heads * units, find_centres, &attention);
    kernels_parallel(attention.plan.packing_tasks, pack_block, &attention);
    kernels_parallel(attention.plan.tasks, attend_block, &attention);
}
