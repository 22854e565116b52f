#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx512.h"

/// What one row of a panel needs: the place of its first output in the arrays of the epilogue.
struct finished_row {
    const struct matrix_finish *finish;
    ptrdiff_t row;
    ptrdiff_t output;
    ptrdiff_t panel;
};

/// 16 sums of the panel as numbers, with their bias.
AVX512_INLINE __m512 sums_16(const struct finished_row *row, const char *sums, int column, const float *bias, __mmask16 mask) {
    const struct matrix_finish *finish = row->finish;
    __m512 value;
    if (finish->weight->format == KERNELS_INT8) {
        ptrdiff_t place = row->panel * PANEL_OUTPUTS + 16 * column;
        __m512i exact = _mm512_sub_epi32(_mm512_loadu_si512(sums + 64 * column), _mm512_loadu_si512(finish->offsets + place));
        __m512 scale = _mm512_loadu_ps(finish->weight_scales + place);
        value = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(exact), scale), _mm512_set1_ps(finish->x_scales[row->row]));
    } else {
        value = _mm512_loadu_ps(sums + 64 * column);
    }
    return bias ? _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, bias)) : value;
}

AVX512_INLINE __m512 add_residual(const struct finished_row *row, ptrdiff_t output, __m512 value, __mmask16 mask) {
    const struct kernels_epilogue *epilogue = row->finish->epilogue;
    if (epilogue->gate) {
        ptrdiff_t gate = epilogue->gate_row ? epilogue->gate_row[row->row] * epilogue->gate_stride : 0;
        value = _mm512_mul_ps(value, _mm512_maskz_loadu_ps(mask, epilogue->gate + gate + output));
    }
    if (epilogue->residual) {
        ptrdiff_t place = row->row * epilogue->residual_stride + output;
        __m512 residual = row->finish->weight->format == KERNELS_FLOAT32
            ? _mm512_maskz_loadu_ps(mask, (const float *)epilogue->residual + place)
            : float_of_bfloat16_16(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)epilogue->residual + place));
        value = _mm512_add_ps(residual, value);
    }
    return value;
}

AVX512_INLINE void store_16(const struct finished_row *row, ptrdiff_t output, __m512 value, __mmask16 mask) {
    ptrdiff_t place = row->row * row->finish->y_stride + output;
    if (row->finish->weight->format == KERNELS_FLOAT32) {
        _mm512_mask_storeu_ps((float *)row->finish->y + place, mask, value);
    } else {
        _mm256_mask_storeu_epi16((uint16_t *)row->finish->y + place, mask, bfloat16_of_float_16(value));
    }
}

AVX512_INLINE void finish_row(const struct finished_row *row, const char *sums) {
    const struct kernels_weight *weight = row->finish->weight;
    const float *bias = row->finish->epilogue->bias;
    int columns = weight->swiglu ? 2 : 4;
    for (int column = 0; column < columns; column++) {
        ptrdiff_t output = row->output + 16 * column;
        __mmask16 mask = first_lanes(weight->outputs - output);
        if (!mask) {
            break;
        }
        __m512 value = sums_16(row, sums, column, bias ? bias + output : 0, mask);
        if (weight->swiglu) {
            const float *up_bias = bias ? bias + weight->outputs + output : 0;
            value = _mm512_mul_ps(silu_16(value), sums_16(row, sums, column + 2, up_bias, mask));
        }
        store_16(row, output, add_residual(row, output, value, mask), mask);
    }
}

AVX512 void matrix_finish_avx512(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    for (int row = 0; row < block->rows; row++) {
        struct finished_row finished = {
            finish, block->first_row + row, block->panel * panel_width(finish->weight), block->panel};
        finish_row(&finished, (const char *)block->sums + row * block->sums_stride * (ptrdiff_t)sizeof(int32_t));
    }
}

#endif
