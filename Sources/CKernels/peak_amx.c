#if defined(__x86_64__)

#include "peak.h"

#include "amx.h"

AMX void peak_amx(bool bytes, long turns) {
    configure_tiles(AMX_ROWS);
    for (long turn = 0; turn < turns; turn++) {
        if (bytes) {
            _tile_dpbusd(0, 4, 6);
            _tile_dpbusd(1, 4, 7);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        } else {
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_release();
}

#endif
