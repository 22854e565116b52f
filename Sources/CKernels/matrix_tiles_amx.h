// The inner loops of the products with tile instructions.
//
// A tile of X is 16 rows of 64 bytes of inputs; a tile of a panel, as it is packed, 16 steps of 16 outputs. Four tiles are
// sums, which stay where they are while the inputs of a piece pass: those of two tiles of rows and half a panel, or of
// one tile of rows and a panel.

#ifndef KERNELS_MATRIX_TILES_AMX_H
#define KERNELS_MATRIX_TILES_AMX_H

#include "amx.h"
#include "matrix_tile.h"

enum {
    PANEL_TILE_BYTES = AMX_ROWS * PANEL_STEP_BYTES,
    /// Of a tile of rows and a panel.
    SUMS_BYTES = AMX_ROWS * PANEL_STEP_BYTES,
};

/// Some tiles of inputs to be added to sums.
struct amx_tiles {
    const char *x;
    /// From a tile of X to the next, and to that of the next rows.
    ptrdiff_t x_bytes, x_rows_bytes;
    const char *panel;
    ptrdiff_t count;
    /// Where the last tile of the panel lies.
    const char *last;
    char *sums;
    bool add;
    /// Of each tile that follows from there, so many bytes after the one before, `ahead_lines` lines come to the caches.
    const char *ahead;
    ptrdiff_t ahead_bytes;
    int ahead_lines;
    /// Whether the panel is read only once, from memory.
    bool streamed;
};

AMX_INLINE void start_sums(const bool add, const char *sums_0, const char *sums_1, const char *sums_2,
                           const char *sums_3) {
    if (add) {
        _tile_loadd(0, sums_0, PANEL_STEP_BYTES);
        _tile_loadd(1, sums_1, PANEL_STEP_BYTES);
        _tile_loadd(2, sums_2, PANEL_STEP_BYTES);
        _tile_loadd(3, sums_3, PANEL_STEP_BYTES);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
}

AMX_INLINE void store_sums(char *sums_0, char *sums_1, char *sums_2, char *sums_3) {
    _tile_stored(0, sums_0, PANEL_STEP_BYTES);
    _tile_stored(1, sums_1, PANEL_STEP_BYTES);
    _tile_stored(2, sums_2, PANEL_STEP_BYTES);
    _tile_stored(3, sums_3, PANEL_STEP_BYTES);
}

AMX_INLINE void read_ahead(const struct amx_tiles *tiles, ptrdiff_t tile) {
    for (int line = 0; line < tiles->ahead_lines; line++) {
        _mm_prefetch(tiles->ahead + tile * tiles->ahead_bytes + 64 * line, _MM_HINT_T0);
    }
}

#define ADD_PRODUCT(bytes, sum, x, panel)   \
    if (bytes) {                            \
        _tile_dpbusd(sum, x, panel);        \
    } else {                                \
        _tile_dpbf16ps(sum, x, panel);      \
    }

/// Has a tile of a panel and the one beside it come to the first cache. Where a core's other thread is at work, what is
/// loaded from the second holds up the products.
AMX_INLINE void read_two_tiles_ahead(const char *panel) {
    UNROLLED for (int step = 0; step < AMX_ROWS; step++) {
        _mm_prefetch(panel + step * PANEL_STEP_BYTES, _MM_HINT_T0);
        _mm_prefetch(panel + step * PANEL_STEP_BYTES + 64, _MM_HINT_T0);
    }
}

/// Two tiles of rows, 32 outputs.
AMX_INLINE void multiply_two(const bool bytes, const struct amx_tiles *tiles) {
    char *below = tiles->sums + SUMS_BYTES;
    start_sums(tiles->add, tiles->sums, tiles->sums + 64, below, below + 64);
    for (ptrdiff_t tile = 0; tile < tiles->count; tile++) {
        const char *x = tiles->x + tile * tiles->x_bytes;
        const char *panel = tile + 1 == tiles->count ? tiles->last : tiles->panel + tile * PANEL_TILE_BYTES;
        read_ahead(tiles, tile);
        _tile_loadd(4, x, AMX_ROW_BYTES);
        _tile_loadd(6, panel, PANEL_STEP_BYTES);
        _tile_loadd(7, panel + 64, PANEL_STEP_BYTES);
        _tile_loadd(5, x + tiles->x_rows_bytes, AMX_ROW_BYTES);
        ADD_PRODUCT(bytes, 0, 4, 6);
        ADD_PRODUCT(bytes, 1, 4, 7);
        read_two_tiles_ahead(panel + PANEL_TILE_BYTES);
        ADD_PRODUCT(bytes, 2, 5, 6);
        ADD_PRODUCT(bytes, 3, 5, 7);
    }
    store_sums(tiles->sums, tiles->sums + 64, below, below + 64);
}

AMX_INLINE void read_lines_once_ahead(const char *lines, int count) {
    for (int line = 0; line < count; line++) {
        read_once_ahead(lines + 64 * line, false);
    }
}

/// A tile of rows against a tile of all 64 outputs. So many lines come that follow four stretches of them from `ahead` on.
AMX_INLINE void add_one(const bool bytes, const char *x, const char *panel, const char *ahead, int lines) {
    _tile_loadd(4, x, AMX_ROW_BYTES);
    _tile_loadd(6, panel, PANEL_STEP_BYTES);
    read_lines_once_ahead(ahead, lines);
    _tile_loadd(7, panel + 64, PANEL_STEP_BYTES);
    read_lines_once_ahead(ahead + 64 * lines, lines);
    ADD_PRODUCT(bytes, 0, 4, 6);
    ADD_PRODUCT(bytes, 1, 4, 7);
    _tile_loadd(6, panel + 128, PANEL_STEP_BYTES);
    read_lines_once_ahead(ahead + 128 * lines, lines);
    _tile_loadd(7, panel + 192, PANEL_STEP_BYTES);
    read_lines_once_ahead(ahead + 192 * lines, lines);
    ADD_PRODUCT(bytes, 2, 4, 6);
    ADD_PRODUCT(bytes, 3, 4, 7);
}

/// One tile of rows, all 64 outputs.
AMX_INLINE void multiply_one(const bool bytes, const struct amx_tiles *tiles) {
    char *sums = tiles->sums;
    start_sums(tiles->add, sums, sums + 64, sums + 128, sums + 192);
    for (ptrdiff_t tile = 0; tile < tiles->count; tile++) {
        const char *panel = tiles->panel + tile * PANEL_TILE_BYTES;
        read_ahead(tiles, tile);
        add_one(bytes, tiles->x + tile * tiles->x_bytes, tile + 1 == tiles->count ? tiles->last : panel,
                panel, tiles->streamed ? PANEL_TILE_BYTES / 64 / 4 : 0);
    }
    store_sums(sums, sums + 64, sums + 128, sums + 192);
}

typedef void multiply_tiles(const struct amx_tiles *tiles);
AMX static void multiply_two_int8(const struct amx_tiles *tiles) { multiply_two(true, tiles); }
AMX static void multiply_two_bfloat16(const struct amx_tiles *tiles) { multiply_two(false, tiles); }
AMX static void multiply_one_int8(const struct amx_tiles *tiles) { multiply_one(true, tiles); }
AMX static void multiply_one_bfloat16(const struct amx_tiles *tiles) { multiply_one(false, tiles); }

#undef ADD_PRODUCT

#endif
