#if defined(__x86_64__)

#include "convolution.h"
#include "matrix_layout.h"
#include "matrix_tiles_amx.h"

AMX void convolution_product_amx(const struct convolution_product *product) {
    enum { HALF_BYTES = PANEL_STEP_BYTES / 2, TILE_LINES = PANEL_TILE_BYTES / 64 };
    const struct kernels_weight *weight = product->weight;
    const char *panel = panel_start(weight, product->panel);
    const ptrdiff_t count = weight->inputs * 2 / AMX_ROW_BYTES, rows = ceiling_division(product->tiles, AMX_ROWS);
    const int halves = weight->outputs - product->panel * PANEL_OUTPUTS > PANEL_OUTPUTS / 2 ? 2 : 1;
    const ptrdiff_t pairs = rows / 2, turns = pairs * halves + rows % 2;
    struct amx_tiles tiles = {
        .x_bytes = AMX_BYTES, .x_rows_bytes = product->sixteen_bytes, .count = count, .ahead_bytes = PANEL_TILE_BYTES};
    configure_tiles(AMX_ROWS);
    for (ptrdiff_t turn = 0; turn < turns; turn++) {
        const bool one = turn == pairs * halves;
        const ptrdiff_t row = one ? pairs * 2 : turn % pairs * 2, half = one ? 0 : turn / pairs;
        const ptrdiff_t line = part_of(TILE_LINES, turns, turn);
        tiles.x = product->points + row * product->sixteen_bytes;
        tiles.panel = panel + half * HALF_BYTES;
        tiles.last = tiles.panel + (count - 1) * PANEL_TILE_BYTES;
        tiles.sums = (char *)product->sums + row * SUMS_BYTES + half * HALF_BYTES;
        tiles.ahead = product->next + line * 64;
        tiles.ahead_lines = (int)(part_of(TILE_LINES, turns, turn + 1) - line);
        if (one) {
            multiply_one_bfloat16(&tiles);
        } else {
            multiply_two_bfloat16(&tiles);
        }
    }
    _tile_release();
}

#endif
