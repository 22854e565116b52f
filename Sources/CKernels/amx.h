// What the files with tile instructions share. To be included on x86-64 only.

#ifndef KERNELS_AMX_H
#define KERNELS_AMX_H

#include "avx512.h"

#include <string.h>

#if defined(KERNELS_EMULATED)
#include "amx_emulated.h"
#endif

#define AMX                                                                                                    \
    __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni," \
                          "avx2,fma,bmi2,prfchw")))
#define AMX_INLINE static inline __attribute__((always_inline)) AMX

/// A tile is 16 rows of 64 bytes.
enum { AMX_ROWS = 16, AMX_ROW_BYTES = 64, AMX_BYTES = AMX_ROWS * AMX_ROW_BYTES };

/// Makes the eight tiles of the calling thread ones of 64 bytes a row: four of sums and one of factors (0...4) of `rows`
/// rows, the others of 16. `_tile_release` undoes it.
AMX_INLINE void configure_tiles(int rows) {
    struct {
        uint8_t palette, start_row, unused[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } tiles;
    memset(&tiles, 0, sizeof(tiles));
    tiles.palette = 1;
    for (int tile = 0; tile < 8; tile++) {
        tiles.row_bytes[tile] = AMX_ROW_BYTES;
        tiles.rows[tile] = tile < 5 ? (uint8_t)rows : AMX_ROWS;
    }
    _tile_loadconfig(&tiles);
}

#endif
