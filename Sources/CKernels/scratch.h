#ifndef KERNELS_SCRATCH_H
#define KERNELS_SCRATCH_H

#include <stddef.h>

/// Memory of the calling thread, aligned to 64 bytes, kept until the thread ends, so that a call touches no new pages.
/// Valid until the thread asks for the same use again. NULL when memory is short.
enum scratch_use {
    SCRATCH_SUMS,
    SCRATCH_ROWS,
    SCRATCH_ROTATED_ROW,
    SCRATCH_PANEL,
    SCRATCH_COLUMNS,
    SCRATCH_TILES_OF_X,
    SCRATCH_POINTS,
    SCRATCH_USES
};

void *scratch(enum scratch_use use, size_t bytes);

#endif
