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

AVX512_INLINE void store_16(enum kernels_format format, void *values, ptrdiff_t place, __m512 value, __mmask16 mask) {
    if (format == KERNELS_FLOAT32) {
        _mm512_mask_storeu_ps((float *)values + place, mask, value);
    } else {
        _mm256_mask_storeu_epi16((uint16_t *)values + place, mask, bfloat16_of_float_16(value));
    }
}

/// 16 outputs of all rows of the block, all that does not depend on the row being read once.
AVX512_INLINE void finish_column(
    enum kernels_format format, const bool swiglu, const struct matrix_finish *finish,
    const struct matrix_finish_block *block, int column) {
    const struct kernels_weight *weight = finish->weight;
    const struct kernels_epilogue *epilogue = finish->epilogue;
    const float *bias = epilogue->bias;
    const ptrdiff_t place = block->panel * PANEL_OUTPUTS + 16 * column;
    const ptrdiff_t output = block->panel * panel_width(weight) + 16 * column;
    const __mmask16 mask = first_lanes(weight->outputs - output);
    struct scaling scaling = scaling_of(format, finish, place, bias ? bias + output : 0, mask), up_scaling;
    if (swiglu) {
        up_scaling = scaling_of(format, finish, place + 32, bias ? bias + weight->outputs + output : 0, mask);
    }
    __m512 gate = epilogue->gate ? _mm512_maskz_loadu_ps(mask, epilogue->gate + output) : _mm512_set1_ps(1);
    for (ptrdiff_t row = 0; row < block->rows; row++) {
        const ptrdiff_t y_row = block->first_row + row;
        const float *sums = (const float *)block->sums + row * block->sums_stride + 16 * column;
        __m512 x_scale = format == KERNELS_INT8 ? _mm512_set1_ps(finish->x_scales[y_row]) : _mm512_setzero_ps();
        __m512 value = scaled(format, &scaling, sums, x_scale);
        if (swiglu) {
            value = _mm512_mul_ps(silu_16(value), scaled(format, &up_scaling, sums + 32, x_scale));
        }
        if (epilogue->gate && epilogue->gate_row) {
            const ptrdiff_t gate_row = epilogue->gate_row[y_row] * epilogue->gate_stride;
            gate = _mm512_maskz_loadu_ps(mask, epilogue->gate + gate_row + output);
        }
        value = _mm512_mul_ps(value, gate);
        if (epilogue->residual) {
            const ptrdiff_t residual = y_row * epilogue->residual_stride + output;
            value = _mm512_add_ps(load_16(format, epilogue->residual, residual, mask), value);
        }
        store_16(format, finish->y, y_row * finish->y_stride + output, value, mask);
    }
}

AVX512_INLINE void finish_block(
    enum kernels_format format, const bool swiglu, const struct matrix_finish *finish,
    const struct matrix_finish_block *block) {
    const ptrdiff_t left = finish->weight->outputs - block->panel * panel_width(finish->weight);
    for (int column = 0; column < (swiglu ? 2 : 4) && 16 * column < left; column++) {
        finish_column(format, swiglu, finish, block, column);
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
