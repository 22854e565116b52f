// An orthonormal mixing of the numbers of a row, so that a few large ones do not set the scale by which a whole row is
// rounded. Rows of X and of W that were mixed alike have the same products as before.
//
// A row of [factor][factor][inner] numbers is mixed along two factors made of 2, 3, 5 and 7, and the 16, 8, 4 or 2
// numbers that lie side by side, if their count divides the row's, by a Hadamard matrix. More factors would take as long
// again and gain little. Signs that look random come first: without them a row of equal numbers would become a single
// large one.

#ifndef KERNELS_ROTATION_H
#define KERNELS_ROTATION_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_ROTATION_STAGES = 2, ROTATION_SIGNS = 1024 };

/// Of numbers that lie `stride` apart, `factor` are mixed: 1, 2, 3, 4, 5, 7, 8 or 9.
struct rotation_stage {
    int factor;
    ptrdiff_t stride;
};

/// What is done to a row of so many inputs; nothing else has a say.
struct rotation {
    ptrdiff_t inputs;
    /// Numbers side by side that are mixed: 16, 8, 4, 2 or 1.
    int lanes;
    /// At least 1.
    int stages;
    struct rotation_stage stage[MOST_ROTATION_STAGES];
    /// The signs, again and again, times what makes all the Hadamard matrices together orthonormal; the first 16 once
    /// more at the end.
    float signs[ROTATION_SIGNS + 16];
};

void prepare_rotation(struct rotation *rotation, ptrdiff_t inputs);

/// Mixes a row, bfloat16 where `half`, else float32, to `output`, which may be the row itself. Returns the largest
/// magnitude; it is infinite or NaN if a number of the row is.
typedef float rotate_row(const struct rotation *rotation, const void *row, bool half, float *output);
rotate_row rotate_row_portable, rotate_row_avx2, rotate_row_avx512;

/// That of the path of the moment.
rotate_row *rotate_row_of_path(void);

#endif
