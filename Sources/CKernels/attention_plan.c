#include "attention_plan.h"

#include "kernels_parallel.h"

static int rounded_up(int value, int step) { return (value + step - 1) / step * step; }

static size_t sequences_size(const struct kernels_attention *sizes) {
    return whole_lines((size_t)sizes->sequences * sizeof(struct attention_sequence));
}

static size_t packed_size(const struct kernels_attention *sizes, size_t units, int width, size_t element) {
    return whole_lines((size_t)sizes->key_heads * units * UNIT * (size_t)width * element);
}

/// Elements of a packed key.
static int key_size_of(struct attention_grain grain, int head_size) {
    return rounded_up(head_size, grain.numbers) + grain.beside_key;
}

/// Units of a sequence.
static int units_of(struct attention_grain grain, int keys) { return rounded_up(keys, UNIT * grain.units) / UNIT; }

size_t attention_plan_size(
    const struct kernels_attention *sizes, struct attention_grain grain, size_t element, size_t per_thread) {
    size_t units = 0;
    for (int i = 0; i < sizes->sequences; i++) {
        units += (size_t)units_of(grain, sizes->key_lengths[i]);
    }
    return sequences_size(sizes) + packed_size(sizes, units, key_size_of(grain, sizes->head_size), element) +
           packed_size(sizes, units, rounded_up(sizes->head_size, UNIT), element) +
           (size_t)kernels_threads() * whole_lines(per_thread);
}

/// Blocks of queries that are as equal as tiles allow.
static void cut_queries(struct attention_sequence *sequence, struct attention_grain grain) {
    int blocks = (sequence->queries + grain.block_rows - 1) / grain.block_rows;
    if (blocks > 0) {
        sequence->block_rows = rounded_up((sequence->queries + blocks - 1) / blocks, grain.tile_rows);
        blocks = (sequence->queries + sequence->block_rows - 1) / sequence->block_rows;
    }
    sequence->query_blocks = blocks;
}

struct attention_plan plan_attention(
    const struct kernels_attention *sizes, struct attention_grain grain, void *scratch, size_t element) {
    struct attention_plan plan = {.sizes = sizes, .sequences = scratch};
    size_t query_start = 0, key_start = 0;
    for (int i = 0; i < sizes->sequences; i++) {
        struct attention_sequence sequence = {
            .query_start = query_start,
            .key_start = key_start,
            .queries = sizes->query_lengths[i],
            .keys = sizes->key_lengths[i],
            .unit_grain = grain.units,
            .first_packing = plan.packing_tasks,
            .first_task = plan.tasks,
            .packed = plan.units * (size_t)sizes->key_heads,
        };
        sequence.units = units_of(grain, sequence.keys);
        sequence.key_blocks = (sequence.units + BLOCK_UNITS - 1) / BLOCK_UNITS;
        cut_queries(&sequence, grain);
        plan.sequences[i] = sequence;
        plan.units += (size_t)sequence.units;
        plan.packing_tasks += sequence.queries > 0 ? sequence.key_blocks * sizes->key_heads : 0;
        plan.tasks += sequence.query_blocks * sizes->heads;
        query_start += (size_t)sequence.queries;
        key_start += (size_t)sequence.keys;
    }
    plan.key_size = key_size_of(grain, sizes->head_size);
    plan.value_size = rounded_up(sizes->head_size, UNIT);
    plan.packed_keys = (char *)scratch + sequences_size(sizes);
    plan.packed_values = plan.packed_keys + packed_size(sizes, plan.units, plan.key_size, element);
    plan.threads = plan.packed_values + packed_size(sizes, plan.units, plan.value_size, element);
    return plan;
}

/// The last sequence whose first task is not behind `task`: the one that it belongs to, as empty ones come before.
static const struct attention_sequence *sequence_of(
    const struct attention_plan *plan, int task, size_t first_task_offset) {
    int low = 0, high = plan->sizes->sequences - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        const char *sequence = (const char *)&plan->sequences[middle];
        if (*(const int *)(sequence + first_task_offset) <= task) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return &plan->sequences[low];
}

struct attention_task packing_task(const struct attention_plan *plan, int task) {
    const struct attention_sequence *sequence =
        sequence_of(plan, task, offsetof(struct attention_sequence, first_packing));
    int place = task - sequence->first_packing;
    return (struct attention_task){sequence, place / sequence->key_blocks, place % sequence->key_blocks};
}

struct attention_keys keys_to_pack(struct attention_task task) {
    const int begin = first_unit(task.sequence, task.block) * UNIT;
    const int end = first_unit(task.sequence, task.block + 1) * UNIT;
    const int keys = end < task.sequence->keys ? end : task.sequence->keys;
    return (struct attention_keys){(ptrdiff_t)task.sequence->key_start + begin, keys - begin, end - begin};
}

struct attention_queries queries_of(struct attention_task task) {
    const int first = task.block * task.sequence->block_rows, left = task.sequence->queries - first;
    const int count = left < task.sequence->block_rows ? left : task.sequence->block_rows;
    return (struct attention_queries){(ptrdiff_t)task.sequence->query_start + first, first, count};
}

struct attention_task query_task(const struct attention_plan *plan, int task) {
    const struct attention_sequence *sequence =
        sequence_of(plan, task, offsetof(struct attention_sequence, first_task));
    // The heads of a group follow each other, as they read the same keys.
    int group = plan->sizes->heads / plan->sizes->key_heads;
    int place = task - sequence->first_task;
    int key_head = place / (group * sequence->query_blocks);
    int within = place % (group * sequence->query_blocks);
    // Causal blocks grow with their number: the long ones come first, so that the threads end together.
    int block = sequence->query_blocks - 1 - within / group;
    return (struct attention_task){sequence, key_head * group + within % group, block};
}
