#include "matrix_layout.h"

#include "bfloat16.h"

#include <math.h>

static float sum_of(const struct matrix_finish *finish, const struct matrix_finish_block *block, int row,
                    ptrdiff_t column) {
    const ptrdiff_t place = row * block->sums_stride + column;
    if (!is_rounded(finish->weight->format)) {
        return ((const float *)block->sums)[place];
    }
    const ptrdiff_t output = block->panel * PANEL_OUTPUTS + column;
    const int32_t exact = ((const int32_t *)block->sums)[place] - finish->offsets[output];
    return (float)exact * finish->weight_scales[output] * finish->x_scales[block->first_row + row];
}

static float with_residual(const struct matrix_finish *finish, ptrdiff_t row, ptrdiff_t output, float value) {
    const struct kernels_epilogue *epilogue = finish->epilogue;
    if (epilogue->gate) {
        ptrdiff_t gate = epilogue->gate_row ? epilogue->gate_row[row] * epilogue->gate_stride : 0;
        value *= epilogue->gate[gate + output];
    }
    if (epilogue->residual) {
        ptrdiff_t place = row * epilogue->residual_stride + output;
        value += finish->weight->format == KERNELS_FLOAT32
            ? ((const float *)epilogue->residual)[place]
            : float_of_bfloat16(((const uint16_t *)epilogue->residual)[place]);
    }
    return value;
}

static void store(const struct matrix_finish *finish, ptrdiff_t row, ptrdiff_t output, float value) {
    const ptrdiff_t place = row * finish->y_stride + output;
    if (finish->weight->format == KERNELS_FLOAT32) {
        ((float *)finish->y)[place] = value;
    } else {
        ((uint16_t *)finish->y)[place] = bfloat16_of_float(value);
    }
}

void matrix_finish_portable(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    const struct kernels_weight *weight = finish->weight;
    const float *bias = finish->epilogue->bias;
    const ptrdiff_t width = panel_width(weight);
    const ptrdiff_t first = block->panel * width;
    const ptrdiff_t left = weight->outputs - first;
    for (int row = 0; row < block->rows; row++) {
        for (ptrdiff_t column = 0; column < (left < width ? left : width); column++) {
            const ptrdiff_t output = first + column;
            float value = sum_of(finish, block, row, column) + (bias ? bias[output] : 0);
            if (weight->swiglu) {
                float up = sum_of(finish, block, row, column + width) + (bias ? bias[weight->outputs + output] : 0);
                value = value / (1 + expf(-value)) * up;
            }
            const ptrdiff_t y_row = block->first_row + row;
            store(finish, y_row, output, with_residual(finish, y_row, output, value));
        }
    }
}
