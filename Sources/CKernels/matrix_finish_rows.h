// From sums to Y, for whatever instructions the including file is compiled for.
#include "matrix_layout.h"
#include "vector16.h"

/// What a block's rows have in common, known when this is compiled: whether sums are whole numbers, whether X and Y are
/// bfloat16, and whether panels are a gate and an up matrix.
struct finish_kind {
    bool whole, half, swiglu;
};

/// 16 sums of a row, scaled, with the bias from output `bias` on.
INLINE floats scaled_sums(const struct finish_kind kind, const struct matrix_finish *finish,
                          const struct matrix_finish_block *block, int row, ptrdiff_t column, ptrdiff_t bias,
                          int count) {
    const int32_t *sums = (const int32_t *)block->sums + row * block->sums_stride + column;
    floats value;
    if (kind.whole) {
        const ptrdiff_t output = block->panel * PANEL_OUTPUTS + column;
        ints exact, offsets;
        memcpy(&exact, sums, sizeof exact);
        memcpy(&offsets, finish->offsets + output, sizeof offsets);
        value = __builtin_convertvector(exact - offsets, floats) * loaded(finish->weight_scales, output, LANES, false);
        value *= finish->x_scales[block->first_row + row];
    } else {
        value = loaded(sums, 0, LANES, false);
    }
    return finish->epilogue->bias ? value + loaded(finish->epilogue->bias, bias, count, false) : value;
}

INLINE floats with_residual(const struct finish_kind kind, const struct matrix_finish *finish, ptrdiff_t row,
                            ptrdiff_t output, int count, floats value) {
    const struct kernels_epilogue *epilogue = finish->epilogue;
    if (epilogue->gate) {
        const ptrdiff_t gate = epilogue->gate_row ? epilogue->gate_row[row] * epilogue->gate_stride : 0;
        value *= loaded(epilogue->gate, gate + output, count, false);
    }
    if (epilogue->residual) {
        value += loaded(epilogue->residual, row * epilogue->residual_stride + output, count, kind.half);
    }
    return value;
}

INLINE void finish_rows(
    const struct finish_kind kind, const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    const ptrdiff_t outputs = finish->weight->outputs, width = panel_width(finish->weight);
    const ptrdiff_t first = block->panel * width;
    const ptrdiff_t columns = outputs - first < width ? outputs - first : width;
    for (int index = 0; index < block->rows; index++) {
        for (ptrdiff_t column = 0; column < columns; column += LANES) {
            const int count = columns - column < LANES ? (int)(columns - column) : LANES;
            const ptrdiff_t output = first + column, row = block->first_row + index;
            floats value = scaled_sums(kind, finish, block, index, column, output, count);
            if (kind.swiglu) {
                value = silu_of(value)
                    * scaled_sums(kind, finish, block, index, column + width, outputs + output, count);
            }
            value = with_residual(kind, finish, row, output, count, value);
            store(finish->y, row * finish->y_stride + output, count, value, kind.half);
        }
    }
}

static void finish_any(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    const enum kernels_format format = multiplied_format(finish->weight->format);
    const bool swiglu = finish->weight->swiglu;
    if (format == KERNELS_INT8) {
        swiglu ? finish_rows((struct finish_kind){true, true, true}, finish, block)
               : finish_rows((struct finish_kind){true, true, false}, finish, block);
    } else if (format == KERNELS_BFLOAT16) {
        swiglu ? finish_rows((struct finish_kind){false, true, true}, finish, block)
               : finish_rows((struct finish_kind){false, true, false}, finish, block);
    } else {
        swiglu ? finish_rows((struct finish_kind){false, false, true}, finish, block)
               : finish_rows((struct finish_kind){false, false, false}, finish, block);
    }
}
