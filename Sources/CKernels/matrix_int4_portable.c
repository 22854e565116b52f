#include "matrix_layout.h"

#include "bfloat16.h"

/// sums[64] += what one input of a step gives. `half` is 0 or 1.
static void add_input(float *sums, float x, const uint16_t *words, int half) {
    for (int output = 0; output < PANEL_OUTPUTS; output++) {
        const int weight = (words[2 * (output % 16) + half] >> (output / 16 * 4) & 15) - 8;
        sums[output] += x * (float)weight;
    }
}

static void add_group(float *sums, const uint16_t *x, const char *group, ptrdiff_t inputs) {
    float of_group[PANEL_OUTPUTS] = {0};
    for (ptrdiff_t input = 0; input < inputs; input++) {
        const char *step = group + INT4_SCALE_BYTES + input / 2 * INT4_STEP_BYTES;
        add_input(of_group, float_of_bfloat16(x[input]), (const uint16_t *)step, input % 2);
    }
    for (int output = 0; output < PANEL_OUTPUTS; output++) {
        sums[output] += of_group[output] * float_of_bfloat16(((const uint16_t *)group)[output]);
    }
}

void matrix_int4_tile_portable(const struct matrix_int4_tile *tile) {
    for (int row = 0; row < tile->rows; row++) {
        float *sums = tile->sums + row * PANEL_OUTPUTS;
        memset(sums, 0, PANEL_STEP_BYTES);
        const uint16_t *x = (const uint16_t *)(tile->x + row * tile->x_stride);
        for (ptrdiff_t group = 0; group < tile->groups; group++) {
            const char *weights = tile->panel + group * int4_group_bytes(tile->group);
            add_group(sums, x + group * tile->group, weights, tile->group);
        }
    }
}
