#include "matrix_few.h"

#include "kernels_parallel.h"
#include "matrix_layout.h"

struct few {
    const struct matrix_kernels *kernels;
    const struct matrix_finish *finish;
    const struct matrix_inputs *inputs;
    int rows, threads;
};

bool are_few(const struct matrix_kernels *kernels, const struct kernels_weight *weight, ptrdiff_t rows) {
    if (rows > FEW_ROWS || panel_steps(weight) == 0) {
        return false;
    }
    switch (weight->format) {
    case KERNELS_INT4:
        return kernels->int4_tile != NULL;
    case KERNELS_COMPACT_BFLOAT16:
        return kernels->compact_tile != NULL;
    default:
        return false;
    }
}

static void multiply_int4(const struct few *few, ptrdiff_t panel, int32_t *sums) {
    const struct kernels_weight *weight = few->finish->weight;
    few->kernels->int4_tile(&(struct matrix_int4_tile){
        .x = few->inputs->x,
        .x_stride = few->inputs->x_stride,
        .panel = panel_step(weight, panel, 0),
        .groups = weight->inputs / weight->group,
        .group_steps = int4_group_steps(weight),
        .offsets = few->finish->offsets + panel * PANEL_OUTPUTS,
        .rows = few->rows,
        .sums = sums,
        .past_caches = reads_past_caches(),
    });
}

static void multiply_compact(const struct few *few, ptrdiff_t panel, float *sums) {
    const struct kernels_weight *weight = few->finish->weight;
    few->kernels->compact_tile(&(struct matrix_compact_tile){
        .x = few->inputs->x,
        .x_stride = few->inputs->x_stride,
        .panel = (const struct compact_panel *)panel_start(weight, panel),
        .steps = panel_step(weight, panel, 0),
        .count = panel_steps(weight),
        .half_step = weight->inputs % 2 == 1,
        .rows = few->rows,
        .sums = sums,
        .past_caches = reads_past_caches(),
    });
}

static void multiply_panel(const struct few *few, ptrdiff_t panel) {
    _Alignas(64) union {
        int32_t whole[FEW_ROWS * PANEL_OUTPUTS];
        float real[FEW_ROWS * PANEL_OUTPUTS];
    } sums;
    if (few->finish->weight->format == KERNELS_INT4) {
        multiply_int4(few, panel, sums.whole);
    } else {
        multiply_compact(few, panel, sums.real);
    }
    const struct matrix_finish_block finished = {panel, 0, few->rows, &sums, PANEL_OUTPUTS};
    few->kernels->finish(few->finish, &finished);
}

static void multiply_task(void *context, int task, int thread) {
    (void)thread;
    const struct few *few = context;
    const struct stretch panels = stretch_of(panel_count(few->finish->weight), few->threads, task);
    for (ptrdiff_t panel = 0; panel < panels.count; panel++) {
        multiply_panel(few, panels.first + panel);
    }
}

void multiply_few(const struct matrix_kernels *kernels, const struct matrix_finish *finish,
                  const struct matrix_inputs *inputs, ptrdiff_t rows) {
    struct few few = {kernels, finish, inputs, (int)rows, kernels_threads()};
    kernels_parallel((int)stretch_count(panel_count(finish->weight), few.threads), multiply_task, &few);
}
