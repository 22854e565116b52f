#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx512.h"

/// What makes sums of 16 outputs of a panel into numbers.
struct scaling {
    __m512i offset;
    __m512 scale;
    __m512 bias;
};

AVX512_INLINE struct scaling scaling_of(
    enum kernels_format format, const struct matrix_finish *finish, ptrdiff_t place, const float *bias,
    __mmask16 mask) {
    struct scaling scaling = {0};
    if (format == KERNELS_INT8) {
        scaling.offset = _mm512_loadu_si512(finish->offsets + place);
        scaling.scale = _mm512_loadu_ps(finish->weight_scales + place);
    }
    // Adding -0 changes nothing.
    scaling.bias = bias ? _mm512_maskz_loadu_ps(mask, bias) : _mm512_set1_ps(-0.0f);
    return scaling;
}

AVX512_INLINE __m512 scaled(
    enum kernels_format format, const struct scaling *scaling, const void *sums, __m512 x_scale) {
    __m512 value = _mm512_loadu_ps(sums);
    if (format == KERNELS_INT8) {
        value = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_castps_si512(value), scaling->offset));
        value = _mm512_mul_ps(_mm512_mul_ps(value, scaling->scale), x_scale);
    }
    return _mm512_add_ps(value, scaling->bias);
}

AVX512_INLINE __m512 load_16(enum kernels_format format, const void *values, ptrdiff_t place, __mmask16 mask) {
    return format == KERNELS_FLOAT32
        ? _mm512_maskz_loadu_ps(mask, (const float *)values + place)
        : float_of_bfloat16_16(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)values + place));
}

/// Two columns, which in bfloat16 are a line of the cache.
AVX512_INLINE void store_32(
    enum kernels_format format, void *values, ptrdiff_t place, const __m512 *columns, const __mmask16 *masks) {
    if (format == KERNELS_FLOAT32) {
        _mm512_mask_storeu_ps((float *)values + place, masks[0], columns[0]);
        _mm512_mask_storeu_ps((float *)values + place + 16, masks[1], columns[1]);
    } else {
        const __m512i line = _mm512_inserti64x4(
            _mm512_castsi256_si512(bfloat16_of_float_16(columns[0])), bfloat16_of_float_16(columns[1]), 1);
        _mm512_mask_storeu_epi16((uint16_t *)values + place, (__mmask32)masks[1] << 16 | masks[0], line);
    }
}

enum { COLUMNS = PANEL_OUTPUTS / 16 };

/// Of Y, in a panel.
AVX512_INLINE int column_count(const bool swiglu) { return swiglu ? COLUMNS / 2 : COLUMNS; }

/// What the rows of a block have in common: columns of 16 outputs each.
struct columns {
    struct scaling scaling[COLUMNS], up_scaling[COLUMNS / 2];
    __m512 gate[COLUMNS];
    __mmask16 masks[COLUMNS];
};

/// A column of a row of Y.
AVX512_INLINE __m512 finished(
    enum kernels_format format, const bool swiglu, const struct matrix_finish *finish, const struct columns *columns,
    int column, const float *sums, ptrdiff_t row, ptrdiff_t output) {
    const struct kernels_epilogue *epilogue = finish->epilogue;
    const __mmask16 mask = columns->masks[column];
    const __m512 x_scale = format == KERNELS_INT8 ? _mm512_set1_ps(finish->x_scales[row]) : _mm512_setzero_ps();
    __m512 gate = columns->gate[column];
    __m512 value = scaled(format, &columns->scaling[column], sums, x_scale);
    if (swiglu) {
        value = _mm512_mul_ps(silu_16(value), scaled(format, &columns->up_scaling[column], sums + 32, x_scale));
    }
    if (epilogue->gate && epilogue->gate_row) {
        const ptrdiff_t gate_row = epilogue->gate_row[row] * epilogue->gate_stride;
        gate = _mm512_maskz_loadu_ps(mask, epilogue->gate + gate_row + output);
    }
    value = _mm512_mul_ps(value, gate);
    if (epilogue->residual) {
        const ptrdiff_t residual = row * epilogue->residual_stride + output;
        value = _mm512_add_ps(load_16(format, epilogue->residual, residual, mask), value);
    }
    return value;
}

AVX512_INLINE struct columns columns_of(
    enum kernels_format format, const bool swiglu, const struct matrix_finish *finish,
    const struct matrix_finish_block *block) {
    const ptrdiff_t outputs = finish->weight->outputs, first = block->panel * panel_width(finish->weight);
    const float *bias = finish->epilogue->bias, *gate = finish->epilogue->gate;
    struct columns columns;
    UNROLLED for (int column = 0; column < column_count(swiglu); column++) {
        const ptrdiff_t place = block->panel * PANEL_OUTPUTS + 16 * column, output = first + 16 * column;
        const __mmask16 mask = columns.masks[column] = first_lanes(outputs - output);
        columns.scaling[column] = scaling_of(format, finish, place, bias ? bias + output : 0, mask);
        if (swiglu) {
            columns.up_scaling[column] =
                scaling_of(format, finish, place + 32, bias ? bias + outputs + output : 0, mask);
        }
        columns.gate[column] = gate ? _mm512_maskz_loadu_ps(mask, gate + output) : _mm512_set1_ps(1);
    }
    return columns;
}

/// Row by row, as lines of Y that are far from each other may push each other out of the first cache.
AVX512_INLINE void finish_block(
    enum kernels_format format, const bool swiglu, const struct matrix_finish *finish,
    const struct matrix_finish_block *block) {
    const struct columns columns = columns_of(format, swiglu, finish, block);
    const ptrdiff_t first = block->panel * panel_width(finish->weight);
    for (ptrdiff_t index = 0; index < block->rows; index++) {
        const ptrdiff_t row = block->first_row + index;
        const float *sums = (const float *)block->sums + index * block->sums_stride;
        __m512 values[COLUMNS];
        UNROLLED for (int column = 0; column < column_count(swiglu); column++) {
            values[column] = finished(
                format, swiglu, finish, &columns, column, sums + 16 * column, row, first + 16 * column);
        }
        UNROLLED for (int column = 0; column < column_count(swiglu); column += 2) {
            store_32(
                format, finish->y, row * finish->y_stride + first + 16 * column, values + column,
                columns.masks + column);
        }
    }
}

AVX512_INLINE void finish_format(
    enum kernels_format format, const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    if (finish->weight->swiglu) {
        finish_block(format, true, finish, block);
    } else {
        finish_block(format, false, finish, block);
    }
}

AVX512 void matrix_finish_avx512(const struct matrix_finish *finish, const struct matrix_finish_block *block) {
    switch (finish->weight->format) {
    case KERNELS_FLOAT32:
        finish_format(KERNELS_FLOAT32, finish, block);
        break;
    case KERNELS_INT8:
    case KERNELS_INT4:
        finish_format(KERNELS_INT8, finish, block);
        break;
    default:
        finish_format(KERNELS_BFLOAT16, finish, block);
    }
}

#endif
