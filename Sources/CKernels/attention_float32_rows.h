// Attention in float32, compiled once for each instruction set; see vector16.h. The including file says how many rows
// and units of 16 keys or columns fit in its registers: BLOCK_TILE_ROWS, a divisor of TILE_ROWS, and TILE_UNITS.
//
// As in attention_bfloat16_avx512.c, but packed keys are [unit][number][key], packed values [block][unit of
// columns][key][column].
#include "attention_float32.h"
#include "attention_float32_scratch.h"
#include "attention_plan.h"
#include "attention_sums.h"
#include "kernels_parallel.h"
#include "vector16.h"

static const float headroom = 8;

typedef struct {
    struct attention_plan plan;
    bool half;
    const void *query, *key, *value;
    void *output;
    float slope;
} Attention;

typedef struct {
    struct attention_rows *rows;
    const float *keys, *values;
    int head_size, key_size, value_size, units;
    float slope;
    /// For each row, how many keys of this block it sees; may be negative, or beyond the block.
    int visible[BLOCK_ROWS];
} Block;

INLINE const void *element(const void *elements, ptrdiff_t index, bool half) {
    return (const char *)elements + index * (half ? 2 : 4);
}

INLINE floats aligned_floats(const float *from) {
    floats value;
    memcpy(&value, __builtin_assume_aligned(from, 64), sizeof value);
    return value;
}

INLINE void store_aligned(float *to, floats value) { memcpy(__builtin_assume_aligned(to, 64), &value, sizeof value); }

static float *packed(char *memory, struct attention_task task, int head, int width) {
    return (float *)memory + first_packed_key(task, head) * (size_t)width;
}

INLINE void pack_any(
    const struct kernels_attention *sizes, const void *key, const void *value, int keys, int rows, float *packed_key,
    float *packed_value, int key_size, bool half) {
    for (int row = 0; row < rows; row++) {
        float *to_key = packed_key + row / UNIT * UNIT * key_size + row % UNIT;
        float *to_value = packed_value + row * UNIT;
        for (int i = 0; i < sizes->head_size; i += LANES, to_value += rows * UNIT) {
            int count = sizes->head_size - i < LANES ? sizes->head_size - i : LANES;
            floats k = {}, v = {};
            if (row < keys) {
                k = loaded(key, row * sizes->key_stride + i, count, half);
                v = loaded(value, row * sizes->value_stride + i, count, half);
            }
            store_aligned(to_value, v);
            for (int lane = 0; lane < count; lane++) {
                to_key[(i + lane) * UNIT] = k[lane];
            }
        }
    }
}

static void pack_block(void *context, int index, int thread) {
    (void)thread;
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task task = packing_task(&attention->plan, index);
    struct attention_keys keys = keys_to_pack(task);
    bool half = attention->half;
    const void *key = element(attention->key, keys.token * sizes->key_stride + task.head * sizes->key_head_stride, half);
    const void *value =
        element(attention->value, keys.token * sizes->value_stride + task.head * sizes->value_head_stride, half);
    float *to_key = packed(attention->plan.packed_keys, task, task.head, attention->plan.key_size);
    float *to_value =
        packed(attention->plan.packed_values, task, task.head, attention->plan.value_size);
    if (half) {
        pack_any(sizes, key, value, keys.count, keys.filled, to_key, to_value, attention->plan.key_size, true);
    } else {
        pack_any(sizes, key, value, keys.count, keys.filled, to_key, to_value, attention->plan.key_size, false);
    }
}

/// left [BLOCK_TILE_ROWS, count] times right [count, units * 16], added to what is in `sum`.
INLINE void multiply_tile(
    floats sum[BLOCK_TILE_ROWS][TILE_UNITS], const float *left, ptrdiff_t left_stride, const float *right,
    ptrdiff_t unit_stride, int count, int units) {
    for (int i = 0; i < count; i++, left++, right += UNIT) {
        floats values[TILE_UNITS];
        _Pragma("clang loop unroll(full)") for (int unit = 0; unit < units; unit++) {
            values[unit] = aligned_floats(right + unit * unit_stride);
        }
        _Pragma("clang loop unroll(full)") for (int row = 0; row < BLOCK_TILE_ROWS; row++) {
            floats factor = all(left[row * left_stride]);
            _Pragma("clang loop unroll(full)") for (int unit = 0; unit < units; unit++) {
                sum[row][unit] += factor * values[unit];
            }
        }
    }
}

/// Moves the reference of a row to `top`, a score above its limit. `before` keys of the block have weights already.
static __attribute__((noinline, cold)) void move_reference(Block *block, int row, float top, int before) {
    struct attention_rows *rows = block->rows;
    float change = (rows->reference[row] - top) * block->slope;
    bool first = rows->limit[row] == -INFINITY;
    rows->reference[row] = top;
    rows->limit[row] = top + headroom / block->slope;
    if (first) {
        return;  // nothing has weighed anything yet
    }
    float factor = exp2f(change);
    for (int i = 0; i < before; i++) {
        rows->weight[row][i] *= factor;
    }
    for (int i = 0; i < LANES; i++) {
        rows->sum[row][i] *= factor;
    }
    for (int i = 0; i < block->value_size; i++) {
        rows->output[row * block->value_size + i] *= factor;
    }
}

INLINE ints lanes_below(int count) {
    const ints places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return places < count;
}

INLINE void weigh_row(Block *block, floats *score, int row, int first_key, int units) {
    struct attention_rows *rows = block->rows;
    int visible = block->visible[row] - first_key;
    floats largest = all(-INFINITY);
    for (int unit = 0; unit < units; unit++) {
        floats seen = chosen(lanes_below(visible - unit * UNIT), score[unit], all(-INFINITY));
        largest = chosen(seen > largest, seen, largest);
    }
    float top = -INFINITY;
    for (int i = 0; i < LANES; i++) {
        top = largest[i] > top ? largest[i] : top;
    }
    if (__builtin_expect(top > rows->limit[row], 0)) {
        move_reference(block, row, top, first_key);
    }
    floats sum = aligned_floats(rows->sum[row]);
    for (int unit = 0; unit < units; unit++) {
        floats weight = exp2_of((score[unit] - rows->reference[row]) * block->slope);
        weight = chosen(lanes_below(visible - unit * UNIT), weight, (floats){});
        sum += weight;
        store_aligned(rows->weight[row] + first_key + unit * UNIT, weight);
    }
    store_aligned(rows->sum[row], sum);
}

INLINE void weigh_tile(Block *block, int first_row, int first_key, int units) {
    floats score[BLOCK_TILE_ROWS][TILE_UNITS] = {};
    multiply_tile(
        score, block->rows->query[first_row], ROW_STRIDE, block->keys + first_key * block->key_size,
        UNIT * block->key_size, block->head_size, units);
    for (int row = 0; row < BLOCK_TILE_ROWS; row++) {
        weigh_row(block, score[row], first_row + row, first_key, units);
    }
}

/// Keys of the block that the last row of a tile, which sees the most, sees.
static int visible_keys(const Block *block, int first_row) {
    int visible = block->visible[first_row + BLOCK_TILE_ROWS - 1];
    return visible < 0 ? 0 : visible > block->units * UNIT ? block->units * UNIT : visible;
}

static void weigh_block(Block *block, int rows) {
    for (int unit = 0, units; unit < block->units; unit += units) {
        units = block->units - unit < TILE_UNITS ? 1 : TILE_UNITS;
        for (int row = 0; row < rows; row += BLOCK_TILE_ROWS) {
            if (visible_keys(block, row) <= unit * UNIT) {
                continue;
            }
            if (units == TILE_UNITS) {
                weigh_tile(block, row, unit * UNIT, TILE_UNITS);
            } else {
                weigh_tile(block, row, unit * UNIT, 1);
            }
        }
    }
}

INLINE void add_tile(Block *block, int first_row, int column, int units) {
    floats sum[BLOCK_TILE_ROWS][TILE_UNITS];
    float *output = block->rows->output + first_row * block->value_size + column;
    for (int row = 0; row < BLOCK_TILE_ROWS; row++) {
        for (int unit = 0; unit < units; unit++) {
            sum[row][unit] = aligned_floats(output + row * block->value_size + unit * UNIT);
        }
    }
    int keys = block->units * UNIT;
    multiply_tile(
        sum, block->rows->weight[first_row], BLOCK_KEYS, block->values + column * keys, UNIT * keys,
        visible_keys(block, first_row), units);
    for (int row = 0; row < BLOCK_TILE_ROWS; row++) {
        for (int unit = 0; unit < units; unit++) {
            store_aligned(output + row * block->value_size + unit * UNIT, sum[row][unit]);
        }
    }
}

static void add_block(Block *block, int rows) {
    for (int column = 0, units; column < block->value_size; column += units * UNIT) {
        units = block->value_size - column < TILE_UNITS * UNIT ? 1 : TILE_UNITS;
        for (int row = 0; row < rows; row += BLOCK_TILE_ROWS) {
            if (units == TILE_UNITS) {
                add_tile(block, row, column, TILE_UNITS);
            } else {
                add_tile(block, row, column, 1);
            }
        }
    }
}

INLINE void start_rows(
    struct attention_rows *rows, const void *query, ptrdiff_t stride, int count, int all_rows, int head_size,
    int value_size, float sign, bool half) {
    start_sums(rows->sum, rows->output, rows->reference, rows->limit, all_rows, value_size);
    for (int row = 0; row < all_rows; row++) {
        for (int i = 0; i < head_size; i += LANES) {
            int left = head_size - i < LANES ? head_size - i : LANES;
            floats numbers = {};
            if (row < count) {
                numbers = loaded(query, row * stride + i, left, half) * sign;
            }
            store_aligned(rows->query[row] + i, numbers);
        }
    }
}

INLINE void write_rows(
    const struct attention_rows *rows, int count, int head_size, int value_size, void *output, ptrdiff_t stride,
    bool half) {
    for (int row = 0; row < count; row++) {
        float total = sum_of(aligned_floats(rows->sum[row]));
        for (int i = 0; i < head_size; i += LANES) {
            int left = head_size - i < LANES ? head_size - i : LANES;
            store(output, row * stride + i, left, aligned_floats(rows->output + row * value_size + i) / total, half);
        }
    }
}

static void attend_keys(const Attention *attention, struct attention_task task, Block *block, int first, int count) {
    const struct kernels_attention *sizes = attention->plan.sizes;
    const struct attention_sequence *sequence = task.sequence;
    int rows = (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    int key_head = task.head / (sizes->heads / sizes->key_heads);
    for (task.block = 0; task.block < sequence->key_blocks; task.block++) {
        int unit = first_unit(sequence, task.block);
        block->units = first_unit(sequence, task.block + 1) - unit;
        for (int row = 0; row < rows; row++) {
            int place = first + (row < count ? row : count - 1);
            int seen = sizes->causal ? sequence->keys - sequence->queries + place + 1 : sequence->keys;
            block->visible[row] = seen - unit * UNIT;
        }
        if (block->visible[rows - 1] <= 0) {
            break;
        }
        block->keys =
            packed(attention->plan.packed_keys, task, key_head, attention->plan.key_size);
        block->values =
            packed(attention->plan.packed_values, task, key_head, attention->plan.value_size);
        weigh_block(block, rows);
        add_block(block, rows);
    }
}

INLINE void attend_any(const Attention *attention, int index, int thread, bool half) {
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task task = query_task(&attention->plan, index);
    const struct attention_queries queries = queries_of(task);
    const int count = queries.count;
    int rows = (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    Block block = {
        .rows = memory_of_thread(&attention->plan, thread, sizeof(struct attention_rows)),
        .head_size = sizes->head_size,
        .key_size = attention->plan.key_size,
        .value_size = attention->plan.value_size,
        .slope = attention->slope,
    };
    const void *query =
        element(attention->query, queries.token * sizes->query_stride + task.head * sizes->query_head_stride, half);
    start_rows(
        block.rows, query, sizes->query_stride, count, rows, sizes->head_size, attention->plan.value_size,
        sizes->scale < 0 ? -1 : 1, half);
    attend_keys(attention, task, &block, queries.first, count);
    ptrdiff_t stride = (ptrdiff_t)sizes->heads * sizes->head_size;
    void *output = (void *)element(attention->output, queries.token * stride + (ptrdiff_t)task.head * sizes->head_size, half);
    write_rows(block.rows, count, sizes->head_size, block.value_size, output, stride, half);
}

static void attend_block(void *context, int index, int thread) {
    const Attention *attention = context;
    if (attention->half) {
        attend_any(attention, index, thread, true);
    } else {
        attend_any(attention, index, thread, false);
    }
}

static void attend(
    const struct kernels_attention *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch) {
    Attention attention = {
        .plan = plan_attention(sizes, register_grain, scratch, sizeof(float)),
        .half = half,
        .query = query,
        .key = key,
        .value = value,
        .output = output,
        .slope = fabsf(sizes->scale) * 1.44269504f,
    };
    kernels_parallel(attention.plan.packing_tasks, pack_block, &attention);
    kernels_parallel(attention.plan.tasks, attend_block, &attention);
}
