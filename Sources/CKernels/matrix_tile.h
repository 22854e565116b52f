// The inner loops of the matrix products, one set for each path.
//
// All formats share one shape, int4 when it has been unpacked to int8 and compact bfloat16 to what it is: a step is 4 bytes
// of each row of X (1 float32, 2 bfloat16, 4 int8) against 4 bytes of each of the 64 outputs of a panel, added to a 4-byte
// sum (float32, or int32 for int8). X of int8 has been rounded to bytes, 128 more than they are.

#ifndef KERNELS_MATRIX_TILE_H
#define KERNELS_MATRIX_TILE_H

#include "kernels_matrix.h"

enum { PANEL_OUTPUTS = 64, STEP_BYTES = 4, PANEL_STEP_BYTES = 256, TILE_ROWS = 6, FEW_ROWS = 4 };
enum { INT4_MULTIPLES_BYTES = 64, INT4_STEP_BYTES = 128 };
enum { COMPACT_STEP_NUMBERS = 128, COMPACT_CODE_BYTES = 64, COMPACT_STEP_BYTES = 192 };

/// How much of the weights a tile reads ahead for later ones, from `prefetch` on, each step.
enum matrix_prefetch {
    /// 64 bytes: four tiles have a piece of the same size come.
    PREFETCH_QUARTER,
    /// 128 bytes.
    PREFETCH_HALF,
    PREFETCH_NOTHING,
    /// What follows in the panel, which is read only once.
    PREFETCH_STREAM,
};

/// How steps that are unpacked come to the caches.
enum matrix_reading {
    /// They have been asked for.
    READ_BEFORE,
    /// They are read only once, in their order: later ones are asked for.
    READ_ONCE,
    /// The same, as `read_once_ahead` has it.
    READ_ONCE_PAST_CACHES,
};

/// Has a line come that lies some way behind one which is read now, of what is read only once; where `past_caches` so that
/// the outer caches do not keep it. Memory answers late, and the first cache can wait for few lines at a time: each is
/// asked for twice, the first time for the second cache.
static inline void read_once_ahead(const char *line, bool past_caches) {
    enum { FAR_BYTES = 16384, NEAR_BYTES = 4096, PAST_CACHES_BYTES = 8192 };
    if (past_caches) {
        __builtin_prefetch(line + PAST_CACHES_BYTES, 0, 0);
    } else {
        __builtin_prefetch(line + FAR_BYTES, 0, 2);
        __builtin_prefetch(line + NEAR_BYTES, 0, 3);
    }
}

/// Bytes of each of the tile's rows that are needed after it. They are asked for one row after the other, as many at
/// once would hold up what the tile itself reads.
struct rows_ahead {
    const char *first;
    ptrdiff_t stride;
    ptrdiff_t bytes;
};

/// Adds the product of some rows of X and a panel to sums[rows, 64].
struct matrix_tile {
    const char *x;
    ptrdiff_t x_stride; // bytes
    const char *panel;
    ptrdiff_t steps;
    /// bfloat16: after the steps comes one with a single input, as `inputs` is odd.
    bool half_step;
    int rows; // 1...6
    /// Outputs to compute are 0..<16 * columns; 1...4.
    int columns;
    void *sums;
    ptrdiff_t sums_stride; // elements
    /// Sums start at what is there, not at 0.
    bool add;
    const char *prefetch;
    enum matrix_prefetch prefetch_kind;
    /// As `read_once_ahead` has it.
    bool past_caches;
    struct rows_ahead ahead[3];
    int ahead_count;
};

/// What a tile of all columns asks for in a step: of its own panel, where that is read only once, else its part of what later
/// tiles read.
static inline __attribute__((always_inline)) void read_step_ahead(
    const char *panel, const char *prefetch, ptrdiff_t step, enum matrix_prefetch kind, bool past_caches,
    const int columns) {
    switch (kind) {
    case PREFETCH_QUARTER:
        __builtin_prefetch(prefetch + step * 64);
        break;
    case PREFETCH_HALF:
        __builtin_prefetch(prefetch + step * 128);
        __builtin_prefetch(prefetch + step * 128 + 64);
        break;
    case PREFETCH_NOTHING:
        break;
    case PREFETCH_STREAM:
#pragma clang loop unroll(full)
        for (int column = 0; column < columns; column++) {
            read_once_ahead(panel + step * PANEL_STEP_BYTES + 64 * column, past_caches);
        }
    }
}

/// Sets sums[rows, 64] to the product of some rows of X and all of an int4 panel, as it is of int8.
struct matrix_int4_tile {
    const char *x;
    ptrdiff_t x_stride; // bytes
    const char *panel;
    ptrdiff_t groups;
    ptrdiff_t group_steps;
    /// Of each output, 128 times the sum of its weights.
    const int32_t *offsets;
    int rows; // 1...`FEW_ROWS`
    int32_t *sums;
    /// As `read_once_ahead` has it.
    bool past_caches;
};

struct compact_panel;

/// Sets sums[rows, 64] to the product of some rows of X and all of a compact panel.
struct matrix_compact_tile {
    const char *x;
    ptrdiff_t x_stride; // bytes
    const struct compact_panel *panel;
    const char *steps;
    ptrdiff_t count; // of steps, at least 1
    /// The last step has a single input.
    bool half_step;
    int rows; // 1...`FEW_ROWS`
    float *sums;
    /// As `read_once_ahead` has it.
    bool past_caches;
};

/// From sums to Y, for the outputs of one panel.
struct matrix_finish {
    const struct kernels_weight *weight;
    const struct kernels_epilogue *epilogue;
    char *y;
    ptrdiff_t y_stride;
    /// int8 and int4: of each row of X.
    const float *x_scales;
    /// int8 and int4: of each output of the panels, and 128 times its sum of weights.
    const float *weight_scales;
    const int32_t *offsets;
};

struct matrix_finish_block {
    ptrdiff_t panel;
    ptrdiff_t first_row;
    int rows;
    const void *sums;
    ptrdiff_t sums_stride;
};

struct matrix_kernels {
    void (*tile)(enum kernels_format format, const struct matrix_tile *tile);
    /// Writes so many steps of an int4 group as those of int8.
    void (*unpack_int4)(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count);
    /// Writes so many compact steps as those of bfloat16, all with exponents that their codes say.
    void (*unpack_compact)(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                           enum matrix_reading reading);
    /// Of at most `FEW_ROWS` rows, which do not repay unpacking to memory; NULL where there is none.
    void (*int4_tile)(const struct matrix_int4_tile *tile);
    void (*compact_tile)(const struct matrix_compact_tile *tile);
    void (*finish)(const struct matrix_finish *finish, const struct matrix_finish_block *block);
    /// Writes 128 + each number of a row divided by its scale, up to a multiple of 4 numbers, the rest being 0.
    /// Returns the scale, which NaN or infinity make NaN.
    float (*quantise_row)(uint8_t *values, const uint16_t *x, ptrdiff_t inputs);
    /// The same of a float32 row whose largest magnitude is known.
    float (*quantise_floats)(uint8_t *values, const float *x, float largest, ptrdiff_t inputs);
};

extern const struct matrix_kernels matrix_kernels_portable;
void matrix_unpack_int4_portable(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count);
void matrix_unpack_compact_portable(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                   enum matrix_reading reading);
float matrix_quantise_row_portable(uint8_t *values, const uint16_t *x, ptrdiff_t inputs);
float matrix_quantise_floats_portable(uint8_t *values, const float *x, float largest, ptrdiff_t inputs);
void matrix_finish_portable(const struct matrix_finish *finish, const struct matrix_finish_block *block);
#if defined(__aarch64__) || defined(KERNELS_EMULATED)
extern const struct matrix_kernels matrix_kernels_neon;
void matrix_unpack_int4_neon(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count);
void matrix_unpack_compact_neon(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                   enum matrix_reading reading);
#endif
#if defined(__x86_64__)
extern const struct matrix_kernels matrix_kernels_avx2;
extern const struct matrix_kernels matrix_kernels_avxvnni;
extern const struct matrix_kernels matrix_kernels_avx512vnni;
extern const struct matrix_kernels matrix_kernels_avx512;
void matrix_tile_avx2(enum kernels_format format, const struct matrix_tile *tile);
void matrix_tile_avx512(enum kernels_format format, const struct matrix_tile *tile);
void matrix_unpack_int4_avx2(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count);
void matrix_unpack_compact_avx2(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                   enum matrix_reading reading);
void matrix_unpack_int4_avx512(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count);
void matrix_unpack_compact_avx512(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                   enum matrix_reading reading);
void matrix_int4_tile_avx2(const struct matrix_int4_tile *tile);
void matrix_compact_tile_avx2(const struct matrix_compact_tile *tile);
float matrix_quantise_row_avx2(uint8_t *values, const uint16_t *x, ptrdiff_t inputs);
float matrix_quantise_floats_avx2(uint8_t *values, const float *x, float largest, ptrdiff_t inputs);
void matrix_finish_avx2(const struct matrix_finish *finish, const struct matrix_finish_block *block);
void matrix_int4_tile_avx512(const struct matrix_int4_tile *tile);
void matrix_compact_tile_avx512(const struct matrix_compact_tile *tile);
float matrix_quantise_row_avx512(uint8_t *values, const uint16_t *x, ptrdiff_t inputs);
float matrix_quantise_floats_avx512(uint8_t *values, const float *x, float largest, ptrdiff_t inputs);
void matrix_finish_avx512(const struct matrix_finish *finish, const struct matrix_finish_block *block);
#endif

/// Those of `kernels_path()`.
const struct matrix_kernels *matrix_kernels(void);

/// Whether what is read only once had better not stay in the outer caches. On Intel's processors memory is read so at a
/// third of its rate.
bool reads_past_caches(void);

#endif
