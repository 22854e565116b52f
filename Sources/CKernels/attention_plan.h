#pragma once
#include "kernels_attention.h"

// How attention is cut into tasks, and where in the scratch memory everything lies.
//
// Keys come in units of 16, 1...16 units a block. In bfloat16, packed keys of a sequence and key head are
// [unit][pair of numbers][key][2], packed values [block][unit of columns][pair of keys][column][2]. What is missing at
// the ends is zero. attention_int8_pack_avx512.h says how they lie in 8 bits.

enum { UNIT = 16, BLOCK_UNITS = 16, BLOCK_KEYS = UNIT * BLOCK_UNITS, TILE_ROWS = 6, BLOCK_ROWS = 66 };

enum { MAXIMAL_HEAD = 512 };

/// What a path wants sizes to be multiples of.
struct attention_grain {
    /// Rows of queries of a tile, and of a block at most.
    int tile_rows, block_rows;
    /// Units of keys of a block, and numbers of a packed key.
    int units, numbers;
    /// What lies behind the numbers of a packed key, in elements.
    int beside_key;
};

/// That of the paths which compute in registers.
static const struct attention_grain register_grain = {TILE_ROWS, BLOCK_ROWS, 1, 2, 0};

/// One sequence of the plan.
struct attention_sequence {
    size_t query_start, key_start;
    int queries, keys;
    /// Units and blocks of keys, and what the units of each are a multiple of.
    int units, key_blocks, unit_grain;
    /// Blocks of queries, and the rows of each but the last, a multiple of a tile's.
    int query_blocks, block_rows;
    int first_packing, first_task;
    /// Where the packed keys and values begin, in units of all heads.
    size_t packed;
};

struct attention_plan {
    const struct kernels_attention *sizes;
    struct attention_sequence *sequences;
    int packing_tasks, tasks;
    size_t units;
    /// Elements of a packed key, and of a packed value: a multiple of UNIT.
    int key_size, value_size;
    char *packed_keys, *packed_values, *threads;
};

/// A task: a block of keys to pack, or a block of rows to attend from.
struct attention_task {
    const struct attention_sequence *sequence;
    /// Query head, or key head where keys are packed.
    int head, block;
};

/// Lays the plan out in scratch memory. `element` bytes hold a packed number.
struct attention_plan plan_attention(
    const struct kernels_attention *sizes, struct attention_grain grain, void *scratch, size_t element);

/// Bytes of scratch memory of such a plan, each thread's `per_thread` included.
size_t attention_plan_size(
    const struct kernels_attention *sizes, struct attention_grain grain, size_t element, size_t per_thread);

/// The keys of a block that is packed: where they begin among all that lie end to end, how many there are, and how many
/// with those that fill up its units.
struct attention_keys {
    ptrdiff_t token;
    int count, filled;
};

/// The queries of a block that attends: where they begin among all that lie end to end and among those of the sequence,
/// and how many there are.
struct attention_queries {
    ptrdiff_t token;
    int first, count;
};

struct attention_task packing_task(const struct attention_plan *plan, int task);
struct attention_keys keys_to_pack(struct attention_task task);
struct attention_task query_task(const struct attention_plan *plan, int task);
struct attention_queries queries_of(struct attention_task task);

/// Bytes up to a multiple of a line of the cache.
static inline size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

/// What a thread of the plan works in: `size` bytes.
static inline void *memory_of_thread(const struct attention_plan *plan, int thread, size_t size) {
    return plan->threads + (size_t)thread * whole_lines(size);
}

/// The first unit of a block; blocks of a sequence are as equal as can be.
static inline int first_unit(const struct attention_sequence *sequence, int block) {
    const int grains = sequence->units / sequence->unit_grain;
    return (int)((long long)block * grains / sequence->key_blocks) * sequence->unit_grain;
}

/// The first packed key of a task's block and key head, among those of all heads and sequences.
static inline size_t first_packed_key(struct attention_task task, int key_head) {
    const size_t unit = task.sequence->packed + (size_t)key_head * (size_t)task.sequence->units;
    return (unit + (size_t)first_unit(task.sequence, task.block)) * UNIT;
}

/// Whether `numbers`, which may be rounded up to a multiple of 2 or 4, leave half of the last of so many units empty.
static inline bool end_in_half(int numbers, int units) { return numbers <= units * UNIT - UNIT / 2; }

/// Units of the next tile where `left` are left: as equal as can be, none above 4.
static inline int tile_units(int left) {
    int tiles = (left + 3) / 4;
    return (left + tiles - 1) / tiles;
}
