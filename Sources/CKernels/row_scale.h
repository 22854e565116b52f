#ifndef KERNELS_ROW_SCALE_H
#define KERNELS_ROW_SCALE_H

#include <math.h>
#include <stdbool.h>

/// How a row of X becomes -127...127.
struct row_scale {
    bool finite;
    /// NaN when a number of the row is not finite.
    float scale;
    float inverse;
};

/// Of the largest magnitude of a row. A scale is at least 2^-127, as its inverse must be a number.
static inline struct row_scale row_scale_of(float magnitude) {
    if (!(magnitude < INFINITY)) {
        return (struct row_scale){false, NAN, 0};
    }
    if (magnitude < 127 * 0x1p-127f) {
        return (struct row_scale){true, 0x1p-127f, 0x1p127f};
    }
    return (struct row_scale){true, magnitude / 127, 127 / magnitude};
}

#endif
