// The tile instructions in terms of AVX-512, with KERNELS_EMULATED only, so that machines without them test what uses
// them. Numbers come out as those of the machine, far slower.
#pragma once
#include <string.h>

#include "avx512.h"

struct emulated_tile {
    _Alignas(64) char row[16][64];
    int rows, row_bytes;
};

static _Thread_local struct emulated_tile emulated_tiles[8];

/// As `_tile_loadconfig` of palette 1: bytes 16... are the tiles' bytes a row, bytes 48... their rows.
static inline void emulated_configure(const void *configuration) {
    memset(emulated_tiles, 0, sizeof(emulated_tiles));
    for (int tile = 0; tile < 8; tile++) {
        uint16_t row_bytes;
        memcpy(&row_bytes, (const char *)configuration + 16 + 2 * tile, sizeof(row_bytes));
        emulated_tiles[tile].row_bytes = row_bytes;
        emulated_tiles[tile].rows = ((const uint8_t *)configuration)[48 + tile];
    }
}

static inline void emulated_zero(struct emulated_tile *tile) { memset(tile->row, 0, sizeof(tile->row)); }

static inline void emulated_load(struct emulated_tile *tile, const void *base, ptrdiff_t stride) {
    emulated_zero(tile);
    for (int row = 0; row < tile->rows; row++) {
        memcpy(tile->row[row], (const char *)base + row * stride, (size_t)tile->row_bytes);
    }
}

static inline void emulated_store(const struct emulated_tile *tile, void *base, ptrdiff_t stride) {
    for (int row = 0; row < tile->rows; row++) {
        memcpy((char *)base + row * stride, tile->row[row], (size_t)tile->row_bytes);
    }
}

static inline void emulated_multiply_bytes(
    struct emulated_tile *sums, const struct emulated_tile *rows, const struct emulated_tile *columns) {
    for (int row = 0; row < sums->rows; row++) {
        int32_t *sum = (int32_t *)sums->row[row];
        for (int step = 0; step < columns->rows; step++) {
            const uint8_t *x = (const uint8_t *)rows->row[row] + 4 * step;
            const int8_t *y = (const int8_t *)columns->row[step];
            for (int column = 0; column < 16; column++, y += 4) {
                sum[column] += x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
            }
        }
    }
}

/// The even or odd numbers of pairs; subnormal ones count as zero, as the instruction has them.
AVX512_INLINE __m512 emulated_numbers(__m512i pairs, bool odd) {
    const __m512 numbers = _mm512_castsi512_ps(
        odd ? _mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000)) : _mm512_slli_epi32(pairs, 16));
    const __mmask16 normal = _mm512_cmp_ps_mask(_mm512_abs_ps(numbers), _mm512_set1_ps(0x1p-126f), _CMP_NLT_UQ);
    return _mm512_maskz_mov_ps(normal, numbers);
}

/// The products of the even inputs are added up, those of the odd ones too, then both to the sum.
AVX512 static inline void emulated_multiply_bfloat16(
    struct emulated_tile *sums, const struct emulated_tile *rows, const struct emulated_tile *columns) {
    for (int row = 0; row < sums->rows; row++) {
        __m512 even = _mm512_setzero_ps(), odd = even;
        for (int step = 0; step < columns->rows; step++) {
            int32_t pair;
            memcpy(&pair, rows->row[row] + 4 * step, sizeof(pair));
            const __m512i x = _mm512_set1_epi32(pair), y = _mm512_load_si512(columns->row[step]);
            even = _mm512_fmadd_ps(emulated_numbers(x, false), emulated_numbers(y, false), even);
            odd = _mm512_fmadd_ps(emulated_numbers(x, true), emulated_numbers(y, true), odd);
        }
        float *sum = (float *)sums->row[row];
        _mm512_store_ps(sum, _mm512_add_ps(_mm512_load_ps(sum), _mm512_add_ps(even, odd)));
    }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbusd
#undef _tile_dpbf16ps
#define _tile_loadconfig emulated_configure
#define _tile_release() memset(emulated_tiles, 0, sizeof(emulated_tiles))
#define _tile_zero(tile) emulated_zero(&emulated_tiles[tile])
#define _tile_loadd(tile, base, stride) emulated_load(&emulated_tiles[tile], base, stride)
#define _tile_stored(tile, base, stride) emulated_store(&emulated_tiles[tile], base, stride)
#define _tile_dpbusd(sums, rows, columns) \
    emulated_multiply_bytes(&emulated_tiles[sums], &emulated_tiles[rows], &emulated_tiles[columns])
#define _tile_dpbf16ps(sums, rows, columns) \
    emulated_multiply_bfloat16(&emulated_tiles[sums], &emulated_tiles[rows], &emulated_tiles[columns])
