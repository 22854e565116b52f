#include "matrix_inputs.h"

#include "bfloat16.h"
#include "kernels_parallel.h"
#include "matrix_layout.h"
#include "rotation.h"
#include "scratch.h"

#include <stdatomic.h>

enum { ROWS_A_TASK = 8 };

struct preparation {
    const struct matrix_kernels *kernels;
    const struct kernels_weight *weight;
    ptrdiff_t rows;
    const char *x;
    ptrdiff_t x_stride; // bytes
    struct rotation rotation;
    rotate_row *rotate;
    char *prepared;
    ptrdiff_t row_bytes;
    float *scales;
    atomic_bool failed;
};

static void prepare_row(const struct preparation *preparation, ptrdiff_t row, float *mixed) {
    const ptrdiff_t inputs = preparation->weight->inputs;
    const uint16_t *x = (const uint16_t *)(preparation->x + row * preparation->x_stride);
    void *prepared = preparation->prepared + row * preparation->row_bytes;
    if (!mixed) {
        preparation->scales[row] = preparation->kernels->quantise_row(prepared, x, inputs);
        return;
    }
    const float largest = preparation->rotate(&preparation->rotation, x, true, mixed);
    if (is_rounded(preparation->weight->format)) {
        preparation->scales[row] = preparation->kernels->quantise_floats(prepared, mixed, largest, inputs);
        return;
    }
    for (ptrdiff_t input = 0; input < inputs; input++) {
        ((uint16_t *)prepared)[input] = bfloat16_of_float(mixed[input]);
    }
}

static void prepare_task(void *context, int task, int thread) {
    (void)thread;
    struct preparation *preparation = context;
    float *mixed = 0;
    if (preparation->weight->rotated) {
        // Some even for no inputs, as NULL says that memory is short.
        mixed = scratch(SCRATCH_ROTATED_ROW, (size_t)(preparation->weight->inputs + 1) * sizeof(float));
        if (!mixed) {
            atomic_store(&preparation->failed, true);
            return;
        }
    }
    for (ptrdiff_t row = task * ROWS_A_TASK; row < preparation->rows && row < (task + 1) * ROWS_A_TASK; row++) {
        prepare_row(preparation, row, mixed);
    }
}

bool prepare_inputs(const struct matrix_kernels *kernels, const struct kernels_weight *weight, ptrdiff_t rows,
                    struct matrix_inputs *inputs) {
    const bool bytes = is_rounded(weight->format);
    if (!bytes && !weight->rotated) {
        return true;
    }
    struct preparation preparation = {
        .kernels = kernels, .weight = weight, .rows = rows, .x = inputs->x, .x_stride = inputs->x_stride,
        .rotate = rotate_row_of_path(),
        .row_bytes = ceiling_division(weight->inputs * (bytes ? 1 : 2), 64) * 64,
    };
    preparation.prepared = scratch(SCRATCH_ROWS, (size_t)(rows * (preparation.row_bytes + (ptrdiff_t)sizeof(float))));
    if (!preparation.prepared) {
        return false;
    }
    preparation.scales = (float *)(preparation.prepared + rows * preparation.row_bytes);
    if (weight->rotated) {
        prepare_rotation(&preparation.rotation, weight->inputs);
    }
    kernels_parallel((int)ceiling_division(rows, ROWS_A_TASK), prepare_task, &preparation);
    *inputs = (struct matrix_inputs){preparation.prepared, preparation.row_bytes, preparation.scales};
    return !atomic_load(&preparation.failed);
}
