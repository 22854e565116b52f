#if defined(__x86_64__)
#include "attention_bfloat16_amx.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "amx.h"
#include "attention_bfloat16.h"

// A task takes two groups of 32 rows through all blocks of keys. Scores and outputs are made of tiles, four at a time;
// while those of one group are made, the scores of the other become weights, a row at a time: the machine does both at
// once. Weights are as in attention_bfloat16_avx512.c.

enum { GROUPS = 2, GROUP_TILES = 2, GROUP_ROWS = GROUP_TILES * AMX_ROWS };

static const struct attention_grain tile_grain = {AMX_ROWS, GROUPS * GROUP_ROWS, 2, 32, 0};

/// How far, as a power of two, a weight may rise above 1 before its row's reference moves.
static const float headroom = 8;

typedef uint16_t BFloat16Tile[AMX_ROWS][32];
typedef float FloatTile[AMX_ROWS][16];

/// 32 rows, in tiles.
typedef struct {
    _Alignas(64) BFloat16Tile query[GROUP_TILES][MAXIMAL_HEAD / 32];
    FloatTile score[GROUP_TILES][BLOCK_UNITS];
    BFloat16Tile weight[GROUP_TILES][BLOCK_UNITS / 2];
    FloatTile output[GROUP_TILES][MAXIMAL_HEAD / UNIT];
    _Alignas(64) float sum[GROUP_ROWS][16];
    float reference[GROUP_ROWS];
    /// The score above which the reference moves.
    float limit[GROUP_ROWS];
    /// The first row's place among the queries, and how many there are; none of an empty group.
    int first, count;
    /// Blocks of keys that a row sees some of.
    int blocks;
} Group;

typedef struct {
    const Attention *attention;
    const struct attention_sequence *sequence;
    int head, key_head;
    Group *groups;
} Task;

/// Keys of a group's block that are seen by any of its rows, in units, two by two; and where the block begins.
typedef struct {
    int first_key, units;
    const uint16_t *keys, *values;
    /// Units of the whole block.
    int block_units;
} Seen;

/// How many keys of the sequence a row of a group sees.
static int visible_keys(const Task *task, const Group *group, int row) {
    const struct attention_sequence *sequence = task->sequence;
    int place = group->first + (row < group->count ? row : group->count - 1);
    return task->attention->plan.sizes->causal ? sequence->keys - sequence->queries + place + 1 : sequence->keys;
}

static Seen seen_of(const Task *task, const Group *group, int block) {
    struct attention_task place = {task->sequence, task->head, block};
    int unit = first_unit(task->sequence, block);
    Seen seen = {
        .first_key = unit * UNIT,
        .keys = packed_keys(task->attention, place, task->key_head),
        .values = packed_values(task->attention, place, task->key_head),
        .block_units = first_unit(task->sequence, block + 1) - unit,
    };
    int visible = visible_keys(task, group, GROUP_ROWS - 1) - seen.first_key;
    int units = (visible + 2 * UNIT - 1) / (2 * UNIT) * 2;
    seen.units = units < seen.block_units ? units : seen.block_units;
    return seen;
}

// --- Tiles: a stage is work on a group in steps of up to four products.

typedef struct {
    /// The tiles of the first factor, and how many of them a sum takes.
    const char *rows;
    ptrdiff_t rows_stride;
    int depth;
    /// Units of 16 columns of the second factor, from one to the next, and how many there are.
    const uint16_t *columns;
    ptrdiff_t columns_stride;
    int units;
    /// The sums, from one tile of rows to the next, and whether they go on.
    char *sums;
    ptrdiff_t sums_stride;
    bool add;
    /// The step that is next.
    int unit, place;
} Stage;

static int steps_of(const Stage *stage) { return (stage->units + 1) / 2 * stage->depth; }

/// scores = query keys^T
static Stage scoring(const Task *task, Group *group, int block) {
    if (block >= group->blocks) {
        return (Stage){0};
    }
    const struct attention_plan *plan = &task->attention->plan;
    Seen seen = seen_of(task, group, block);
    return (Stage){
        .rows = (const char *)group->query,
        .rows_stride = sizeof(group->query[0]),
        .depth = plan->key_size / 32,
        .columns = seen.keys,
        .columns_stride = UNIT * plan->key_size,
        .units = seen.units,
        .sums = (char *)group->score,
        .sums_stride = sizeof(group->score[0]),
    };
}

/// outputs += weights values
static Stage adding(const Task *task, Group *group, int block) {
    if (block < 0 || block >= group->blocks) {
        return (Stage){0};
    }
    const struct attention_plan *plan = &task->attention->plan;
    Seen seen = seen_of(task, group, block);
    return (Stage){
        .rows = (const char *)group->weight,
        .rows_stride = sizeof(group->weight[0]),
        .depth = seen.units / 2,
        .columns = seen.values,
        .columns_stride = seen.block_units * UNIT * UNIT,
        .units = plan->value_size / UNIT,
        .sums = (char *)group->output,
        .sums_stride = sizeof(group->output[0]),
        .add = block > 0,
    };
}

AMX_INLINE void start_sums(const char *sums, ptrdiff_t stride, bool add, bool both) {
    if (!add) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        return;
    }
    _tile_loadd(0, sums, AMX_ROW_BYTES);
    _tile_loadd(2, sums + stride, AMX_ROW_BYTES);
    if (both) {
        _tile_loadd(1, sums + AMX_BYTES, AMX_ROW_BYTES);
        _tile_loadd(3, sums + stride + AMX_BYTES, AMX_ROW_BYTES);
    }
}

AMX_INLINE void store_sums(char *sums, ptrdiff_t stride, bool both) {
    _tile_stored(0, sums, AMX_ROW_BYTES);
    _tile_stored(2, sums + stride, AMX_ROW_BYTES);
    if (both) {
        _tile_stored(1, sums + AMX_BYTES, AMX_ROW_BYTES);
        _tile_stored(3, sums + stride + AMX_BYTES, AMX_ROW_BYTES);
    }
}

/// Has the columns of the next step come to the first cache. Where a core's other thread is at work, what is loaded from
/// the second holds up the products.
AMX_INLINE void read_next_step_ahead(const Stage *stage) {
    const bool last = stage->place + 1 == stage->depth;
    const uint16_t *columns = stage->columns + (stage->unit + (last ? 2 : 0)) * stage->columns_stride +
                              (last ? 0 : stage->place + 1) * (AMX_BYTES / 2);
    UNROLLED for (int line = 0; line < AMX_ROWS; line++) {
        _mm_prefetch((const char *)columns + line * AMX_ROW_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)(columns + stage->columns_stride) + line * AMX_ROW_BYTES, _MM_HINT_T0);
    }
}

/// Two tiles of rows against a tile of two units each, or of the last one.
AMX_INLINE void step(Stage *stage) {
    const bool both = stage->unit + 1 < stage->units;
    char *sums = stage->sums + stage->unit * AMX_BYTES;
    const char *rows = stage->rows + stage->place * AMX_BYTES;
    const uint16_t *columns = stage->columns + stage->unit * stage->columns_stride + stage->place * (AMX_BYTES / 2);
    if (stage->place == 0) {
        start_sums(sums, stage->sums_stride, stage->add, both);
    }
    _tile_loadd(4, rows, AMX_ROW_BYTES);
    _tile_loadd(6, columns, AMX_ROW_BYTES);
    _tile_loadd(5, rows + stage->rows_stride, AMX_ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(2, 5, 6);
    read_next_step_ahead(stage);
    if (both) {
        _tile_loadd(7, columns + stage->columns_stride, AMX_ROW_BYTES);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
    }
    if (++stage->place == stage->depth) {
        store_sums(sums, stage->sums_stride, both);
        stage->place = 0;
        stage->unit += 2;
    }
}

AMX static void steps(Stage *stage, int count) {
    for (int index = 0; index < count; index++) {
        step(stage);
    }
}

// --- Rows: scores become weights.

/// Moves the row's reference to its largest new score.
AMX static __attribute__((noinline, cold)) void move_reference(
    Group *group, int row, __m512 largest, float slope, int value_units) {
    float top = _mm512_reduce_max_ps(largest);
    float change = (group->reference[row] - top) * slope;
    bool first = group->limit[row] == -INFINITY;
    group->reference[row] = top;
    group->limit[row] = top + headroom / slope;
    if (first) {
        return;  // nothing has weighed anything yet
    }
    __m512 factors = _mm512_set1_ps(exp2f(change));
    _mm512_store_ps(group->sum[row], _mm512_mul_ps(_mm512_load_ps(group->sum[row]), factors));
    for (int unit = 0; unit < value_units; unit++) {
        float *output = group->output[row / AMX_ROWS][unit][row % AMX_ROWS];
        _mm512_store_ps(output, _mm512_mul_ps(_mm512_load_ps(output), factors));
    }
}

/// The largest of a row's scores in each lane; masked ones count as -infinity.
AMX_INLINE __m512 largest_scores(FloatTile *score, int row, int units, int visible, bool masked) {
    __m512 largest[2] = {_mm512_set1_ps(-INFINITY), _mm512_set1_ps(-INFINITY)};
    for (int unit = 0; unit < units; unit += 2) {
        UNROLLED for (int i = 0; i < 2; i++) {
            __mmask16 mask = masked ? first_lanes(visible - UNIT * (unit + i)) : 0xffff;
            __m512 scores = _mm512_load_ps(score[unit + i][row]);
            largest[i] = masked ? _mm512_mask_max_ps(largest[i], mask, scores, largest[i])
                                : _mm512_max_ps(scores, largest[i]);
        }
    }
    return _mm512_max_ps(largest[0], largest[1]);
}

/// Makes a row's scores weights, stores them as bfloat16 and adds them, as they were rounded, to the row's sum.
AMX_INLINE void weigh_row(Group *group, int row, int units, int visible, bool masked, float slope, int value_units) {
    FloatTile *score = group->score[row / AMX_ROWS];
    BFloat16Tile *weight = group->weight[row / AMX_ROWS];
    const int line = row % AMX_ROWS;
    __m512 largest = largest_scores(score, line, units, visible, masked);
    if (__builtin_expect(_mm512_cmp_ps_mask(largest, _mm512_set1_ps(group->limit[row]), _CMP_GT_OQ) != 0, 0)) {
        move_reference(group, row, largest, slope, value_units);
    }
    const __m512 slopes = _mm512_set1_ps(slope), reference = _mm512_set1_ps(group->reference[row]);
    const __m512bh ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
    __m512 sum = _mm512_load_ps(group->sum[row]);
    for (int unit = 0; unit < units; unit += 2) {
        __m512 pair[2];
        UNROLLED for (int i = 0; i < 2; i++) {
            __m512 above = _mm512_sub_ps(_mm512_load_ps(score[unit + i][line]), reference);
            pair[i] = coarse_exp2(_mm512_mul_ps(above, slopes));
            if (masked) {
                pair[i] = _mm512_maskz_mov_ps(first_lanes(visible - UNIT * (unit + i)), pair[i]);
            }
        }
        __m512bh rounded = _mm512_cvtne2ps_pbh(pair[1], pair[0]);
        sum = _mm512_dpbf16_ps(sum, rounded, ones);
        _mm512_store_si512(weight[unit / 2][line], (__m512i)rounded);
    }
    _mm512_store_ps(group->sum[row], sum);
}

/// Weighs a group's block, if it has one, while two stages are gone through.
AMX static void weigh_group(const Task *task, Group *group, int block, Stage first, Stage second) {
    const int first_steps = steps_of(&first), all = first_steps + steps_of(&second);
    const bool weighs = block < group->blocks;
    const float slope = task->attention->slope;
    const int value_units = task->attention->plan.value_size / UNIT;
    const Seen seen = weighs ? seen_of(task, group, block) : (Seen){0};
    int done = 0;
    for (int row = 0; row < GROUP_ROWS; row++) {
        for (int end = all * (row + 1) / GROUP_ROWS; done < end; done++) {
            step(done < first_steps ? &first : &second);
        }
        if (weighs) {
            const int visible = visible_keys(task, group, row) - seen.first_key;
            if (visible >= seen.units * UNIT) {
                weigh_row(group, row, seen.units, visible, false, slope, value_units);
            } else {
                weigh_row(group, row, seen.units, visible, true, slope, value_units);
            }
        }
    }
}

// --- Tasks

/// Copies the rows of a group. Rows and numbers that are missing are zero.
AMX static void start_group(const Task *task, Group *group, int first, int count) {
    const struct kernels_attention *sizes = task->attention->plan.sizes;
    const uint16_t *query = task->attention->query +
                            ((ptrdiff_t)task->sequence->query_start + first) * sizes->query_stride +
                            task->head * sizes->query_head_stride;
    const __m512i sign = _mm512_set1_epi16((short)task->attention->query_sign);
    group->first = first;
    group->count = count;
    group->blocks = 0;
    if (count <= 0) {
        return;
    }
    while (group->blocks < task->sequence->key_blocks && seen_of(task, group, group->blocks).units > 0) {
        group->blocks++;
    }
    fetch_rows(query, count, sizes->head_size, sizes->query_stride, false);
    for (int row = 0; row < GROUP_ROWS; row++, query += sizes->query_stride) {
        for (int i = 0; i < sizes->head_size; i += 32) {
            int left = row < count ? sizes->head_size - i : 0;
            __mmask32 mask = left >= 32 ? 0xffffffff : (1u << left) - 1;
            __m512i numbers = _mm512_maskz_loadu_epi16(mask, mask ? query + i : NULL);
            _mm512_store_si512(
                group->query[row / AMX_ROWS][i / 32][row % AMX_ROWS],
                _mm512_maskz_mov_epi16(mask, _mm512_xor_si512(numbers, sign)));
        }
        // Finite, so that scores of -infinity before all others weigh nothing.
        group->reference[row] = -FLT_MAX;
        group->limit[row] = -INFINITY;
    }
    memset(group->sum, 0, sizeof(group->sum));
}

AMX static void write_group(const Task *task, const Group *group) {
    const struct kernels_attention *sizes = task->attention->plan.sizes;
    const ptrdiff_t stride = (ptrdiff_t)sizes->heads * sizes->head_size;
    uint16_t *output = task->attention->output + ((ptrdiff_t)task->sequence->query_start + group->first) * stride +
                       (ptrdiff_t)task->head * sizes->head_size;
    fetch_rows(output, group->count, sizes->head_size, stride, true);
    for (int row = 0; row < group->count; row++, output += stride) {
        __m512 total = _mm512_set1_ps(_mm512_reduce_add_ps(_mm512_load_ps(group->sum[row])));
        for (int column = 0; column < sizes->head_size; column += UNIT) {
            const float *sum = group->output[row / AMX_ROWS][column / UNIT][row % AMX_ROWS];
            __m256i rounded = bfloat16_of_float_16(_mm512_div_ps(_mm512_load_ps(sum), total));
            _mm256_mask_storeu_epi16(output + column, first_lanes(sizes->head_size - column), rounded);
        }
    }
}

AMX static void attend_groups(const Task *task) {
    Group *even = &task->groups[0], *odd = &task->groups[1];
    const int blocks = even->blocks > odd->blocks ? even->blocks : odd->blocks;
    Stage first_scores = scoring(task, even, 0);
    steps(&first_scores, steps_of(&first_scores));
    for (int block = 0; block < blocks; block++) {
        weigh_group(task, even, block, adding(task, odd, block - 1), scoring(task, odd, block));
        weigh_group(task, odd, block, adding(task, even, block), scoring(task, even, block + 1));
    }
    Stage last_outputs = adding(task, odd, blocks - 1);
    steps(&last_outputs, steps_of(&last_outputs));
}

AMX static void attend_block(void *context, int index, int thread) {
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task place = query_task(&attention->plan, index);
    const Task task = {
        .attention = attention,
        .sequence = place.sequence,
        .head = place.head,
        .key_head = place.head / (sizes->heads / sizes->key_heads),
        .groups = memory_of_thread(&attention->plan, thread, GROUPS * sizeof(Group)),
    };
    const struct attention_queries queries = queries_of(place);
    for (int group = 0; group < GROUPS; group++) {
        int rows = queries.count - group * GROUP_ROWS;
        start_group(&task, &task.groups[group], queries.first + group * GROUP_ROWS, rows < GROUP_ROWS ? rows : GROUP_ROWS);
    }
    configure_tiles(AMX_ROWS);
    attend_groups(&task);
    _tile_release();
    for (int group = 0; group < GROUPS; group++) {
        write_group(&task, &task.groups[group]);
    }
}

size_t attention_bfloat16_amx_scratch(const struct kernels_attention *sizes) {
    return attention_plan_size(sizes, tile_grain, sizeof(uint16_t), GROUPS * sizeof(Group));
}

void attention_bfloat16_amx(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    attend(plan_attention(sizes, tile_grain, scratch, sizeof(uint16_t)), query, key, value, output, attend_block);
}
#endif
