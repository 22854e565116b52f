#include "elementwise.h"

#include "kernels_elementwise.h"
#include "kernels_parallel.h"
#include "kernels_path.h"

const struct elementwise *elementwise_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return &elementwise_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return &elementwise_avx2;
    }
#endif
    return &elementwise_portable;
}

static const void *moved(const void *elements, ptrdiff_t count, bool half) {
    return elements ? (const char *)elements + count * (half ? 2 : 4) : NULL;
}

/// Rows of a task, so that it is worth its start: some 32 K numbers.
static int rows_of_task(int columns) {
    int rows = 32768 / (columns > 0 ? columns : 1);
    return rows < 1 ? 1 : rows;
}

static int tasks_of(int rows, int rows_of_task) { return (rows + rows_of_task - 1) / rows_of_task; }

// Norms

typedef struct {
    struct norm_rows all;
    const struct kernels_norm *sizes;
    const struct elementwise *kernels;
} Norm;

static int range_count(const struct kernels_norm *sizes) { return sizes->ranges > 0 ? sizes->ranges : 1; }

static int range_length(const struct kernels_norm *sizes, int range) {
    return sizes->ranges > 0 ? sizes->range_lengths[range] : sizes->rows;
}

static void norm_task(void *context, int task, int thread) {
    (void)thread;
    const Norm *norm = context;
    const struct kernels_norm *sizes = norm->sizes;
    int range = 0, row = 0;
    while (task >= tasks_of(range_length(sizes, range), MAXIMAL_NORM_ROWS)) {
        task -= tasks_of(range_length(sizes, range), MAXIMAL_NORM_ROWS);
        row += range_length(sizes, range++);
    }
    int skipped = task * MAXIMAL_NORM_ROWS;
    int left = range_length(sizes, range) - skipped;
    ptrdiff_t table = sizes->ranges > 0 ? sizes->table_rows[range] * sizes->table_stride : 0;
    struct norm_rows rows = norm->all;
    row += skipped;
    rows.rows = left < MAXIMAL_NORM_ROWS ? left : MAXIMAL_NORM_ROWS;
    rows.input = moved(rows.input, row * sizes->input_stride, rows.half);
    rows.residual = moved(rows.residual, row * sizes->residual_stride, rows.half);
    rows.output = (void *)moved(rows.output, row * sizes->output_stride, rows.half);
    rows.scale = moved(rows.scale, table, rows.half);
    rows.gate = moved(rows.gate, table, rows.half);
    norm->kernels->norm(&rows);
}

static void norm(
    const struct kernels_norm *sizes, bool half, const void *x, const void *weight, const void *scale, const void *gate,
    const void *residual, void *output) {
    Norm norm = {
        .all = {half, 0, sizes->columns, sizes->epsilon, x, weight, scale, gate, residual, output, sizes->input_stride,
                sizes->residual_stride, sizes->output_stride},
        .sizes = sizes,
        .kernels = elementwise_of_path(),
    };
    int tasks = 0;
    for (int range = 0; range < range_count(sizes); range++) {
        tasks += tasks_of(range_length(sizes, range), MAXIMAL_NORM_ROWS);
    }
    kernels_parallel(tasks, norm_task, &norm);
}

void kernels_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *x, const uint16_t *weight, uint16_t *output) {
    norm(sizes, true, x, weight, NULL, NULL, NULL, output);
}

void kernels_rms_norm_float32(const struct kernels_norm *sizes, const float *x, const float *weight, float *output) {
    norm(sizes, false, x, weight, NULL, NULL, NULL, output);
}

void kernels_modulated_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *x, const uint16_t *weight, const uint16_t *scale,
    uint16_t *output) {
    norm(sizes, true, x, weight, scale, NULL, NULL, output);
}

void kernels_modulated_rms_norm_float32(
    const struct kernels_norm *sizes, const float *x, const float *weight, const float *scale, float *output) {
    norm(sizes, false, x, weight, scale, NULL, NULL, output);
}

void kernels_gated_rms_norm_bfloat16(
    const struct kernels_norm *sizes, const uint16_t *residual, const uint16_t *gate, const uint16_t *x,
    const uint16_t *weight, uint16_t *output) {
    norm(sizes, true, x, weight, NULL, gate, residual, output);
}

void kernels_gated_rms_norm_float32(
    const struct kernels_norm *sizes, const float *residual, const float *gate, const float *x, const float *weight,
    float *output) {
    norm(sizes, false, x, weight, NULL, gate, residual, output);
}

// Rotary positions

typedef struct {
    struct rotary_rows all;
    int task_rows;
    const struct elementwise *kernels;
} Rotary;

static void rotary_task(void *context, int task, int thread) {
    (void)thread;
    const Rotary *rotary = context;
    struct rotary_rows rows = rotary->all;
    ptrdiff_t row = (ptrdiff_t)task * rotary->task_rows;
    int left = rows.rows - (int)row;
    rows.rows = left < rotary->task_rows ? left : rotary->task_rows;
    rows.input = moved(rows.input, row * rows.input_stride, rows.half);
    rows.output = (void *)moved(rows.output, row * rows.output_stride, rows.half);
    rows.cosine += row * rows.table_stride;
    rows.sine += row * rows.table_stride;
    rotary->kernels->rotary(&rows);
}

static void rotate(
    const struct kernels_rotary *sizes, bool half, bool interleaved, const void *x, const void *weight,
    const float *cosine, const float *sine, void *output) {
    Rotary rotary = {
        .all = {half, interleaved, sizes->tokens, sizes->heads, sizes->head_size, weight, sizes->epsilon, x, output,
                cosine, sine, sizes->input_stride, sizes->output_stride, sizes->table_stride},
        .task_rows = rows_of_task(sizes->heads * sizes->head_size),
        .kernels = elementwise_of_path(),
    };
    kernels_parallel(tasks_of(sizes->tokens, rotary.task_rows), rotary_task, &rotary);
}

void kernels_rotate_pairs_bfloat16(
    const struct kernels_rotary *sizes, const uint16_t *x, const uint16_t *weight, const float *cosine,
    const float *sine, uint16_t *output) {
    rotate(sizes, true, true, x, weight, cosine, sine, output);
}

void kernels_rotate_pairs_float32(
    const struct kernels_rotary *sizes, const float *x, const float *weight, const float *cosine, const float *sine,
    float *output) {
    rotate(sizes, false, true, x, weight, cosine, sine, output);
}

void kernels_rotate_halves_bfloat16(
    const struct kernels_rotary *sizes, const uint16_t *x, const uint16_t *weight, const float *cosine,
    const float *sine, uint16_t *output) {
    rotate(sizes, true, false, x, weight, cosine, sine, output);
}

void kernels_rotate_halves_float32(
    const struct kernels_rotary *sizes, const float *x, const float *weight, const float *cosine, const float *sine,
    float *output) {
    rotate(sizes, false, false, x, weight, cosine, sine, output);
}
